"""rotation-report BEFORE.json AFTER.json: what a run of `pulumi up` did with each key."""

import json
import sys
from datetime import datetime, timezone
from typing import cast


def read(path: str) -> dict[str, dict[str, object]]:
    with open(path, encoding="utf-8") as file:
        return dict(json.load(file).get("rotation") or {})


def report(name: str, before: dict[str, object], after: dict[str, object], now: datetime) -> dict[str, object]:
    due = after.get("nextRotationAt")
    warnings = cast("list[str]", after.get("warnings") or [])
    overdue = isinstance(due, str) and datetime.fromisoformat(due.replace("Z", "+00:00")) <= now
    return {
        "key": name,
        "rotated": before.get("generation") is not None and before.get("generation") != after.get("generation"),
        "deferred": any(warning.startswith("the rotation (") for warning in warnings),
        "generation": after.get("generation"),
        "nextRotationAt": due,
        "overdue": overdue,
        "warnings": warnings,
    }


def main() -> int:
    before, after = read(sys.argv[1]), read(sys.argv[2])
    now = datetime.fromisoformat(sys.argv[3]) if len(sys.argv) > 3 else datetime.now(timezone.utc)
    lines = [report(name, before.get(name, {}), state, now) for name, state in sorted(after.items())]
    for line in lines:
        print(json.dumps(line))
    return 3 if any(line["overdue"] or line["warnings"] for line in lines) else 0


sys.exit(main())
