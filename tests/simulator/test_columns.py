"""Column maps: what they say, and how a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy_dsl.program import Input
from simulator.columns import Column, ColumnError, ColumnMap, text_of

HELD = ("hate", "ts", "region", "verdict")


def read(text: str) -> ColumnMap:
    return ColumnMap.from_text(text, "map.yaml")


def test_a_map_says_what_each_column_is() -> None:
    found = read(
        "version: 1\nlog: ours\ncolumns:\n  text.hate: hate\n  at: {from: ts, unit: ms}\n"
        "  label.hate: {from: verdict, positive: [bad, 1], negative: [ok, 2.0, no]}\n  modalities: {constant: [text]}\n"
        "assume: {a.*: false}\ncaveats: [mind this]\nno_signal: [region]\n"
    )
    assert found.columns["text.hate"] == Column("text.hate", "hate")
    assert found.columns["text.hate"].plain
    assert found.columns["at"].unit == "ms"
    assert found.columns["label.hate"].positive == {"bad", "1"}
    assert found.columns["label.hate"].negative == {"ok", "2", "no"}  # `no` is a word here, not false
    assert found.columns["modalities"].constant == ["text"]
    assert (found.caveats, found.no_signal, found.log) == (("mind this",), ("region",), "ours")
    assert found.assumptions(["a.b", "b.a"]) == {"a.b": False}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {a: {frm: x}}", "expected one of `from` and `constant`"),
        ("columns: {a: {from: x, unti: ms}}", "there is no key `columns.a.unti`, did you mean `unit`"),
        ("colums: {}", "there is no key `colums`, did you mean `columns`"),
        ("columns: {a: {from: x, unit: promille}}", "`columns.a.unit` is `promille`, expected `millionths`"),
        ("columns: {a: {from: x, constant: 1}}", "expected one of `from` and `constant`"),
        ("columns: {a: {from: x, zone: CET}}", "`columns.a.zone` is `CET`, expected `UTC`"),
        ("columns: {a: {from: x, positive: [y], negative: [y]}}", "`y` is positive and negative"),
        ("columns: {a: {from: x, positive: [y], at_least: 1}}", "expected `at_least`, or `positive` and `negative`"),
        ("columns: {a: {from: x, separator: ''}}", "`separator` is empty"),
        ("version: 2", "`version` is `2`, expected 1"),
        ("columns: [", "`map.yaml`, line 2: not valid YAML"),
        ("columns: {a: x, a: y}", "the key `a` stands twice"),
        ("- a", "is no column map, expected keys such as"),
        ("caveats: {a: b}", "`caveats`: expected a valid list"),
    ],
)
def test_a_wrong_map_is_told(text: str, said: str) -> None:
    with pytest.raises(ColumnError) as raised:
        read(text)
    assert said in str(raised.value)
    assert "`map.yaml`" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_pairs_go_before_the_map() -> None:
    found = read("columns: {text.hate: {from: h, unit: percent}}").with_pairs(["hate=text.hate", "a=b = at"])
    assert found.columns["text.hate"] == Column("text.hate", "hate", unit="percent")
    assert found.columns["at"].source == "a=b"
    for pair in ("hate", "=text.hate", "hate="):
        with pytest.raises(ColumnError, match="is no pair, expected FOREIGN=OURS"):
            ColumnMap().with_pairs([pair])


def test_a_column_that_is_not_there_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ColumnError, match=r"`log` has no column `verdikt` for `text\.hate`, did you mean `verdict`"):
        read("columns: {text.hate: verdikt}").for_schema(HELD, "log")
    with pytest.raises(ColumnError, match="there are `hate`, `region`, `ts`, `verdict`"):
        read("columns: {text.hate: zzzzzz}").for_schema(HELD, "log")
    assert read("columns: {text.hate: hate}").for_schema(HELD, "log")["region"] == Column("region", "region")


def test_our_names_are_checked_against_the_packs(tmp_path: Path) -> None:
    from simulator.log import open_log

    (tmp_path / "log.csv").write_text("x\n1\n")
    inputs = [Input("text.hate", "score")]
    with pytest.raises(ColumnError, match=r"speaks of `text\.hat`, which no pack reads, did you mean `text\.hate`"):
        open_log([str(tmp_path / "log.csv")], read("columns: {text.hat: x}"), inputs=inputs)
    with pytest.raises(ColumnError, match="`at` has the unit `percent`, expected `s`, `ms`, `us` or `ns`"):
        open_log([str(tmp_path / "log.csv")], read("columns: {at: {from: x, unit: percent}}"))
    with pytest.raises(ColumnError, match=r"the constant of `text\.hate` is `2`, expected a value of the kind `score`"):
        open_log([str(tmp_path / "log.csv")], read("columns: {text.hate: {constant: 2}}"), inputs=inputs)
    with pytest.raises(ColumnError, match=r"the constant of `text\.hate` is `True`"):
        open_log([str(tmp_path / "log.csv")], read("assume: {text.*: true}"), inputs=inputs)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (1, "1"), (1.0, "1"), (0.5, "0.5"), ("x", "x"), (None, None)]
)
def test_values_of_encodings_compare_as_texts(value: object, text: object) -> None:
    assert text_of(value) == text


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ColumnError, match="is not UTF-8, expected a column map in YAML"):
        ColumnMap.from_file(tmp_path / "map.yaml")
