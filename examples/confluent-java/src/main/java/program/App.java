package program;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.core.Output;
import dev.keyrotation.keyrotation.confluent.RotatingApiKey;
import dev.keyrotation.keyrotation.confluent.RotatingApiKeyArgs;
import dev.keyrotation.keyrotation.confluent.inputs.EnvironmentArgs;
import dev.keyrotation.keyrotation.confluent.inputs.ManagedResourceArgs;
import dev.keyrotation.keyrotation.confluent.inputs.OwnerArgs;
import java.util.Map;

/** A Kafka API key and a Cloud API key of one service account, which rotate every 90 days, or whenever `rotationReason` changes. */
public final class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    static void stack(Context ctx) {
        var config = ctx.config();
        var owner = OwnerArgs.builder().id(config.get("owner").orElse("sa-abc123")).build();
        // A changed value rotates once.
        var keepers = Map.of("reason", config.get("rotationReason").orElse("1"));
        var environment = EnvironmentArgs.builder().id(config.get("environment").orElse("env-abc123")).build();
        var cluster = config.get("cluster").orElse("lkc-abc123");

        var kafka = new RotatingApiKey("kafka", RotatingApiKeyArgs.builder()
            .owner(owner)
            .managedResource(ManagedResourceArgs.builder().id(cluster).environment(environment).build())
            .keepers(keepers)
            .rotationPeriod("90d")
            // The previous key keeps working for a day. A `pulumi up` after that deletes it.
            .overlap("1d")
            .build());

        // Without managedResource: a key for Confluent Cloud's own API.
        var cloud = new RotatingApiKey("cloud", RotatingApiKeyArgs.builder()
            .owner(owner)
            .keepers(keepers)
            .rotationPeriod("90d")
            .overlap("1d")
            .build());

        ctx.export("kafkaApiKey", kafka.apiKey());
        // A secret: `pulumi stack output kafkaApiSecret --show-secrets` shows it.
        ctx.export("kafkaApiSecret", kafka.apiSecret());
        // What depends on the key is updated after it, in the same run.
        ctx.export("saslJaasConfig", Output.format(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"%s\" password=\"%s\";",
            kafka.apiKey(), kafka.apiSecret()));
        ctx.export("cloudApiKey", cloud.apiKey());
        ctx.export("cloudApiSecret", cloud.apiSecret());
        ctx.export("generation", kafka.generation());
    }
}
