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
    # The key before keeps working for a day; a `pulumi up` after that retires it.
    overlap="1d",
    # A new key must be accepted that often in a row before it becomes the current one.
    verification=VerificationArgs(successes=3, timeout="5m"),
)

pulumi.export("accessKeyId", key.access_key_id)
# A secret: `pulumi stack output secretAccessKey --show-secrets` shows it.
pulumi.export("secretAccessKey", key.secret_access_key)
pulumi.export("generation", key.generation)
# Null unless an overlap is going on.
pulumi.export("previousAccessKeyId", key.previous_key_id)
