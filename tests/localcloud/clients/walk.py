"""boto3 as a client of the stand-in.

Usage: walk.py ENDPOINT ACCESS_KEY_ID SECRET_ACCESS_KEY

Runs every check below on a fresh account and prints the name of each that held, one a line.
Ends with status 3 if boto3 is not there, and with a traceback at the first check that fails.
"""

import datetime
import json
import sys
import urllib.request

try:
    import boto3
    import botocore
    from botocore.config import Config
    from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
    from botocore.parsers import ResponseParserError
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

ENDPOINT, ADMIN_ID, ADMIN_SECRET = sys.argv[1:]
USER = "ci"
ACCOUNT = "123456789012"


def client(service, access_key_id=ADMIN_ID, secret=ADMIN_SECRET, token=None, **config):
    config.setdefault("retries", {"total_max_attempts": 1})
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1" if service == "sts" else "us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(**config),
    )


def control(method, route, body=None):
    request = urllib.request.Request(
        f"{ENDPOINT}/_localcloud/{route}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(call, code, status, message=None):
    """The error that `call` must end with."""
    try:
        answer = call()
    except ClientError as error:
        told = error.response
        assert told["Error"]["Code"] == code, told
        assert told["ResponseMetadata"]["HTTPStatusCode"] == status, told
        assert told["ResponseMetadata"]["RequestId"], told
        assert message is None or told["Error"]["Message"] == message, told
        return told
    raise AssertionError(f"not refused with {code}: {answer}")


def mint():
    return client("iam").create_access_key(UserName=USER)["AccessKey"]


def own(service, key, **more):
    return client(service, key["AccessKeyId"], key["SecretAccessKey"], **more)


def as_dict(tags):
    return {tag["Key"]: tag["Value"] for tag in tags}


def as_list(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def users():
    iam = client("iam")
    made = iam.create_user(UserName="robot", Path="/teams/", Tags=as_list({"Owner": "a"}))["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/teams/robot", made
    assert made["UserId"].startswith("AIDA") and made["Path"] == "/teams/", made
    age = datetime.datetime.now(datetime.timezone.utc) - made["CreateDate"]
    assert abs(age.total_seconds()) < 60, made
    assert as_dict(made["Tags"]) == {"Owner": "a"}, made
    assert iam.get_user(UserName="robot")["User"] == made
    names = [user["UserName"] for user in iam.list_users(PathPrefix="/teams")["Users"]]
    assert names == ["robot"], names
    refused(lambda: iam.create_user(UserName="robot"), "EntityAlreadyExists", 409, "User with name robot already exists.")
    iam.delete_user(UserName="robot")
    refused(lambda: iam.get_user(UserName="robot"), "NoSuchEntity", 404, "The user with name robot cannot be found.")


def tags():
    iam = client("iam")
    iam.tag_user(UserName=USER, Tags=as_list({"Größe": "漢字 =+-@_.:/", "b": ""}))
    iam.tag_user(UserName=USER, Tags=as_list({"B": "other"}))
    listed = iam.list_user_tags(UserName=USER)
    assert as_dict(listed["Tags"]) == {"Größe": "漢字 =+-@_.:/", "B": "other"}, listed
    assert listed["IsTruncated"] is False
    iam.untag_user(UserName=USER, TagKeys=["b", "never there"])
    assert list(as_dict(iam.get_user(UserName=USER)["User"]["Tags"])) == ["Größe"]
    raw = client("iam", parameter_validation=False)
    for bad in ({"a,b": ""}, {"k" * 129: ""}, {"k": "v" * 257}, {"aws:x": ""}):
        refused(lambda bad=bad: raw.tag_user(UserName=USER, Tags=as_list(bad)), "ValidationError", 400)
    refused(
        lambda: iam.tag_user(UserName=USER, Tags=as_list({"x": "1", "X": "2"})),
        "InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    iam.tag_user(UserName=USER, Tags=as_list({f"k{n}": "" for n in range(49)}))
    refused(lambda: iam.tag_user(UserName=USER, Tags=as_list({"more": ""})), "LimitExceeded", 409)


def keys():
    iam, key = client("iam"), mint()
    key_id = key["AccessKeyId"]
    assert (key["UserName"], key["Status"]) == (USER, "Active"), key
    who = own("sts", key).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/{USER}"), who
    listed = iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
    shown = {name: key[name] for name in ("UserName", "AccessKeyId", "Status", "CreateDate")}
    assert listed == [shown], listed
    iam.update_access_key(UserName=USER, AccessKeyId=key_id, Status="Inactive")
    refused(own("sts", key).get_caller_identity, "InvalidClientTokenId", 403, "The security token included in the request is invalid.")
    iam.update_access_key(UserName=USER, AccessKeyId=key_id, Status="Active")
    own("sts", key).get_caller_identity()
    refused(lambda: iam.delete_user(UserName=USER), "DeleteConflict", 409)
    iam.delete_access_key(UserName=USER, AccessKeyId=key_id)
    refused(own("sts", key).get_caller_identity, "InvalidClientTokenId", 403)
    gone = f"The Access Key with id {key_id} cannot be found."
    refused(lambda: iam.delete_access_key(UserName=USER, AccessKeyId=key_id), "NoSuchEntity", 404, gone)
    refused(lambda: iam.update_access_key(UserName=USER, AccessKeyId=key_id, Status="Active"), "NoSuchEntity", 404, gone)
    refused(lambda: iam.list_access_keys(UserName="nobody"), "NoSuchEntity", 404)


def quota():
    iam, first = client("iam"), mint()
    mint()
    iam.update_access_key(UserName=USER, AccessKeyId=first["AccessKeyId"], Status="Inactive")
    refused(mint, "LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2")


def status():
    key = mint()
    refused(
        lambda: client("iam").update_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"], Status="Paused"),
        "ValidationError", 400,
    )


def last_use():
    iam, key = client("iam"), mint()
    look = lambda: iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    never = look()
    assert never["UserName"] == USER
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}, never
    own("sts", key).get_caller_identity()
    used = look()["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "eu-west-1"), used
    own("iam", key).get_user()
    assert look()["AccessKeyLastUsed"] == used, "within fifteen minutes the first use stays"
    iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
    refused(look, "AccessDenied", 403)


def signatures():
    key = mint()
    wrong = dict(key, SecretAccessKey=key["SecretAccessKey"][::-1])
    refused(own("sts", wrong).get_caller_identity, "SignatureDoesNotMatch", 403)
    unknown = dict(key, AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    refused(own("sts", unknown).get_caller_identity, "InvalidClientTokenId", 403)
    refused(own("sts", key, token="none of its").get_caller_identity, "InvalidClientTokenId", 403)


def skew():
    sts = client("sts")
    for seconds, words in ((1000, "Signature expired: "), (-1000, "Signature not yet current: ")):
        control("POST", "clock/advance", {"seconds": seconds})
        told = refused(sts.get_caller_identity, "SignatureDoesNotMatch", 403)
        assert told["Error"]["Message"].startswith(words), told
        control("POST", "clock/advance", {"seconds": -seconds})
    sts.get_caller_identity()


def pages():
    iam = client("iam")
    for n in range(5):
        iam.create_user(UserName=f"u{n}")
    mint(), mint()
    iam.tag_user(UserName=USER, Tags=as_list({f"k{n}": "" for n in range(7)}))
    every = lambda name, **more: list(iam.get_paginator(name).paginate(PaginationConfig={"PageSize": 2}, **more))
    listed = every("list_users")
    assert [len(page["Users"]) for page in listed] == [2, 2, 2, 1], listed
    names = [user["UserName"] for page in listed for user in page["Users"]]
    assert names == sorted(set(names)), names
    found = every("list_user_tags", UserName=USER)
    assert [len(page["Tags"]) for page in found] == [2, 2, 2, 1], found
    first = iam.list_access_keys(UserName=USER, MaxItems=1)
    assert first["IsTruncated"] is True and len(first["AccessKeyMetadata"]) == 1, first
    rest = iam.list_access_keys(UserName=USER, Marker=first["Marker"])
    assert rest["IsTruncated"] is False and "Marker" not in rest, rest
    assert rest["AccessKeyMetadata"][0] != first["AccessKeyMetadata"][0]
    refused(lambda: iam.list_users(Marker="no marker of ours"), "ValidationError", 400)


def own_user():
    key = mint()
    iam = own("iam", key)
    assert iam.get_user()["User"]["UserName"] == USER
    second = iam.create_access_key()["AccessKey"]
    assert second["UserName"] == USER
    iam.update_access_key(AccessKeyId=second["AccessKeyId"], Status="Inactive")
    iam.delete_access_key(AccessKeyId=second["AccessKeyId"])
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1


def sessions():
    role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
    given = client("sts").assume_role(RoleArn=role, RoleSessionName="run")
    assert given["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run", given
    session = given["Credentials"]
    token = session["SessionToken"]
    who = own("sts", session, token=token).get_caller_identity()
    assert who["Arn"] == given["AssumedRoleUser"]["Arn"] and who["UserId"].endswith(":run"), who
    assert len(own("iam", session, token=token).list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 0
    refused(
        own("iam", session, token=token).list_access_keys,
        "ValidationError", 400, "Must specify userName when calling with non-User credentials",
    )
    refused(own("sts", session).get_caller_identity, "InvalidClientTokenId", 403)
    refused(lambda: client("sts").assume_role(RoleArn="nothing-valid-in-here", RoleSessionName="run"),
            "ValidationError", 400, "nothing-valid-in-here is invalid")


def federation():
    role = f"arn:aws:iam::{ACCOUNT}:role/ci"
    control("PUT", "aws/roles/ci", {"subject": "repo:acme/*", "longest": 3600})
    now = int(datetime.datetime.now(datetime.timezone.utc).timestamp())

    def token(**more):
        claims = {"iss": "https://token.actions.example", "aud": "sts.amazonaws.com", "sub": "repo:acme/keys", "exp": now + 600}
        return control("POST", "aws/tokens", {**claims, **more})["token"]

    def assume(web_token, **more):
        anybody = boto3.client(
            "sts", endpoint_url=ENDPOINT, region_name="eu-west-1",
            config=Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1}),
        )
        return anybody.assume_role_with_web_identity(
            **{"RoleArn": role, "RoleSessionName": "run", "WebIdentityToken": web_token, **more}
        )

    given = assume(token())
    assert given["SubjectFromWebIdentityToken"] == "repo:acme/keys" and given["Audience"] == "sts.amazonaws.com", given
    assert given["Provider"] == "https://token.actions.example", given
    session = given["Credentials"]
    who = own("sts", session, token=session["SessionToken"]).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run", who
    assert len(own("iam", session, token=session["SessionToken"]).list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 0
    refused(lambda: assume(token(aud="others")), "InvalidIdentityToken", 400, "Incorrect token audience")
    refused(lambda: assume(token(iss="https://others")), "InvalidIdentityToken", 400)
    refused(lambda: assume("no.token.here"), "InvalidIdentityToken", 400)
    changed = token().rsplit(".", 1)[0] + "." + token(sub="repo:acme/other").rsplit(".", 1)[1]
    refused(lambda: assume(changed), "InvalidIdentityToken", 400)
    refused(lambda: assume(token(exp=now - 10)), "ExpiredTokenException", 400)
    denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    refused(lambda: assume(token(sub="repo:fork/keys")), "AccessDenied", 403, denied)
    refused(lambda: assume(token(), RoleArn=role + "2"), "AccessDenied", 403, denied)
    refused(
        lambda: assume(token(), DurationSeconds=7200),
        "ValidationError", 400, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    refused(lambda: assume(token(), DurationSeconds=43201), "ValidationError", 400)
    limited = assume(token(), PolicyArns=[{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}])["Credentials"]
    reader = own("iam", limited, token=limited["SessionToken"])
    reader.list_access_keys(UserName=USER)
    refused(lambda: reader.create_access_key(UserName=USER), "AccessDenied", 403)


def permissions():
    control("PUT", f"aws/users/{USER}/deny", ["iam:TagUser"])
    key = mint()
    refused(
        lambda: own("iam", key).tag_user(UserName=USER, Tags=as_list({"a": "b"})),
        "AccessDenied", 403,
        f"User: arn:aws:iam::{ACCOUNT}:user/{USER} is not authorized to perform: iam:TagUser on resource: user {USER} "
        "because no identity-based policy allows the iam:TagUser action",
    )
    control("PUT", f"aws/users/{USER}/deny", ["sts:*", "iam:*"])
    own("sts", key).get_caller_identity()


def faults():
    iam = client("iam", read_timeout=1)
    fault = lambda kind, **more: control("POST", "faults", {"fault": {"kind": kind, **more}})
    fault("throttle")
    refused(iam.list_users, "Throttling", 400)
    fault("error_before", status=500, code="ServiceFailure")
    refused(iam.list_users, "ServiceFailure", 500)
    ends = {
        "drop_before": ConnectionClosedError,
        "drop_after": ConnectionClosedError,
        # Depending on urllib3 the length is checked, or half of the XML is not understood.
        "cut_body": (ConnectionClosedError, ResponseParserError),
        "hang": ReadTimeoutError,
        "hang_after": ReadTimeoutError,
    }
    for kind, error in ends.items():
        fault(kind)
        try:
            answer = iam.list_users()
        except error:
            continue
        raise AssertionError(f"{kind} was answered: {answer}")
    journal = control("GET", "journal")
    assert [entry["outcome"] for entry in journal[-5:]] == [None, "OK", "OK", None, "OK"], journal


CHECKS = [
    users, tags, keys, quota, status, last_use, signatures, skew, pages, own_user, sessions, federation,
    permissions, faults,
]

for check in CHECKS:
    control("POST", "reset")
    control("POST", "aws/users", {"name": USER})
    check()
    print(check.__name__, flush=True)
