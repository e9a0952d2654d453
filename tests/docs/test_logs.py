"""The page on scored logs names every column and key there is, and what it shows is what comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, cells, run_python, snippets
from tests.limen.packs import Run

pytest.importorskip("pyarrow")
PAGE = DOCS / "reference" / "logs.md"


def test_every_column_and_every_key_is_told() -> None:
    from simulator.columns import _Spec
    from simulator.reading.kinds import KNOWN

    assert cells(PAGE, "## The columns") == {*KNOWN, "label.<policy>"}
    assert cells(PAGE, "## A column map") == {"from", *_Spec.model_fields} - {"source"}


def test_the_map_reads() -> None:
    from simulator.columns import ColumnMap

    (block,) = snippets(PAGE, "yaml map")
    found = ColumnMap.from_text(block.text, "the page")
    assert found.columns["region"].values == {"uk": "GB", "usa": "US"}
    assert found.assumed == {"keywords.*.match": False}


def test_the_log_looks_as_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (command,) = snippets(PAGE, "console")
    status, out, err = run(*command.text.removeprefix("$ limen ").split())
    assert (status, err) == (0, "")
    (shown,) = snippets(PAGE, "describe")
    assert set(shown.text.splitlines()) <= set(out.splitlines())


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(Path(ROOT))
    run_python(PAGE, lambda: capsys.readouterr().out)
