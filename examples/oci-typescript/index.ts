// An API signing key, an auth token and a customer secret key of one OCI user, which rotate every 90 days, or whenever
// `rotationReason` changes.
import * as pulumi from "@pulumi/pulumi";
import { oci } from "pulumi-keyrotation";

const config = new pulumi.Config();
const shared = {
    userId: config.get("userId") ?? "ocid1.user.oc1..aaaaaaaaexample",
    // A changed value rotates once.
    keepers: { reason: config.get("rotationReason") ?? "1" },
    rotationPeriod: "90d",
    // The previous credential keeps working for a day. A `pulumi up` after that deletes it.
    overlap: "1d",
};

// For the API key the plugin marks the user with two tags. If an `oci.identity.User` manages the user's tags, give it
// `ignoreChanges: ["freeformTags"]`, or it removes them.
const key = new oci.RotatingApiKey("key", shared);

// The password for the container registry.
const registry = new oci.RotatingAuthToken("registry", { ...shared, name: "registry" });

// For the Amazon S3 compatibility API of Object Storage.
const backup = new oci.RotatingCustomerSecretKey("backup", { ...shared, name: "backup" });

export const keyId = key.keyId;
// Secrets: `pulumi stack output privateKeyPem --show-secrets` shows the private half.
export const privateKeyPem = key.privateKeyPem;
export const configProfile = key.configProfile;
export const tokenId = registry.tokenId;
export const token = registry.token;
export const accessKey = backup.accessKey;
export const secretKey = backup.secretKey;
export const generation = key.generation;
