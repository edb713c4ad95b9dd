// An IAM user's access key that rotates every 90 days, or whenever `rotationReason` changes.
import * as pulumi from "@pulumi/pulumi";
import { aws } from "pulumi-keyrotation";

const config = new pulumi.Config();

const key = new aws.RotatingApiKey("key", {
    user: config.get("user") ?? "deployer",
    // A changed value rotates once.
    keepers: { reason: config.get("rotationReason") ?? "1" },
    rotationPeriod: "90d",
    // The previous key keeps working for a day. A `pulumi up` after that deletes it.
    overlap: "1d",
    // AWS must accept a new key three times in a row before it becomes the current one.
    verification: { successes: 3, timeout: "5m" },
});
// The plugin marks the user with two tags. If an `aws.iam.User` manages the user's tags, set
// `ignoreTags: { keyPrefixes: ["keyrotation:"] }` in its provider, or it removes them.

export const accessKeyId = key.accessKeyId;
// A secret: `pulumi stack output secretAccessKey --show-secrets` shows it.
export const secretAccessKey = key.secretAccessKey;
// What depends on the key is updated after it, in the same run.
export const credentialsFile = pulumi.interpolate`[default]
aws_access_key_id = ${key.accessKeyId}
aws_secret_access_key = ${key.secretAccessKey}
`;
export const generation = key.generation;
// Null unless an overlap is going on.
export const previousAccessKeyId = key.previousKeyId;
