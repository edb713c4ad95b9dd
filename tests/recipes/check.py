"""Checks every page of docs/recipes and prints one line of JSON for each check: {"how", "page", "language", "error"}.

How is `typed`, `mocked`, `linted` or `run`, which docs/recipes/README.md explains, or `refused`: a program of a page with
one mistake in it, which the check of that kind must find.
"""

import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import life
import yaml
from evaluate import Program, opened
from life import FIRST, RETIRED, SECOND, SECRET, Run, Secret
from lint import lint
from mistakes import MISTAKES, Mistake
from pages import PAGES, ROOT, Page, all_pages, blocks
from scripts import SCRIPTS

# The page whose consumer gets the previous key too.
WITH_PREVIOUS = ("kubernetes-both",)


def main() -> int:
    """Runs all checks; ends with 1 if one failed."""
    pages = all_pages()
    mistaken = [(it, it.make(pages)) for it in MISTAKES]
    types = type_errors(pages + [page for it, page in mistaken if it.how == "typed"])
    good = True
    for page in pages:
        good &= say("typed", page, "python", lambda page=page: expect(not types[page.name], types[page.name]))
        good &= say("mocked", page, "python", lambda page=page: mocked(page))
        good &= say("linted", page, "yaml", lambda page=page: linted(page))
        for what, script in SCRIPTS.get(page.name, {}).items():
            good &= say("run", page, what, lambda page=page, script=script: script(page))
    for mistake, page in mistaken:
        good &= say("refused", page, mistake.how, lambda it=mistake, page=page: refused(it, page, types))
    good &= say("linted", Page("README", "", "", {}), "links", links)
    return 0 if good else 1


def say(how: str, page: Page, language: str, check: Callable[[], object]) -> bool:
    """Makes one check and prints what came of it."""
    error = None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            check()
    except Exception as failure:  # whatever a program raises is a failed check
        shown = traceback.format_exception(failure, limit=-3)
        error = str(failure) if isinstance(failure, AssertionError) else "".join(shown)
    print(json.dumps({"how": how, "page": page.name, "language": language, "error": error}), flush=True)
    return error is None


def expect(true: object, otherwise: object) -> None:
    """Fails with these words."""
    if not true:
        raise AssertionError(str(otherwise))


def type_errors(pages: list[Page]) -> dict[str, str]:
    """What basedpyright says in strict mode about each page's programs, all in one go."""
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for page in pages:
            for name, text in {"program": page.python, **page.extra}.items():
                # Packages without types, as a consumer may use them, are read but not judged.
                if name != "consumer":
                    plain = re.sub("[^A-Za-z]+", "_", f"{page.name} {name}")
                    file = Path(folder, f"{plain}.py").resolve()
                    file.write_text(text, encoding="utf-8")
                    files[str(file)] = page.name
        settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT / "sdk/python")]}
        Path(folder, "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
        command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
        ended = subprocess.run([*command, "--project", folder], capture_output=True, text=True, check=False)
        report = json.loads(ended.stdout)
        expect(report["summary"]["filesAnalyzed"] == len(files), f"not all programs were read: {report['summary']}")
        errors = {page.name: "" for page in pages}
        for it in report["generalDiagnostics"]:
            errors[files[it["file"]]] += f"line {it['range']['start']['line'] + 1}: {it['message']}\n"
        return errors


def mocked(page: Page) -> None:
    """Runs the Python program at each moment of a key's life and compares what it hands on."""
    first, again, second, retired = (life.run(page.python, moment) for moment in (FIRST, FIRST, SECOND, RETIRED))
    for run, generation in ((first, 1), (second, 2), (retired, 2)):
        consumers_hold(page, run, generation)
    expect(stable(first) == stable(again), "a second run changes what is handed on although nothing was due")
    expect(stable(first) != stable(second), "the next generation changes nothing")
    changed = stable(second) != stable(retired)
    if page.name in WITH_PREVIOUS:
        expect(changed, "the end of the previous key changes nothing")
        expect(any("-of-1" in text for text in texts(second.handed_on)), "the previous key is not handed on")
        expect(not any("-of-1" in text for text in texts(retired.handed_on)), "the previous key stays")
    else:
        expect(not changed, "the end of the previous key changes what is handed on")


def consumers_hold(page: Page, run: Run, generation: int) -> None:
    """The current secret is there, marked wherever it stands, and an earlier one only where it should be."""
    held = texts(run.handed_on)
    current = any(SECRET in text and f"-of-{generation}" in text for text in held)
    expect(current, "the current secret is not handed on")
    bare = [text for text in texts(without_secrets(run.handed_on)) if SECRET in text]
    expect(not bare, f"a secret is not marked as one: {bare}")
    if page.name not in WITH_PREVIOUS:
        old = [text for text in held if f"-of-{generation - 1}" in text]
        expect(not old, f"a superseded key is handed on: {old}")


def linted(page: Page) -> None:
    """Names and types of the YAML program, and that it does what the Python program does."""
    lint(page.yaml)
    for moment in (FIRST, SECOND, RETIRED):
        evaluated, ran = Program(page.yaml, moment).run(), life.run(page.python, moment)
        consumers_hold(page, evaluated, moment.generation)
        left, right = comparable(evaluated), comparable(ran)
        expect(left == right, f"the programs differ at {moment}:\n  YAML   {left}\n  Python {right}")


def refused(mistake: Mistake, page: Page, types: dict[str, str]) -> None:
    """The check finds the mistake, and says what it is."""
    found = types.get(page.name, "")
    try:
        if mistake.how != "typed":
            {"mocked": mocked, "linted": linted}[mistake.how](page)
    except Exception as failure:
        found = str(failure)
    expect(mistake.words in found, f"{mistake.new!r} is not refused: {found!r}")


def stable(run: Run) -> Any:
    """What is handed on, without the page's output `rotation`, which is there to tell the time."""
    handed = {**run.handed_on, "outputs": {k: it for k, it in (run.outputs or {}).items() if k != "rotation"}}
    return opened(handed)


def comparable(run: Run) -> Any:
    """Inputs of all resources, and outputs: secrets opened, JSON parsed, and without what Kubernetes' classes add."""
    plain = {name: parsed(opened(inputs)) for name, inputs in run.resources.items()}
    for name, inputs in plain.items():
        if name.startswith("kubernetes:") and isinstance(inputs, dict):
            inputs.pop("apiVersion", None)
            inputs.pop("kind", None)
    text = json.dumps({**plain, "outputs": parsed(opened(run.outputs))}, sort_keys=True)
    # The Python program's mock names by content, as the provider does; that names change with the content is checked there.
    return re.sub(r"-(\d+|named-by-the-provider)\"", '-named"', text)


def parsed(value: Any) -> Any:
    """A value whose texts are parsed where they are JSON objects."""
    if isinstance(value, dict):
        return {name: parsed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [parsed(item) for item in value]
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def without_secrets(value: Any) -> Any:
    """What everybody may see."""
    if isinstance(value, dict):
        return {name: without_secrets(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return None if isinstance(value, Secret) else value


def texts(value: Any) -> list[str]:
    """Every text in it, secret or not."""
    value = value.value if isinstance(value, Secret) else value
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def links() -> None:
    """Links between files lead somewhere, and other YAML on the pages can be parsed."""
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            expect((path.parent / target).exists(), f"{path.name} leads to {target}, which is not there")
        for info, block in blocks(text):
            if info == "yaml":
                yaml.safe_load(block)


if __name__ == "__main__":
    sys.exit(main())
