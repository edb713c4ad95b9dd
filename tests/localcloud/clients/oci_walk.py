"""Oracle's SDK for Python as a client of the stand-in of OCI Identity.

Usage: oci_walk.py ENDPOINT

Runs every check below on a fresh tenancy and prints the name of each that held, one a line.
Ends with a traceback at the first check that fails.
"""

import hashlib
import json
import sys
import urllib.request

import oci
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from oci.identity import models

ENDPOINT = sys.argv[1]
UNPROVEN = "The required information to complete authentication was not provided or was incorrect."
GONE = "Authorization failed or requested resource not found."


def control(method, route, body=None):
    request = urllib.request.Request(
        f"{ENDPOINT}/_localcloud/{route}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Pair:
    def __init__(self):
        self.private = rsa.generate_private_key(65537, 2048)
        public = self.private.public_key()
        encode = lambda encoding: public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.public_pem = encode(serialization.Encoding.PEM).decode()
        digits = hashlib.md5(encode(serialization.Encoding.DER)).hexdigest()
        self.fingerprint = ":".join(digits[n:n + 2] for n in range(0, 32, 2))

    def pem(self, password=None):
        encryption = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
        form = serialization.PrivateFormat.TraditionalOpenSSL if password is None else serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


PAIRS = [Pair() for _ in range(4)]


class Walk:
    def __init__(self):
        control("POST", "reset")
        self.config = control("GET", "oci/config")
        self.user = control("POST", "oci/users", {"name": "ci"})["id"]
        self.admin = client(self.config)

    def own(self, pair, **more):
        config = dict(self.config, user=self.user, fingerprint=pair.fingerprint, key_content=pair.pem())
        return client(dict(config, **more))

    def upload(self, pair, **more):
        return self.admin.upload_api_key(self.user, models.CreateApiKeyDetails(key=pair.public_pem), **more)

    def listed(self, which=None):
        return (which or self.admin).list_api_keys(self.user).data


def client(config, region=None, **more):
    return oci.identity.IdentityClient(
        config,
        service_endpoint=ENDPOINT if region is None else f"{ENDPOINT}/oci/{region}",
        retry_strategy=oci.retry.NoneRetryStrategy(),
        circuit_breaker_strategy=oci.circuit_breaker.NoCircuitBreakerStrategy(),
        timeout=3,
        **more,
    )


def refused(call, status, code, message=None):
    """The error that `call` must end with."""
    try:
        answer = call()
    except oci.exceptions.ServiceError as error:
        assert (error.status, error.code) == (status, code), error
        assert error.request_id, error
        assert message is None or error.message == message, error
        return
    raise AssertionError(f"not refused with {code}: {answer.data}")


def unauthenticated(call):
    refused(call, 401, "NotAuthenticated", UNPROVEN)


def keys(walk):
    pair = PAIRS[0]
    answer = walk.upload(pair)
    made = answer.data
    assert answer.headers["etag"] and made.inactive_status is None and made.lifecycle_state == "ACTIVE", made
    assert made.key_id == "/".join([walk.config["tenancy"], walk.user, pair.fingerprint]), made
    assert (made.fingerprint, made.user_id) == (pair.fingerprint, walk.user), made
    assert made.key_value == pair.public_pem, made
    assert walk.listed() == [made]
    refused(lambda: walk.upload(pair), 409, "NotAuthorizedOrResourceAlreadyExists")
    delete = lambda **more: walk.admin.delete_api_key(walk.user, pair.fingerprint, **more)
    refused(lambda: delete(if_match="stale"), 412, "NoEtagMatch")
    assert delete(if_match=answer.headers["etag"]).status == 204
    refused(delete, 404, "NotAuthorizedOrNotFound", GONE)
    assert walk.listed() == []


def quota(walk):
    for pair in PAIRS[:3]:
        walk.upload(pair)
    refused(lambda: walk.upload(PAIRS[3]), 400, "LimitExceeded")
    assert len(walk.listed()) == 3


def bad_keys(walk):
    curve = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    for bad in ("", "ssh-rsa AAAAB3", PAIRS[0].public_pem[:200], PAIRS[0].pem(), curve):
        details = models.CreateApiKeyDetails(key=bad)
        refused(lambda: walk.admin.upload_api_key(walk.user, details), 400, "InvalidParameter")
    nothing = models.CreateApiKeyDetails()
    refused(lambda: walk.admin.upload_api_key(walk.user, nothing), 400, "MissingParameter")


def signatures(walk):
    pair, other = PAIRS[:2]
    unauthenticated(lambda: walk.own(pair).list_api_keys(walk.user))
    walk.upload(pair)
    assert len(walk.listed(walk.own(pair))) == 1
    # As Oracle's console hands keys out: encrypted, and with a last line of its own.
    locked = pair.pem(b"open sesame") + "OCI_API_KEY\n"
    assert len(walk.listed(walk.own(pair, key_content=locked, pass_phrase="open sesame"))) == 1
    unauthenticated(lambda: walk.own(pair, key_content=other.pem()).list_api_keys(walk.user))
    unauthenticated(lambda: walk.own(pair, tenancy="ocid1.tenancy.oc1..aaaaaaaaelsewhere").list_api_keys(walk.user))
    walk.own(pair).delete_api_key(walk.user, pair.fingerprint)
    unauthenticated(lambda: walk.own(pair).list_api_keys(walk.user))


def skew(walk):
    for seconds in (310, -310):
        control("POST", "clock/advance", {"seconds": seconds})
        unauthenticated(lambda: walk.admin.list_api_keys(walk.user))
        control("POST", "clock/advance", {"seconds": -seconds})
    walk.listed()


def regions(walk):
    tenancy = walk.config["tenancy"]
    assert walk.admin.get_tenancy(tenancy).data.home_region_key == "IAD"
    subscribed = walk.admin.list_region_subscriptions(tenancy).data
    assert [one.region_name for one in subscribed if one.is_home_region] == ["us-ashburn-1"], subscribed
    walk.upload(PAIRS[0])
    there = client(walk.config, "us-phoenix-1")
    assert len(walk.listed(there)) == 1
    words = "Please go to your home region IAD to execute CREATE, UPDATE and DELETE operations."
    details = models.CreateApiKeyDetails(key=PAIRS[1].public_pem)
    refused(lambda: there.upload_api_key(walk.user, details), 403, "NotAllowed", words)
    refused(lambda: there.delete_api_key(walk.user, PAIRS[0].fingerprint), 403, "NotAllowed", words)
    unauthenticated(lambda: client(walk.config, "ap-tokyo-1").list_api_keys(walk.user))
    client(walk.config, "us-ashburn-1").delete_api_key(walk.user, PAIRS[0].fingerprint)


def permissions(walk):
    walk.upload(PAIRS[0])
    own = walk.own(PAIRS[0])
    assert own.get_user(walk.user).data.name == "ci"
    for call in (
        lambda: own.list_api_keys(walk.config["user"]),
        lambda: own.update_user(walk.user, models.UpdateUserDetails(freeform_tags={})),
        lambda: own.list_region_subscriptions(walk.config["tenancy"]),
    ):
        refused(call, 404, "NotAuthorizedOrNotFound", GONE)
    capable = models.UpdateUserCapabilitiesDetails(can_use_api_keys=False)
    assert walk.admin.update_user_capabilities(walk.user, capable).data.capabilities.can_use_api_keys is False
    unauthenticated(lambda: own.get_user(walk.user))


def sessions(walk):
    pair = PAIRS[0]
    token = control("POST", "oci/sessions", {"user": "ci", "key": pair.public_pem, "seconds": 60})["token"]
    signer = oci.auth.signers.SecurityTokenSigner(token, pair.private)
    assert client({"region": walk.config["region"]}, signer=signer).get_user(walk.user).data.id == walk.user
    unknown = oci.auth.signers.SecurityTokenSigner(token + "x", pair.private)
    unauthenticated(lambda: client({"region": walk.config["region"]}, signer=unknown).get_user(walk.user))


def auth_tokens(walk):
    create = lambda text, **more: walk.admin.create_auth_token(
        models.CreateAuthTokenDetails(description=text), walk.user, **more)
    answer = create("one")
    made, etag = answer.data, answer.headers["etag"]
    assert len(made.token) == 20 and made.description == "one", made
    assert control("POST", "oci/check", {"id": made.id, "secret": made.token})["valid"] is True
    listed = walk.admin.list_auth_tokens(walk.user).data
    assert [(one.id, one.token, one.description) for one in listed] == [(made.id, None, "one")], listed
    update = lambda: walk.admin.update_auth_token(
        walk.user, made.id, models.UpdateAuthTokenDetails(description="other"), if_match=etag)
    changed = update()
    assert changed.data.description == "other" and changed.data.token is None, changed.data
    refused(update, 412, "NoEtagMatch")
    create("two")
    refused(lambda: create("three"), 400, "LimitExceeded")
    refused(lambda: create("x" * 401), 400, "InvalidParameter")
    walk.admin.delete_auth_token(walk.user, made.id, if_match=changed.headers["etag"])
    refused(lambda: walk.admin.delete_auth_token(walk.user, made.id), 404, "NotAuthorizedOrNotFound")


def secret_keys(walk):
    create = lambda: walk.admin.create_customer_secret_key(
        models.CreateCustomerSecretKeyDetails(display_name="s3"), walk.user)
    made = create().data
    assert (len(made.id), len(made.key)) == (40, 44), made
    assert control("POST", "oci/check", {"id": made.id, "secret": made.key})["valid"] is True
    listed = walk.admin.list_customer_secret_keys(walk.user).data
    assert [(one.id, one.display_name, one.lifecycle_state) for one in listed] == [(made.id, "s3", "ACTIVE")], listed
    details = models.UpdateCustomerSecretKeyDetails(display_name="s4")
    assert walk.admin.update_customer_secret_key(walk.user, made.id, details).data.display_name == "s4"
    create()
    refused(create, 400, "LimitExceeded")
    walk.admin.delete_customer_secret_key(walk.user, made.id)
    assert len(walk.admin.list_customer_secret_keys(walk.user).data) == 1


def smtp(walk):
    details = models.CreateSmtpCredentialDetails(description="mail")
    made = walk.admin.create_smtp_credential(details, walk.user).data
    assert made.username.startswith(walk.user + "@") and made.password, made
    listed = walk.admin.list_smtp_credentials(walk.user).data
    assert [(one.id, one.description) for one in listed] == [(made.id, "mail")], listed
    walk.admin.delete_smtp_credential(walk.user, made.id)


def tags(walk):
    before = walk.admin.get_user(walk.user)
    set_tags = lambda wanted, **more: walk.admin.update_user(
        walk.user, models.UpdateUserDetails(freeform_tags=wanted), **more)
    wanted = {"keyrotation-x": "a b, ä", "other": ""}
    after = set_tags(wanted, if_match=before.headers["etag"])
    assert after.data.freeform_tags == wanted and after.data.description == before.data.description, after.data
    refused(lambda: set_tags({}, if_match=before.headers["etag"]), 412, "NoEtagMatch")
    got = walk.admin.get_user(walk.user)
    assert (got.data, got.headers["etag"]) == (after.data, after.headers["etag"])
    for bad in ({f"k{n}": "" for n in range(11)}, {"a.b": ""}, {"a b": ""}, {"k": "v" * 257}):
        refused(lambda: set_tags(bad), 400, "InvalidParameter")
    assert set_tags({}).data.freeform_tags == {}


def pages(walk):
    for n in range(5):
        control("POST", "oci/users", {"name": f"u{n}"})
    listed = oci.pagination.list_call_get_all_results(walk.admin.list_users, walk.config["tenancy"], limit=3).data
    assert sorted(user.name for user in listed) == ["admin", "ci", "u0", "u1", "u2", "u3", "u4"], listed


def retry_tokens(walk):
    create = lambda text="once": walk.admin.create_auth_token(
        models.CreateAuthTokenDetails(description=text), walk.user, opc_retry_token="token-of-ours")
    first = create()
    assert create().data == first.data and first.data.token
    refused(lambda: create("something else"), 400, "InvalidParameter")
    walk.admin.delete_auth_token(walk.user, first.data.id)
    refused(create, 409, "InvalidatedRetryToken")
    made = walk.upload(PAIRS[0], opc_retry_token="another-token").data
    assert walk.upload(PAIRS[0], opc_retry_token="another-token").data == made


def request_ids(walk):
    answer = walk.admin.list_api_keys(walk.user)
    sent = answer.request.header_params["opc-request-id"]
    assert len(sent) == 32 and answer.headers["opc-request-id"].startswith(sent + "/"), answer.headers


def faults(walk):
    fault = lambda kind, **more: control("POST", "faults", {"fault": {"kind": kind, **more}})
    fault("throttle")
    refused(lambda: walk.admin.list_api_keys(walk.user), 429, "TooManyRequests")
    fault("error_before", status=500, code="InternalServerError")
    refused(lambda: walk.admin.list_api_keys(walk.user), 500, "InternalServerError")
    for kind in ("drop_before", "drop_after", "cut_body", "hang"):
        fault(kind)
        try:
            answer = walk.admin.list_api_keys(walk.user)
        except (oci.exceptions.RequestException, oci.exceptions.ConnectTimeout):
            continue
        raise AssertionError(f"{kind} was answered: {answer.data}")
    journal = control("GET", "journal")
    assert [entry["outcome"] for entry in journal] == [None, None, None, "OK", "OK", None], journal


CHECKS = [
    keys, quota, bad_keys, signatures, skew, regions, permissions, sessions, auth_tokens, secret_keys, smtp, tags,
    pages, retry_tokens, request_ids, faults,
]

for check in CHECKS:
    check(Walk())
    print(check.__name__, flush=True)
