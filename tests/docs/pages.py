"""The documentation as tests read it: pages, their fenced blocks, headings and links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
FENCE = re.compile(r"^```(?P<kind>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")


@dataclass(frozen=True)
class Snippet:
    """A fenced block. `kind` is all that stands behind its opening fence; `line` is that of its first line in the page."""

    kind: str
    text: str
    line: int


def snippets(page: Path, *kinds: str) -> tuple[Snippet, ...]:
    """The page's blocks in order: all, or those of the given kinds."""
    text = page.read_text(encoding="utf-8")
    found = (Snippet(f["kind"], f["text"], text.count("\n", 0, f.start("text")) + 1) for f in FENCE.finditer(text))
    return tuple(snippet for snippet in found if not kinds or snippet.kind in kinds)


def pages() -> Iterator[Path]:
    yield README
    yield from sorted(DOCS.rglob("*.md"))


def prose(page: Path) -> str:
    """The page without its fenced blocks and code in a line: what stands there is no link and no heading."""
    return re.sub(r"`[^`\n]*`", "code", FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings can be linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> tuple[str, ...]:
    """Links to the repository's own files; those to other places are not followed."""
    return tuple(target for target in LINK.findall(prose(page)) if "://" not in target)


def cells(page: Path, heading: str) -> set[str]:
    """What stands as code in the first cells of the table rows below a heading."""
    section = f"\n{FENCE.sub('', page.read_text(encoding='utf-8'))}".partition(f"\n{heading}\n")[2]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def run_python(page: Path, printed: Callable[[], str]) -> dict[str, Any]:
    """Runs the page's ```python blocks in order, each ```text block being what was printed since the last; what they define.

    `printed` gives what was written to standard output since it was last asked.
    """
    defined: dict[str, Any] = {"__name__": page.stem}
    for block in snippets(page, "python", "text"):
        if block.kind == "python":
            assert printed() == "", f"what is printed above line {block.line} is not shown"
            exec(compile(block.text, str(page), "exec"), defined)
        else:
            assert printed() == block.text
    return defined
