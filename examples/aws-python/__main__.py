"""An IAM user's access key that rotates every 90 days, or whenever `rotationReason` changes."""

import pulumi
from pulumi_keyrotation import VerificationArgs, aws

config = pulumi.Config()

key = aws.RotatingApiKey(
    "key",
    user=config.get("user") or "deployer",
    # A changed value rotates once.
    keepers={"reason": config.get("rotationReason") or "1"},
    rotation_period="90d",
    # The previous key keeps working for a day. A `pulumi up` after that deletes it.
    overlap="1d",
    # AWS must accept a new key three times in a row before it becomes the current one.
    verification=VerificationArgs(successes=3, timeout="5m"),
)
# The plugin marks the user with two tags. If an `aws.iam.User` manages the user's tags, set
# `ignore_tags={"key_prefixes": ["keyrotation:"]}` in its provider, or it removes them.

pulumi.export("accessKeyId", key.access_key_id)
# A secret: `pulumi stack output secretAccessKey --show-secrets` shows it.
pulumi.export("secretAccessKey", key.secret_access_key)
# What depends on the key is updated after it, in the same run.
pulumi.export(
    "credentialsFile",
    pulumi.Output.format(
        "[default]\naws_access_key_id = {0}\naws_secret_access_key = {1}\n", key.access_key_id, key.secret_access_key
    ),
)
pulumi.export("generation", key.generation)
# Null unless an overlap is going on.
pulumi.export("previousAccessKeyId", key.previous_key_id)
