"""The page about the report names all keys of the JSON, and its figures are ones that are read."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

from pydantic import TypeAdapter

from simulator.report.page import html
from simulator.report.stored import to_json
from simulator.result import Figure, Metric, Result
from tests.simulator.report.example import example

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "report.md").read_text(encoding="utf-8")


def test_every_key_of_the_json_is_told():
    told = re.findall(r"^\| `(\w+)` \|", PAGE.split("## The JSON")[1].split("Shares are")[0], re.MULTILINE)
    assert sorted(told) == sorted(field.name for field in fields(Result))


def test_the_page_is_made_again_from_the_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("result.json").write_text(to_json(example()), encoding="utf-8")
    exec(compile(PAGE.split("```python\n")[1].split("```")[0], "report.md", "exec"), {})
    assert Path("report.html").read_text(encoding="utf-8") == html(example())


def test_every_basis_is_told():
    table = PAGE.split("| `basis` | speaks of |")[1].split("A curve's value")[0]
    first = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    values = TypeAdapter(Metric).json_schema()["properties"]["basis"]["enum"]
    assert sorted(re.findall(r"`(\w+)`", first)) == sorted(values)


def test_the_figures_shown_are_figures():
    lines = [line for line in PAGE.splitlines() if line.startswith('{"kind"')]
    assert [TypeAdapter(Figure).validate_python(json.loads(line)).kind for line in lines] == [
        "estimate",
        "bounds",
        "refused",
    ]
