"""The written files are what their sources give."""

from importlib.resources import files
from pathlib import Path

import pytest

from regions import RegionTree
from regions.plain_yaml import parse
from regions.table import regimes_table, with_table

TREE = files("regions") / "data" / "tree.yaml"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "regions.md"


def test_the_tree_file_is_the_one_that_its_sources_give():
    pytest.importorskip("babel")
    pytest.importorskip("pycountry")
    from regions.generate import sources, tree_yaml

    text = TREE.read_text("utf-8")
    if parse(text)["sources"] != sources():
        pytest.skip("written with other versions of Babel or pycountry")
    assert tree_yaml() == text


def test_the_tree_file_reads_the_same_in_any_yaml_reader():
    import yaml

    text = TREE.read_text("utf-8")
    assert yaml.safe_load(text) == parse(text)


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not part of the wheel")
def test_the_docs_show_every_regime():
    page = PAGE.read_text("utf-8")
    assert with_table(page) == page


def test_the_table_has_one_row_a_regime(tree: RegionTree):
    rows = regimes_table().splitlines()[2:]
    assert len(rows) == len(tree.all_regimes)
    assert all(row.count("|") == 7 for row in rows)
    assert any("`us-take-it-down`" in row and "| 48 |" in row and "from 2026-05-19 |" in row for row in rows)


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="the page lacks a marker"):
        with_table("# Regions\n")
