// A Kafka API key and a Cloud API key of one service account, which rotate every 90 days, or whenever `rotationReason` changes.
import * as pulumi from "@pulumi/pulumi";
import { confluent } from "pulumi-keyrotation";

const config = new pulumi.Config();
const owner = { id: config.get("owner") ?? "sa-abc123" };
// A changed value rotates once.
const keepers = { reason: config.get("rotationReason") ?? "1" };

const kafka = new confluent.RotatingApiKey("kafka", {
    owner,
    managedResource: {
        id: config.get("cluster") ?? "lkc-abc123",
        environment: { id: config.get("environment") ?? "env-abc123" },
    },
    keepers,
    rotationPeriod: "90d",
    // The previous key keeps working for a day. A `pulumi up` after that deletes it.
    overlap: "1d",
});

// Without managedResource: a key for Confluent Cloud's own API.
const cloud = new confluent.RotatingApiKey("cloud", { owner, keepers, rotationPeriod: "90d", overlap: "1d" });

export const kafkaApiKey = kafka.apiKey;
// A secret: `pulumi stack output kafkaApiSecret --show-secrets` shows it.
export const kafkaApiSecret = kafka.apiSecret;
// What depends on the key is updated after it, in the same run.
export const saslJaasConfig = pulumi.interpolate`org.apache.kafka.common.security.plain.PlainLoginModule required username="${kafka.apiKey}" password="${kafka.apiSecret}";`;
export const cloudApiKey = cloud.apiKey;
export const cloudApiSecret = cloud.apiSecret;
export const generation = kafka.generation;
