"""Denies rotating keys without `maxAge`, and keys that are older than it."""

from datetime import datetime, timedelta, timezone
import re

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ResourceValidationPolicy,
    StackValidationPolicy,
)

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def is_rotating_key(resource_type: str) -> bool:
    return resource_type.startswith("keyrotation:") and ":Rotating" in resource_type and not resource_type.endswith(":RotatingRoot")


def length(text: str) -> timedelta:
    """Reads a duration such as "90d", "1d12h" or "P90D"."""
    parts = re.findall(r"(\d+)([wdhms])", text.lower())
    return timedelta(**{UNITS[unit]: int(count) for count, unit in parts})


def has_max_age(args, report):
    if is_rotating_key(args.resource_type) and not args.props.get("maxAge"):
        report(f"{args.name} has no `maxAge`: set one, such as \"90d\"")


def is_not_overdue(args, report):
    now = datetime.now(timezone.utc)
    for resource in args.resources:
        if not is_rotating_key(resource.resource_type):
            continue
        current, max_age = resource.props.get("current"), resource.props.get("maxAge")
        made_at = current.get("createdAt") if current else None
        if not made_at or not max_age:
            continue
        made = datetime.fromisoformat(made_at.replace("Z", "+00:00"))
        if now - made > length(max_age):
            report(f"the current key of {resource.name} is older than `maxAge` ({max_age}): it was created at {made_at}", resource.urn)


PolicyPack(
    name="key-age",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(name="keys-have-a-maximum-age", description="Each rotating key has a `maxAge`.", validate=has_max_age),
        StackValidationPolicy(name="keys-are-not-overdue", description="No current key is older than its `maxAge`.", validate=is_not_overdue),
    ],
)
