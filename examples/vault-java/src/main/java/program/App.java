package program;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.core.Output;
import dev.keyrotation.keyrotation.vault.RotatingApiKey;
import dev.keyrotation.keyrotation.vault.RotatingApiKeyArgs;
import java.util.Map;

/** A generated key at a path of Vault's KV engine that rotates every 30 days, or whenever `rotationReason` changes. */
public final class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    static void stack(Context ctx) {
        var config = ctx.config();
        var key = new RotatingApiKey("key", RotatingApiKeyArgs.builder()
            .mount(config.get("mount").orElse("secret"))
            .path(config.get("path").orElse("apps/payment"))
            .prefix("pay_")
            // Nobody overwrites it by mistake.
            .casRequired(true)
            .maxVersions(5)
            // A changed value rotates once.
            .keepers(Map.of("reason", config.get("rotationReason").orElse("1")))
            .rotationPeriod("30d")
            // The previous version stays readable for a day. A `pulumi up` after that destroys it.
            .overlap("1d")
            .build());

        ctx.export("version", key.version());
        // A secret: `pulumi stack output value --show-secrets` shows it.
        ctx.export("value", key.value());
        // What depends on the key is updated after it, in the same run. Programs that read this version meet no half-done change.
        ctx.export("readWith", Output.format("vault kv get -version=%s secret/apps/payment", key.version()));
        ctx.export("generation", key.generation());
    }
}
