"""boto3 as a client of Secrets Manager: the stand-in's, or moto's.

Usage: secrets_walk.py ENDPOINT ACCESS_KEY_ID SECRET_ACCESS_KEY [moto]

Runs every check below and prints the name of each that held, one a line. With `moto` it leaves out, by name, what moto is known
to do in another way than AWS. Ends with status 3 if boto3 is not there, and with a traceback at the first check that fails.
"""

import datetime
import sys
import uuid

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)

ENDPOINT, ID, SECRET = sys.argv[1:4]
ON_MOTO = sys.argv[4:] == ["moto"]
OURS = "KEYROTATION_PENDING"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rotate"
CHECKS = []


def check(on_moto=True):
    def take(function):
        if on_moto or not ON_MOTO:
            CHECKS.append(function)
        return function

    return take


def client(access_key_id=ID, secret=SECRET, region="us-east-1"):
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client(
        "secretsmanager", endpoint_url=ENDPOINT, region_name=region,
        aws_access_key_id=access_key_id, aws_secret_access_key=secret, config=config,
    )


manager = client()


def refused(call, code, words=""):
    try:
        answer = call()
    except ClientError as error:
        told = error.response
        status = told["ResponseMetadata"]["HTTPStatusCode"]
        # moto says 404 of what is not there.
        assert told["Error"]["Code"] == code and status in ((400, 404) if ON_MOTO else (400,)), told
        assert ON_MOTO or words in told["Error"]["Message"], told
        return
    raise AssertionError(f"not refused with {code}: {answer}")


def token(letter):
    return letter * 64


def fresh(value=None, **more):
    name = f"ci/{uuid.uuid4()}"
    if value is not None:
        more["SecretString"] = value
    manager.create_secret(Name=name, **more)
    return name


def read(name, **more):
    return manager.get_secret_value(SecretId=name, **more)["SecretString"]


def labels(name):
    told = manager.describe_secret(SecretId=name).get("VersionIdsToStages") or {}
    # moto tells versions without labels, too.
    return {version: sorted(stages) for version, stages in told.items() if stages or not ON_MOTO}


@check()
def creation():
    name = f"ci/{uuid.uuid4()}"
    made = manager.create_secret(Name=name, Description="d", Tags=[{"Key": "a", "Value": "b"}])
    assert made["ARN"].startswith(f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-"), made
    assert made["Name"] == name and len(made["ARN"].rsplit("-", 1)[1]) == 6, made
    told = manager.describe_secret(SecretId=name)
    assert (told["Description"], told["Tags"]) == ("d", [{"Key": "a", "Value": "b"}]), told
    assert isinstance(told["CreatedDate"], datetime.datetime) and not told.get("VersionIdsToStages"), told
    refused(lambda: read(name), "ResourceNotFoundException")
    refused(lambda: manager.create_secret(Name=name, SecretString="x"), "ResourceExistsException")
    refused(lambda: read("ci/none"), "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


@check()
def ids():
    name = fresh("1")
    arn = manager.describe_secret(SecretId=name)["ARN"]
    assert read(arn) == "1" and read(arn.rsplit("-", 1)[0]) == "1"


@check()
def first_version_is_current():
    name = fresh()
    put = manager.put_secret_value(SecretId=name, SecretString="1", ClientRequestToken=token("a"), VersionStages=[OURS])
    assert put["VersionId"] == token("a") and put["Name"] == name, put
    assert read(name, VersionStage=OURS) == "1"
    if not ON_MOTO:
        assert sorted(put["VersionStages"]) == ["AWSCURRENT", OURS], put
        assert read(name) == "1"


@check()
def staging():
    name = fresh("1", ClientRequestToken=token("a"))
    manager.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=token("b"), VersionStages=[OURS])
    assert read(name) == "1" and read(name, VersionStage=OURS) == "2" and read(name, VersionId=token("b")) == "2"
    assert labels(name) == {token("a"): ["AWSCURRENT"], token("b"): [OURS]}, labels(name)
    manager.put_secret_value(SecretId=name, SecretString="3", ClientRequestToken=token("c"), VersionStages=[OURS])
    assert read(name, VersionStage=OURS) == "3" and token("b") not in labels(name), labels(name)


@check()
def one_token_is_one_version():
    name = fresh("1", ClientRequestToken=token("a"))
    again = lambda value: manager.put_secret_value(SecretId=name, SecretString=value, ClientRequestToken=token("b"))
    again("2")
    again("2")
    assert read(name) == "2" and read(name, VersionStage="AWSPREVIOUS") == "1"
    refused(lambda: again("3"), "ResourceExistsException")
    short = lambda: manager.put_secret_value(SecretId=name, SecretString="x", ClientRequestToken="short")
    refused(short, "InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")


@check()
def current_moves_from_the_version_that_has_it():
    name = fresh("1", ClientRequestToken=token("a"))
    manager.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=token("b"), VersionStages=[OURS])

    def move(**more):
        return manager.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", **more)

    to_b = {"MoveToVersionId": token("b")}
    refused(lambda: move(**to_b), "InvalidParameterException")
    refused(lambda: move(RemoveFromVersionId=token("b"), **to_b), "InvalidParameterException")
    if not ON_MOTO:
        refused(lambda: move(RemoveFromVersionId=token("a")), "InvalidParameterException")
        refused(lambda: move(MoveToVersionId=token("c"), RemoveFromVersionId=token("a")), "ResourceNotFoundException")
    assert read(name) == "1"
    move(RemoveFromVersionId=token("a"), **to_b)
    if not ON_MOTO:
        assert read(name) == "2"
    assert read(name, VersionStage="AWSCURRENT") == "2" and read(name, VersionStage="AWSPREVIOUS") == "1"
    manager.update_secret_version_stage(SecretId=name, VersionStage=OURS, RemoveFromVersionId=token("b"))
    assert labels(name) == {token("a"): ["AWSPREVIOUS"], token("b"): ["AWSCURRENT"]}, labels(name)


@check()
def versions():
    name = fresh("1", ClientRequestToken=token("a"))
    for letter in "bc":
        manager.put_secret_value(SecretId=name, SecretString=letter, ClientRequestToken=token(letter))
    listed = manager.list_secret_version_ids(SecretId=name)
    shown = {v["VersionId"]: v["VersionStages"] for v in listed["Versions"] if v["VersionStages"] or not ON_MOTO}
    assert shown == {token("b"): ["AWSPREVIOUS"], token("c"): ["AWSCURRENT"]}, listed


@check()
def deletion():
    name = fresh("1")
    both = lambda: manager.delete_secret(SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    refused(both, "InvalidParameterException")
    refused(lambda: manager.delete_secret(SecretId=name, RecoveryWindowInDays=6), "InvalidParameterException")
    gone = manager.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    left = gone["DeletionDate"] - datetime.datetime.now(datetime.timezone.utc)
    assert 6.9 < left.total_seconds() / 86400 < 7.1, gone
    refused(lambda: read(name), "InvalidRequestException", "marked for deletion")
    assert manager.describe_secret(SecretId=name)["DeletedDate"]
    if not ON_MOTO:
        again = lambda: manager.create_secret(Name=name, SecretString="x")
        refused(again, "InvalidRequestException", "scheduled for deletion")
        put = lambda: manager.put_secret_value(SecretId=name, SecretString="x", ClientRequestToken=token("x"))
        refused(put, "InvalidRequestException")
    manager.restore_secret(SecretId=name)
    assert read(name) == "1"
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    refused(lambda: manager.describe_secret(SecretId=name), "ResourceNotFoundException")
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    refused(lambda: manager.delete_secret(SecretId=name), "ResourceNotFoundException")


@check()
def tags():
    name = fresh("1")
    manager.tag_resource(SecretId=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    manager.untag_resource(SecretId=name, TagKeys=["a"])
    assert manager.describe_secret(SecretId=name)["Tags"] == [{"Key": "b", "Value": "2"}]


@check(on_moto=False)
def rotation():
    name = fresh("1", ClientRequestToken=token("a"))
    assert "RotationEnabled" not in manager.describe_secret(SecretId=name)
    refused(lambda: manager.rotate_secret(SecretId=name), "InvalidRequestException")
    manager.rotate_secret(
        SecretId=name, ClientRequestToken=token("b"), RotationLambdaARN=FUNCTION,
        RotationRules={"AutomaticallyAfterDays": 30},
    )
    told = manager.describe_secret(SecretId=name)
    assert told["RotationEnabled"] and told["RotationLambdaARN"] == FUNCTION, told
    assert labels(name) == {token("a"): ["AWSPREVIOUS"], token("b"): ["AWSCURRENT", "AWSPENDING"]}, labels(name)
    manager.rotate_secret(SecretId=name, ClientRequestToken=token("c"))
    manager.put_secret_value(SecretId=name, SecretString="9", ClientRequestToken=token("d"), VersionStages=["AWSPENDING"])
    refused(lambda: manager.rotate_secret(SecretId=name), "InvalidRequestException", "A previous rotation isn't complete.")
    manager.cancel_rotate_secret(SecretId=name)
    assert manager.describe_secret(SecretId=name)["RotationEnabled"] is False


@check(on_moto=False)
def a_label_of_ours_is_in_no_rotations_way():
    name = fresh("1", ClientRequestToken=token("a"))
    manager.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=token("b"), VersionStages=[OURS])
    for letter in "cd":
        manager.rotate_secret(SecretId=name, ClientRequestToken=token(letter), RotationLambdaARN=FUNCTION)
    assert labels(name)[token("d")] == ["AWSCURRENT", "AWSPENDING"], labels(name)
    assert read(name, VersionStage=OURS) == "2"


@check(on_moto=False)
def replicas():
    name = fresh("1", AddReplicaRegions=[{"Region": "eu-west-1"}])
    abroad = client(region="eu-west-1")
    assert abroad.get_secret_value(SecretId=name)["SecretString"] == "1"
    put = lambda: abroad.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=token("b"))
    refused(put, "InvalidRequestException")
    refused(lambda: manager.delete_secret(SecretId=name), "InvalidRequestException")
    manager.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=["eu-west-1"])
    manager.delete_secret(SecretId=name)
    refused(lambda: client(region="eu-central-1").describe_secret(SecretId=name), "ResourceNotFoundException")


@check(on_moto=False)
def signatures():
    wrong = client(secret=SECRET[::-1])
    refused(lambda: wrong.describe_secret(SecretId="ci"), "InvalidSignatureException")
    unknown = client(access_key_id="AKIAIOSFODNN7EXAMPLE")
    refused(lambda: unknown.describe_secret(SecretId="ci"), "UnrecognizedClientException",
            "The security token included in the request is invalid.")


for run in CHECKS:
    run()
    print(run.__name__, flush=True)
