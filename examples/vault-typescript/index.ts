// A generated key at a path of Vault's KV engine that rotates every 30 days, or whenever `rotationReason` changes.
import * as pulumi from "@pulumi/pulumi";
import { vault } from "pulumi-keyrotation";

const config = new pulumi.Config();

const key = new vault.RotatingApiKey("key", {
    mount: config.get("mount") ?? "secret",
    path: config.get("path") ?? "apps/payment",
    prefix: "pay_",
    // Nobody overwrites it by mistake.
    casRequired: true,
    maxVersions: 5,
    // A changed value rotates once.
    keepers: { reason: config.get("rotationReason") ?? "1" },
    rotationPeriod: "30d",
    // The previous version stays readable for a day. A `pulumi up` after that destroys it.
    overlap: "1d",
});

export const version = key.version;
// A secret: `pulumi stack output value --show-secrets` shows it.
export const value = key.value;
// What depends on the key is updated after it, in the same run. Programs that read this version meet no half-done change.
export const readWith = pulumi.interpolate`vault kv get -version=${key.version} secret/apps/payment`;
export const generation = key.generation;
