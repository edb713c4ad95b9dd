"""Scripts on the pages that need no provider: they run as they stand there."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import life
from evaluate import opened
from life import FIRST, SECOND
from pages import PAGES, ROOT, Page, blocks


def install(page: Page) -> None:
    """The command of files.md, run by a shell as its provider does, with a systemctl that notes its arguments."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        systemctl = folder / "systemctl"
        systemctl.write_text('#!/bin/sh\necho "$@" >> "$NOTES"\n', encoding="utf-8")
        systemctl.chmod(0o755)
        place, notes = folder / "aws.env", folder / "notes"
        for moment, step in ((FIRST, "create"), (SECOND, "update")):
            (inputs,) = [
                opened(it)
                for key, it in life.run(page.python, moment).resources.items()
                if key.startswith("command:local:Command")
            ]
            variables = {**inputs["environment"], "FILE": str(place), "NOTES": str(notes)}
            variables["PATH"] = f"{folder}:{os.environ['PATH']}"
            shell(inputs[step], variables, inputs["stdin"])
            assert place.read_text(encoding="utf-8") == inputs["stdin"], f"{step} wrote something else"
            assert stat.S_IMODE(place.stat().st_mode) == 0o600, f"{step} left the file readable to others"
            assert not list(folder.glob("*.new")), f"{step} left its temporary file"
        assert notes.read_text(encoding="utf-8") == "try-restart payment.service\n" * 2, "the service is not restarted"
        shell(inputs["delete"], variables, "")
        assert not place.exists(), "delete left the file"


def shell(script: str, variables: dict[str, str], stdin: str) -> None:
    """`/bin/sh -c`, which must succeed."""
    ended = subprocess.run(["/bin/sh", "-c", script], env=variables, input=stdin, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def report(page: Page) -> None:
    """The script of ci.md on what the outputs of two runs may be."""
    key = {"generation": 1, "nextRotationAt": "2026-05-01T00:00:00Z", "warnings": []}
    calm = "2026-04-01T00:00:00+00:00"
    line, code = reported(page, {"key": key}, {"key": key}, calm)
    assert (line["rotated"], line["overdue"], code) == (False, False, 0), line
    line, code = reported(page, {"key": key}, {"key": {**key, "generation": 2}}, calm)
    assert (line["rotated"], line["generation"], code) == (True, 2, 0), line
    line, code = reported(page, {"key": key}, {"key": key}, "2026-05-01T00:00:01+00:00")
    assert (line["overdue"], code) == (True, 3), line
    line, code = reported(page, {"key": key}, {"key": {**key, "warnings": ["the rotation (x) waits"]}}, calm)
    assert (line["deferred"], line["warnings"], code) == (True, ["the rotation (x) waits"], 3), line
    line, code = reported(page, {"key": key}, {"key": {**key, "warnings": ["in use"]}}, calm)
    assert (line["deferred"], code) == (False, 3), line
    line, code = reported(page, {}, {"key": {**key, "nextRotationAt": None}}, calm)
    assert (line["rotated"], line["overdue"], code) == (False, False, 0), "a first key is no rotation"


def in_examples(page: Page) -> None:
    """The script and the job of the example are those of the page."""
    folder = ROOT / "examples/aws-yaml"
    text = (PAGES / f"{page.name}.md").read_text(encoding="utf-8")
    jobs = [block for info, block in blocks(text) if info == "yaml" and "jobs:" in block]
    assert [(folder / "rotate.yml").read_text(encoding="utf-8")] == jobs, "examples/aws-yaml/rotate.yml differs"
    script = (folder / "rotation-report.py").read_text(encoding="utf-8")
    assert script == page.extra["script"], "examples/aws-yaml/rotation-report.py differs"


def reported(page: Page, before: object, after: object, now: str) -> tuple[dict[str, object], int]:
    """The one line that the script prints, and its exit code."""
    with tempfile.TemporaryDirectory() as name:
        files = []
        for file, rotation in (("before", before), ("after", after)):
            files.append(Path(name, f"{file}.json"))
            files[-1].write_text(json.dumps({"rotation": rotation} if rotation else {}), encoding="utf-8")
        script = Path(name, "report.py")
        script.write_text(page.extra["script"], encoding="utf-8")
        command = [sys.executable, str(script), *map(str, files), now]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode in (0, 3), ended.stderr
        return dict(json.loads(ended.stdout)), ended.returncode


def consumer(page: Page) -> None:
    """The consumer's module with the real caching client: a new version is seen after the interval, not before."""
    import botocore.session
    from botocore.stub import Stubber

    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    client = botocore.session.get_session().create_client(
        "secretsmanager", aws_access_key_id="none", aws_secret_access_key="none"
    )
    kept = botocore.session.Session.create_client
    botocore.session.Session.create_client = lambda *_, **__: client
    try:
        module: dict[str, object] = {}
        exec(page.extra["consumer"], module)
    finally:
        botocore.session.Session.create_client = kept
    with Stubber(client) as stub:
        arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:payment/kafka-abcdef"
        stub.add_response("describe_secret", {"ARN": arn, "VersionIdsToStages": {"v" * 32: ["AWSCURRENT"]}})
        value = json.dumps({"key": "K1", "secret": "S1"})
        stub.add_response("get_secret_value", {"ARN": arn, "VersionId": "v" * 32, "SecretString": value})
        asked: Callable[[], object] = module["credentials"]  # type: ignore[assignment]
        assert asked() == ("K1", "S1") and asked() == ("K1", "S1"), "the cache gives something else"
        stub.assert_no_pending_responses()


SCRIPTS: dict[str, dict[str, Callable[[Page], None]]] = {
    "aws-secrets-manager": {"consumer": consumer},
    "ci": {"script": report, "job": in_examples},
    "files": {"command": install},
}
