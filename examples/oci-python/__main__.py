"""An API signing key, an auth token and a customer secret key of one OCI user, which rotate every 90 days, or whenever `rotationReason` changes."""

import pulumi
from pulumi_keyrotation import oci

config = pulumi.Config()
user_id = config.get("userId") or "ocid1.user.oc1..aaaaaaaaexample"
# A changed value rotates once.
reason = {"reason": config.get("rotationReason") or "1"}

# The previous credential keeps working for a day. A `pulumi up` after that deletes it.
# For the API key the plugin marks the user with two tags. If an `oci.identity.User` manages the user's tags, give it
# `ignore_changes=["freeform_tags"]`, or it removes them.
key = oci.RotatingApiKey("key", user_id=user_id, keepers=reason, rotation_period="90d", overlap="1d")

# The password for the container registry.
registry = oci.RotatingAuthToken(
    "registry", user_id=user_id, name="registry", keepers=reason, rotation_period="90d", overlap="1d"
)

# For the Amazon S3 compatibility API of Object Storage.
backup = oci.RotatingCustomerSecretKey(
    "backup", user_id=user_id, name="backup", keepers=reason, rotation_period="90d", overlap="1d"
)

pulumi.export("keyId", key.key_id)
# Secrets: `pulumi stack output privateKeyPem --show-secrets` shows the private half.
pulumi.export("privateKeyPem", key.private_key_pem)
pulumi.export("configProfile", key.config_profile)
pulumi.export("tokenId", registry.token_id)
pulumi.export("token", registry.token)
pulumi.export("accessKey", backup.access_key)
pulumi.export("secretKey", backup.secret_key)
pulumi.export("generation", key.generation)
