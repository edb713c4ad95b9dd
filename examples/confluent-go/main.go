// A Kafka API key and a Cloud API key of one service account, which rotate every 90 days, or whenever `rotationReason` changes.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/your--organization/pulumi-keyrotation/sdk/go/keyrotation/confluent"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		owner := confluent.OwnerArgs{Id: pulumi.String(setting(ctx, "owner", "sa-abc123"))}
		// A changed value rotates once.
		keepers := pulumi.StringMap{"reason": pulumi.String(setting(ctx, "rotationReason", "1"))}
		kafka, err := confluent.NewRotatingApiKey(ctx, "kafka", &confluent.RotatingApiKeyArgs{
			Owner: owner,
			ManagedResource: confluent.ManagedResourceArgs{
				Id:          pulumi.String(setting(ctx, "cluster", "lkc-abc123")),
				Environment: confluent.EnvironmentArgs{Id: pulumi.String(setting(ctx, "environment", "env-abc123"))},
			},
			Keepers:        keepers,
			RotationPeriod: pulumi.String("90d"),
			// The previous key keeps working for a day. A `pulumi up` after that deletes it.
			Overlap: pulumi.String("1d"),
		})
		if err != nil {
			return err
		}
		// Without ManagedResource: a key for Confluent Cloud's own API.
		cloud, err := confluent.NewRotatingApiKey(ctx, "cloud", &confluent.RotatingApiKeyArgs{
			Owner:          owner,
			Keepers:        keepers,
			RotationPeriod: pulumi.String("90d"),
			Overlap:        pulumi.String("1d"),
		})
		if err != nil {
			return err
		}

		ctx.Export("kafkaApiKey", kafka.ApiKey)
		// A secret: `pulumi stack output kafkaApiSecret --show-secrets` shows it.
		ctx.Export("kafkaApiSecret", kafka.ApiSecret)
		// What depends on the key is updated after it, in the same run.
		ctx.Export("saslJaasConfig", pulumi.Sprintf(
			"org.apache.kafka.common.security.plain.PlainLoginModule required username=%q password=%q;",
			kafka.ApiKey, kafka.ApiSecret))
		ctx.Export("cloudApiKey", cloud.ApiKey)
		ctx.Export("cloudApiSecret", cloud.ApiSecret)
		ctx.Export("generation", kafka.Generation)
		return nil
	})
}

func setting(ctx *pulumi.Context, name, otherwise string) string {
	if value := config.Get(ctx, name); value != "" {
		return value
	}
	return otherwise
}
