// An API signing key, an auth token and a customer secret key of one OCI user, which rotate every 90 days, or whenever
// `rotationReason` changes.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation/oci"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		user := pulumi.String(setting(ctx, "userId", "ocid1.user.oc1..aaaaaaaaexample"))
		// A changed value rotates once.
		keepers := pulumi.StringMap{"reason": pulumi.String(setting(ctx, "rotationReason", "1"))}
		// The previous credential keeps working for a day. A `pulumi up` after that deletes it.
		period, overlap := pulumi.String("90d"), pulumi.String("1d")

		// For the API key the plugin marks the user with two tags. If an identity.User manages the user's tags, give it
		// IgnoreChanges for "freeformTags", or it removes them.
		key, err := oci.NewRotatingApiKey(ctx, "key", &oci.RotatingApiKeyArgs{
			UserId: user, Keepers: keepers, RotationPeriod: period, Overlap: overlap,
		})
		if err != nil {
			return err
		}
		// The password for the container registry.
		registry, err := oci.NewRotatingAuthToken(ctx, "registry", &oci.RotatingAuthTokenArgs{
			UserId: user, Name: pulumi.String("registry"), Keepers: keepers, RotationPeriod: period, Overlap: overlap,
		})
		if err != nil {
			return err
		}
		// For the Amazon S3 compatibility API of Object Storage.
		backup, err := oci.NewRotatingCustomerSecretKey(ctx, "backup", &oci.RotatingCustomerSecretKeyArgs{
			UserId: user, Name: pulumi.String("backup"), Keepers: keepers, RotationPeriod: period, Overlap: overlap,
		})
		if err != nil {
			return err
		}

		ctx.Export("keyId", key.KeyId)
		// Secrets: `pulumi stack output privateKeyPem --show-secrets` shows the private half.
		ctx.Export("privateKeyPem", key.PrivateKeyPem)
		ctx.Export("configProfile", key.ConfigProfile)
		ctx.Export("tokenId", registry.TokenId)
		ctx.Export("token", registry.Token)
		ctx.Export("accessKey", backup.AccessKey)
		ctx.Export("secretKey", backup.SecretKey)
		ctx.Export("generation", key.Generation)
		return nil
	})
}

func setting(ctx *pulumi.Context, name, otherwise string) string {
	if value := config.Get(ctx, name); value != "" {
		return value
	}
	return otherwise
}
