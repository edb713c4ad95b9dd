// Denies rotating keys without `maxAge`, and keys that are older than it.
import { PolicyPack } from "@pulumi/policy";

const seconds: Record<string, number> = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 };

function isRotatingKey(type: string): boolean {
    return type.startsWith("keyrotation:") && type.includes(":Rotating") && !type.endsWith(":RotatingRoot");
}

/** The milliseconds of a duration such as "90d", "1d12h" or "P90D". */
function length(text: string): number {
    const parts = [...text.toLowerCase().matchAll(/(\d+)([wdhms])/g)];
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * seconds[unit] * 1000, 0);
}

new PolicyPack("key-age", {
    enforcementLevel: "mandatory",
    policies: [
        {
            name: "keys-have-a-maximum-age",
            description: "Each rotating key has a `maxAge`.",
            validateResource: (args, report) => {
                if (isRotatingKey(args.type) && !args.props.maxAge) {
                    report(`${args.name} has no \`maxAge\`: set one, such as "90d"`);
                }
            },
        },
        {
            name: "keys-are-not-overdue",
            description: "No current key is older than its `maxAge`.",
            validateStack: (args, report) => {
                for (const resource of args.resources.filter((resource) => isRotatingKey(resource.type))) {
                    const madeAt = resource.props.current?.createdAt;
                    const maxAge = resource.props.maxAge;
                    if (madeAt && maxAge && Date.now() - Date.parse(madeAt) > length(maxAge)) {
                        const text = `the current key of ${resource.name} is older than \`maxAge\` (${maxAge}): it was created at ${madeAt}`;
                        report(text, resource.urn);
                    }
                }
            },
        },
    ],
});
