"""Packs for the pages' examples: rule files under the manifest of the language reference."""

from __future__ import annotations

from pathlib import Path

from tests.docs.pages import DOCS, snippets

MANIFEST = snippets(DOCS / "reference" / "language.md", "yaml")[0].text


def pack(folder: Path, more: str = "", **files: str) -> Path:
    """Writes `NAME.limen` for each of `files` beside the manifest, to which `more` YAML is added."""
    folder.mkdir(exist_ok=True)
    (folder / "limen.yaml").write_text(MANIFEST + more, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.limen").write_text(text, encoding="utf-8")
    return folder
