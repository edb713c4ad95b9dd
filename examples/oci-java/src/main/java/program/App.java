package program;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import dev.keyrotation.keyrotation.oci.RotatingApiKey;
import dev.keyrotation.keyrotation.oci.RotatingApiKeyArgs;
import dev.keyrotation.keyrotation.oci.RotatingAuthToken;
import dev.keyrotation.keyrotation.oci.RotatingAuthTokenArgs;
import dev.keyrotation.keyrotation.oci.RotatingCustomerSecretKey;
import dev.keyrotation.keyrotation.oci.RotatingCustomerSecretKeyArgs;
import java.util.Map;

/**
 * An API signing key, an auth token and a customer secret key of one OCI user, which rotate every 90 days, or whenever
 * `rotationReason` changes.
 */
public final class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    static void stack(Context ctx) {
        var config = ctx.config();
        var user = config.get("userId").orElse("ocid1.user.oc1..aaaaaaaaexample");
        // A changed value rotates once.
        var keepers = Map.of("reason", config.get("rotationReason").orElse("1"));

        // For the API key the plugin marks the user with two tags. If an `oci.identity.User` manages the user's tags, give it
        // `ignoreChanges("freeformTags")`, or it removes them.
        var key = new RotatingApiKey("key", RotatingApiKeyArgs.builder()
            .userId(user)
            .keepers(keepers)
            .rotationPeriod("90d")
            // The previous credential keeps working for a day. A `pulumi up` after that deletes it.
            .overlap("1d")
            .build());

        // The password for the container registry.
        var registry = new RotatingAuthToken("registry", RotatingAuthTokenArgs.builder()
            .userId(user)
            .name("registry")
            .keepers(keepers)
            .rotationPeriod("90d")
            .overlap("1d")
            .build());

        // For the Amazon S3 compatibility API of Object Storage.
        var backup = new RotatingCustomerSecretKey("backup", RotatingCustomerSecretKeyArgs.builder()
            .userId(user)
            .name("backup")
            .keepers(keepers)
            .rotationPeriod("90d")
            .overlap("1d")
            .build());

        ctx.export("keyId", key.keyId());
        // Secrets: `pulumi stack output privateKeyPem --show-secrets` shows the private half.
        ctx.export("privateKeyPem", key.privateKeyPem());
        ctx.export("configProfile", key.configProfile());
        ctx.export("tokenId", registry.tokenId());
        ctx.export("token", registry.token());
        ctx.export("accessKey", backup.accessKey());
        ctx.export("secretKey", backup.secretKey());
        ctx.export("generation", key.generation());
    }
}
