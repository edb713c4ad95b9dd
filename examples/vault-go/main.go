// A generated key at a path of Vault's KV engine that rotates every 30 days, or whenever `rotationReason` changes.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation/vault"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		key, err := vault.NewRotatingApiKey(ctx, "key", &vault.RotatingApiKeyArgs{
			Mount:  pulumi.String(setting(ctx, "mount", "secret")),
			Path:   pulumi.String(setting(ctx, "path", "apps/payment")),
			Prefix: pulumi.String("pay_"),
			// Nobody overwrites it by mistake.
			CasRequired: pulumi.Bool(true),
			MaxVersions: pulumi.Int(5),
			// A changed value rotates once.
			Keepers:        pulumi.StringMap{"reason": pulumi.String(setting(ctx, "rotationReason", "1"))},
			RotationPeriod: pulumi.String("30d"),
			// The previous version stays readable for a day. A `pulumi up` after that destroys it.
			Overlap: pulumi.String("1d"),
		})
		if err != nil {
			return err
		}

		ctx.Export("version", key.Version)
		// A secret: `pulumi stack output value --show-secrets` shows it.
		ctx.Export("value", key.Value)
		// What depends on the key is updated after it, in the same run. Programs that read this version meet no half-done change.
		ctx.Export("readWith", pulumi.Sprintf("vault kv get -version=%s secret/apps/payment", key.Version))
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
