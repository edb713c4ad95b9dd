"""The programs on the pages of docs/recipes, taken from the pages themselves."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/recipes"

# The resources of a page are these packages' and ours.
PACKAGES = ("aws", "azure", "command", "gcp", "github", "gitlab", "kubernetes", "pulumiservice", "vault")

_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One recipe: its name and its two programs."""

    name: str
    python: str
    yaml: str
    # Other Python on the page, by the word after "python" at its fence.
    extra: dict[str, str]


def blocks(text: str) -> list[tuple[str, str]]:
    """Every fenced block as (info string, text)."""
    return [(found["info"].strip(), found["text"]) for found in _BLOCK.finditer(text)]


def read(path: Path) -> Page:
    """A page, which must have one Python and one YAML program below the headings of these names."""
    text = path.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    programs = {}
    for heading, info in (("Python", "python"), ("YAML", "yaml")):
        found = [block for kind, block in blocks(sections.get(heading, "")) if kind == info]
        if not found:
            raise ValueError(f"{path.name}: no program below the heading {heading}")
        programs[heading] = found[0]
    extra = {info.split()[1]: block for info, block in blocks(text) if info.startswith("python ")}
    for heading in ("What happens at a rotation",):
        if heading not in sections:
            raise ValueError(f"{path.name}: no section {heading}")
    for needed in ("What it loses", "`overlap`", "Sources:", "stacks.md" if path.stem != "stacks" else "StackReference"):
        if needed not in text:
            raise ValueError(f"{path.name}: nothing about {needed}")
    return Page(path.stem, programs["Python"], programs["YAML"], extra)


def all_pages() -> list[Page]:
    """Every page but the overview, which must name each."""
    overview = (PAGES / "README.md").read_text(encoding="utf-8")
    pages = [read(path) for path in sorted(PAGES.glob("*.md")) if path.name != "README.md"]
    for page in pages:
        if f"({page.name}.md)" not in overview:
            raise ValueError(f"README.md does not name {page.name}.md")
    return pages


def write(folder: Path) -> None:
    """Every page's programs as projects that Pulumi runs: `PAGE/yaml`, `PAGE/python`, and other Python beside them."""
    for page in all_pages():
        for language in ("yaml", "python"):
            (folder / page.name / language).mkdir(parents=True)
        (folder / page.name / "yaml/Pulumi.yaml").write_text(page.yaml, encoding="utf-8")
        project = f"name: {page.name}\nruntime: python\n"
        (folder / page.name / "python/Pulumi.yaml").write_text(project, encoding="utf-8")
        (folder / page.name / "python/__main__.py").write_text(page.python, encoding="utf-8")
        for name, text in page.extra.items():
            (folder / page.name / f"{name}.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
