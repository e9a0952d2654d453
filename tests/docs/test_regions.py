"""The page on regions: its Python gives what its comments say, its additions fit the tree, its messages are the tree's."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from regions import RegionError, RegionSpec, load_regions
from tests.docs.pages import DOCS, snippets

PAGE = DOCS / "reference" / "regions.md"
TREE = load_regions()


def test_each_line_gives_what_stands_behind_it() -> None:
    (block,) = snippets(PAGE, "python")
    defined: dict[str, Any] = {}
    for line in block.text.splitlines():
        code, _, shown = line.partition("#")
        if shown:
            assert eval(code, defined) == ast.literal_eval(shown.partition(", the most")[0].strip()), line
        else:
            exec(code, defined)


def test_what_the_example_adds_fits_the_tree() -> None:
    (block,) = snippets(PAGE, "yaml")
    added = yaml.safe_load(block.text)
    more = TREE.extend({code: RegionSpec(**spec) for code, spec in added["regions"].items()}, added["groups"])
    assert more.chain("US-CA") == ("US-CA", "US", "GLOBAL")
    assert more.expand("dharmic") == ("IN", "NP", "LK", "JP")


def test_the_messages_are_those_of_the_tree() -> None:
    (block,) = snippets(PAGE, "text")
    regions = {"US-CA": RegionSpec("USA"), "A": RegionSpec("B"), "B": RegionSpec("A")}
    with pytest.raises(RegionError) as caught:
        TREE.extend(regions, {"dharmic": ["IN", "UK"]})
    assert list(caught.value.problems) == block.text.splitlines()


def test_the_tree_is_as_told() -> None:
    countries = [code for code in TREE.codes if code not in ("GLOBAL", "EU")]
    assert len(countries) == 249
    assert len([code for code in countries if TREE.region(code).parent == "EU"]) == 27
    assert {code: TREE.suggest(code) for code in ("UK", "EL")} == {"UK": "GB", "EL": "GR"}
    assert not {"UK", "EL", "XK"} & set(countries)
    assert all(TREE.region(code).parent == "FR" for code in ("GF", "GP", "MF", "MQ", "RE", "YT"))
    assert TREE.region("AX").parent == "FI"
    assert all(TREE.chain(code) == (code, "GLOBAL") for code in ("PR", "GI", "HK", "NC", "PF", "BL", "AW", "GL", "GB"))
    assert set(TREE.groups) == {"EEA"}
    assert set(TREE.expand("EEA")) == {"EU", "IS", "LI", "NO"}


def test_regimes_are_those_of_the_region_and_above() -> None:
    found = TREE.regimes("DE", datetime(2026, 11, 1, tzinfo=UTC))
    assert [regime.regions[0] for regime in found] == sorted([r.regions[0] for r in found], key=["DE", "EU"].index)
    assert {regime.regions for regime in found} == {("DE",), ("EU",)}
