"""What a platform team asks of Vault in one go: a key in a KV engine, database users, AWS users, and roots that nobody knows."""

import pulumi
from pulumi_keyrotation import vault

config = pulumi.Config()
# A changed value rotates once.
reason = {"reason": config.get("rotationReason") or "1"}
# The token role that makes the tokens which leases are read with: see README.md.
holder_role = config.get("holderRole") or "keyrotation"

# A generated value that programs read. It is written with check-and-set, and five versions of it are kept.
key = vault.RotatingApiKey(
    "key",
    mount=config.get("mount") or "secret",
    path=config.get("path") or "apps/payment",
    prefix="pay_",
    cas_required=True,
    max_versions=5,
    keepers=reason,
    rotation_period="30d",
    overlap="1d",
)

# The password that the database engine logs in with. After the first `pulumi up` only Vault knows it.
database_root = vault.RotatingRoot(
    "database-root", path=config.get("connection") or "database/payment", rotation_period="90d"
)

# A database user for the application. The one before it works for a day longer.
database_user = vault.RotatingLease(
    "database-user",
    path=config.get("databaseCreds") or "database/creds/payment",
    name="payment",
    holder_role=holder_role,
    keepers=reason,
    rotation_period="7d",
    overlap="1d",
    opts=pulumi.ResourceOptions(depends_on=[database_root]),
)

pulumi.export("version", key.version)
# Secrets: `pulumi stack output value --show-secrets` shows one.
pulumi.export("value", key.value)
pulumi.export("databaseRootRotatedAt", database_root.rotated_at)
pulumi.export("databaseUser", database_user.data)
pulumi.export("databaseLease", database_user.lease_id)
pulumi.export("generation", key.generation)

# HashiCorp's Vault has an engine for AWS, OpenBao has none built in.
if config.get_bool("aws"):
    # Its own access key, and an IAM user for deployments.
    aws_root = vault.RotatingRoot("aws-root", path="aws", rotation_period="90d")
    aws_user = vault.RotatingLease(
        "aws-user",
        path=config.get("awsCreds") or "aws/creds/deploy",
        name="deploy",
        holder_role=holder_role,
        keepers=reason,
        rotation_period="7d",
        overlap="1d",
        opts=pulumi.ResourceOptions(depends_on=[aws_root]),
    )
    pulumi.export("awsRootRotatedAt", aws_root.rotated_at)
    pulumi.export("awsUser", aws_user.data)
