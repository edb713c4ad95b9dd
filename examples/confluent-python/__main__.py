"""A Kafka API key and a Cloud API key of one service account, which rotate every 90 days, or whenever `rotationReason` changes."""

import pulumi
from pulumi_keyrotation import confluent

config = pulumi.Config()
owner = confluent.OwnerArgs(id=config.get("owner") or "sa-abc123")
reason = {"reason": config.get("rotationReason") or "1"}

kafka = confluent.RotatingApiKey(
    "kafka",
    owner=owner,
    managed_resource=confluent.ManagedResourceArgs(
        id=config.get("cluster") or "lkc-abc123",
        environment=confluent.EnvironmentArgs(id=config.get("environment") or "env-abc123"),
    ),
    # A changed value rotates once.
    keepers=reason,
    rotation_period="90d",
    # The previous key keeps working for a day. A `pulumi up` after that deletes it.
    overlap="1d",
)

# Without managed_resource: a key for Confluent Cloud's own API.
cloud = confluent.RotatingApiKey("cloud", owner=owner, keepers=reason, rotation_period="90d", overlap="1d")

pulumi.export("kafkaApiKey", kafka.api_key)
# A secret: `pulumi stack output kafkaApiSecret --show-secrets` shows it.
pulumi.export("kafkaApiSecret", kafka.api_secret)
# What depends on the key is updated after it, in the same run.
pulumi.export(
    "saslJaasConfig",
    pulumi.Output.format(
        'org.apache.kafka.common.security.plain.PlainLoginModule required username="{0}" password="{1}";',
        kafka.api_key,
        kafka.api_secret,
    ),
)
pulumi.export("cloudApiKey", cloud.api_key)
pulumi.export("cloudApiSecret", cloud.api_secret)
pulumi.export("generation", kafka.generation)
