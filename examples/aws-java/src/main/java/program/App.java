package program;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.core.Output;
import dev.keyrotation.keyrotation.aws.RotatingApiKey;
import dev.keyrotation.keyrotation.aws.RotatingApiKeyArgs;
import dev.keyrotation.keyrotation.inputs.VerificationArgs;
import java.util.Map;

/** An IAM user's access key that rotates every 90 days, or whenever `rotationReason` changes. */
public final class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    static void stack(Context ctx) {
        var config = ctx.config();
        var key = new RotatingApiKey("key", RotatingApiKeyArgs.builder()
            .user(config.get("user").orElse("deployer"))
            // A changed value rotates once.
            .keepers(Map.of("reason", config.get("rotationReason").orElse("1")))
            .rotationPeriod("90d")
            // The previous key keeps working for a day. A `pulumi up` after that deletes it.
            .overlap("1d")
            // AWS must accept a new key three times in a row before it becomes the current one.
            .verification(VerificationArgs.builder().successes(3).timeout("5m").build())
            .build());
        // The plugin marks the user with two tags. If an `aws.iam.User` manages the user's tags, set `ignoreTags` with the key
        // prefix "keyrotation:" in its provider, or it removes them.

        ctx.export("accessKeyId", key.accessKeyId());
        // A secret: `pulumi stack output secretAccessKey --show-secrets` shows it.
        ctx.export("secretAccessKey", key.secretAccessKey());
        // What depends on the key is updated after it, in the same run.
        ctx.export("credentialsFile", Output.format(
            "[default]%naws_access_key_id = %s%naws_secret_access_key = %s%n", key.accessKeyId(), key.secretAccessKey()));
        ctx.export("generation", key.generation());
        // An empty string unless an overlap is going on.
        ctx.export("previousAccessKeyId", key.previousKeyId());
    }
}
