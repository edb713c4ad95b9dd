// An IAM user's access key that rotates every 90 days, or whenever `rotationReason` changes.
using System.Collections.Generic;
using KeyRotationDev.KeyRotation.Aws;
using KeyRotationDev.KeyRotation.Inputs;
using Pulumi;

return await Deployment.RunAsync(() =>
{
    var config = new Config();
    var key = new RotatingApiKey("key", new RotatingApiKeyArgs
    {
        User = config.Get("user") ?? "deployer",
        // A changed value rotates once.
        Keepers = { ["reason"] = config.Get("rotationReason") ?? "1" },
        RotationPeriod = "90d",
        // The previous key keeps working for a day. A `pulumi up` after that deletes it.
        Overlap = "1d",
        // AWS must accept a new key three times in a row before it becomes the current one.
        Verification = new VerificationArgs { Successes = 3, Timeout = "5m" },
    });
    // The plugin marks the user with two tags. If an Aws.Iam.User manages the user's tags, set IgnoreTags with the key prefix
    // "keyrotation:" in its provider, or it removes them.

    return new Dictionary<string, object?>
    {
        ["accessKeyId"] = key.AccessKeyId,
        // A secret: `pulumi stack output secretAccessKey --show-secrets` shows it.
        ["secretAccessKey"] = key.SecretAccessKey,
        // What depends on the key is updated after it, in the same run.
        ["credentialsFile"] = Output.Format(
            $"[default]\naws_access_key_id = {key.AccessKeyId}\naws_secret_access_key = {key.SecretAccessKey}\n"),
        ["generation"] = key.Generation,
        // Null unless an overlap is going on.
        ["previousAccessKeyId"] = key.PreviousKeyId,
    };
});
