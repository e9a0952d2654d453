"""The tutorial is followed from the first page to the last: what it says to write is written, what it shows is what comes out.

Rules go into the one file it is about: a block that is indented into its policy, rows into its table, anything else to the end,
with a line between, as `limen fmt` wants it.
`…` stands for whatever comes there.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import limen
from tests.docs.pages import DOCS, Snippet, snippets
from tests.limen.packs import Run

PAGE = DOCS / "tutorial.md"
RULES, MANIFEST = Path("policies/shouting.limen"), Path("policies/limen.yaml")


def insert(path: Path, text: str, after: str) -> None:
    """Puts it behind what the pattern matches first."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(after, old, re.DOTALL)
    assert found, f"{path} has no place for {text!r}"
    path.write_text(old[: found.end()] + text + old[found.end() :], encoding="utf-8")


def write(block: Snippet) -> None:
    if block.kind == "yaml":
        insert(MANIFEST, block.text, r"  vendor\.spam:[^\n]*\n")
    elif "|" in block.text and block.text.startswith(" "):
        insert(RULES, block.text, r"\ntests .*?\n(?=})")
    elif block.text.startswith(" "):
        insert(RULES, f"\n{block.text}", r"policy .*?\n(?=})")
    else:
        insert(RULES, f"\n{block.text}" if RULES.exists() else block.text, r"\Z")


def meets(shown: str, seen: str) -> bool:
    return re.fullmatch(re.escape(shown).replace("…", ".*"), seen, re.DOTALL) is not None


def enter(block: Snippet, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of the block, with what is shown below it."""
    for entry in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, _, shown = entry.partition("\n")
        match shlex.split(line):
            case ["cd", folder]:
                monkeypatch.chdir(folder)
            case ["echo", text, ">", file]:
                Path(file).write_text(f"{text}\n", encoding="utf-8")
            case ["limen", *arguments]:
                status, out, err = run(*arguments)
                assert meets(shown, out + err), f"{line}\n{out}{err}"
                assert status == int(shown.startswith("error")), line
            case unknown:
                pytest.fail(f"no such command here: {unknown}")


def test_it_is_so_from_the_first_step_to_the_last(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in snippets(PAGE):
        match block.kind:
            case "console":
                enter(block, run, monkeypatch)
            case "python":
                exec(compile(block.text, "tutorial.md", "exec"), {"__name__": "tutorial"})
            case "text":
                assert capsys.readouterr().out == block.text
            case _:
                write(block)
    assert run("fmt", "--check", "policies") == (0, "", "")
    bundled = limen.Engine.load("bundle.json").decide(scores={"vendor.shouting": 0.95}, region="FR", modalities=[])
    assert bundled.enforcement == "reduce"


def test_a_new_rung_is_untested_until_its_rows_are_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in snippets(PAGE):
        if block.kind == "limen" and "FR     |" in block.text:
            break
        if block.kind == "console":
            enter(block, run, monkeypatch)
        else:
            write(block)
    status, out, _ = run("test", "policies", "--coverage")
    assert (status, "6 of 7 rungs" in out) == (1, True)
