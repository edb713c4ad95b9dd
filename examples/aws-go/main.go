// An IAM user's access key that rotates every 90 days, or whenever `rotationReason` changes.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation/aws"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		key, err := aws.NewRotatingApiKey(ctx, "key", &aws.RotatingApiKeyArgs{
			User: pulumi.String(setting(ctx, "user", "deployer")),
			// A changed value rotates once.
			Keepers:        pulumi.StringMap{"reason": pulumi.String(setting(ctx, "rotationReason", "1"))},
			RotationPeriod: pulumi.String("90d"),
			// The previous key keeps working for a day. A `pulumi up` after that deletes it.
			Overlap: pulumi.String("1d"),
			// AWS must accept a new key three times in a row before it becomes the current one.
			Verification: keyrotation.VerificationArgs{Successes: pulumi.Int(3), Timeout: pulumi.String("5m")},
		})
		if err != nil {
			return err
		}
		// The plugin marks the user with two tags. If an iam.User manages the user's tags, set IgnoreTags with the key prefix
		// "keyrotation:" in its provider, or it removes them.

		ctx.Export("accessKeyId", key.AccessKeyId)
		// A secret: `pulumi stack output secretAccessKey --show-secrets` shows it.
		ctx.Export("secretAccessKey", key.SecretAccessKey)
		// What depends on the key is updated after it, in the same run.
		ctx.Export("credentialsFile", pulumi.Sprintf(
			"[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.AccessKeyId, key.SecretAccessKey))
		ctx.Export("generation", key.Generation)
		// Null unless an overlap is going on.
		ctx.Export("previousAccessKeyId", key.PreviousKeyId)
		return nil
	})
}

func setting(ctx *pulumi.Context, name, otherwise string) string {
	if value := config.Get(ctx, name); value != "" {
		return value
	}
	return otherwise
}
