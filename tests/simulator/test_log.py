"""A scored log with every kind of dirt: what comes out, and that the account tells what did not."""

from __future__ import annotations

import gzip
import io
import json
import math
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from engine.record import Missing, score
from policy_dsl.program import Input
from simulator.columns import ColumnError, ColumnMap
from simulator.log import Log, LogError, open_log

INPUTS = (
    Input("text.hate", "score", modality="text"),
    Input("text.spam", "score", modality="text"),
    Input("keywords.slurs.match", "bool", modality="text", scorer="keywords"),
    Input("keywords.slurs.count", "int", modality="text", scorer="keywords"),
    Input("author.age_days", "int"),
    Input("content.context", "enum", values=("none", "news"), default="none"),
    Input("content.tags", "set", default=[]),
    Input("price", "double", optional=True),
)
NAN, INF = math.nan, math.inf
Rows = list[dict[str, Any]]
Write = Callable[..., Path]


def read(log: Log, *names: str) -> Rows:
    return [row for batch in log.batches(names or log.schema.names) for row in batch.to_pylist()]


def column(log: Log, name: str) -> list[Any]:
    return [row[name] for row in read(log, name)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def parquet(columns: dict[str, Any], name: str = "log.parquet", **options: Any) -> Path:
        path = tmp_path / name
        pq.write_table(pa.table(columns), path, **options)
        return path

    return parquet


def opened(*paths: Path, columns: str = "", **options: Any) -> Log:
    mapped = ColumnMap.from_text(columns, "map.yaml") if columns else None
    return open_log([str(path) for path in paths], mapped, inputs=INPUTS, **options)


# -- scores ----------------------------------------------------------------------------------------------------------


def test_what_is_no_score_is_null_and_counted(write: Write) -> None:
    values = [0.25, NAN, INF, -INF, 1.5, -0.1, None, 1.0000001, 1.0, 0.0]
    log = opened(write({"text.hate": pa.array(values, pa.float64(), from_pandas=False)}))
    assert column(log, "text.hate") == [250_000, None, None, None, None, None, None, 1_000_000, 1_000_000, 0]
    told = log.account.column("text.hate")
    assert told is not None
    assert (told.rows, told.nulls, told.nan, told.infinite, told.out_of_range, told.bad) == (10, 1, 1, 2, 2, 5)
    assert "`text.hate`: 1 not a number (NaN), 2 infinite, 2 out of range of 10 became null" in log.account.told()[0]


def test_whole_numbers_are_millionths(write: Write) -> None:
    log = opened(write({"text.hate": pa.array([0, 1, 1_000_000, 1_000_001, -1, None], pa.int32())}))
    assert column(log, "text.hate") == [0, 1, 1_000_000, None, None, None]
    told = log.account.column("text.hate")
    assert told is not None
    assert (told.out_of_range, told.nulls) == (2, 1)
    assert told.examples == ("1000001", "-1")


@pytest.mark.parametrize(("micros", "expected"), [(1_000_000, 1_000_000), (1_000_001, None), (-1, None)])
def test_the_ends_of_the_range(write: Write, micros: int, expected: int | None) -> None:
    assert column(opened(write({"text.hate": pa.array([micros], pa.int32())})), "text.hate") == [expected]


def test_good_millionths_are_handed_through_without_a_copy(write: Write) -> None:
    path = write({"text.hate": pa.array([5, 6, None], pa.int32())})
    batch = next(iter(opened(path).batches(["text.hate"])))
    assert batch.column(0).type == pa.int32()
    assert batch.column(0).to_pylist() == [5, 6, None]


@given(
    st.lists(st.one_of(st.floats(width=32), st.floats(0, 1, width=32)), max_size=20),
    st.sampled_from([pa.float32(), pa.float64()]),
)
def test_shares_become_what_a_record_makes_of_them(values: list[float], type: pa.DataType) -> None:
    """Ruling R21: widened first, rounded, then tested."""
    table = pa.table({"text.hate": pa.array(values, type)})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    expected = [None if isinstance(found := score(value), Missing) else found for value in values]
    log = _from_bytes(sink.getvalue())
    assert column(log, "text.hate") == expected


def _from_bytes(data: bytes) -> Log:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".parquet", delete=False) as file:
        file.write(data)
    try:
        log = open_log([file.name], inputs=INPUTS)
        rows = list(log.batches(["text.hate"]))
        log.batches = lambda *_, **__: iter(rows)  # type: ignore[method-assign]
    finally:
        Path(file.name).unlink()
    return log


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        ("percent", [0, 12.5, 100, 100.1, None], [0, 125_000, 1_000_000, None, None]),
        ("logit", [0.0, 800.0, -800.0, NAN], [500_000, 1_000_000, 0, None]),
        ("millionths", [5.0, 0.5, 2e6], [5, None, None]),
        ("share", [1, 0], [1_000_000, 0]),
    ],
)
def test_units(write: Write, unit: str, values: list[float], expected: list[int | None]) -> None:
    log = opened(
        write({"h": pa.array(values, pa.float64())}), columns=f"columns: {{text.hate: {{from: h, unit: {unit}}}}}"
    )
    assert column(log, "text.hate") == expected


def test_texts_in_the_place_of_scores_are_of_a_wrong_type_unless_a_unit_is_said(write: Write) -> None:
    path = write({"text.hate": ["0.5", "high", None, "nan"]})
    log = opened(path)
    assert column(log, "text.hate") == [None] * 4
    assert log.account.column("text.hate").wrong_type == 3  # type: ignore[union-attr]
    log = opened(path, columns="columns: {text.hate: {from: text.hate, unit: share}}")
    assert column(log, "text.hate") == [500_000, None, None, None]
    told = log.account.column("text.hate")
    assert told is not None
    assert (told.unparsable, told.nan, told.nulls, told.examples) == (1, 1, 1, ("high", "nan"))


@pytest.mark.parametrize("type", [pa.int64(), pa.int32(), pa.float64()])
def test_views_that_would_not_add_up_are_none(write: Write, type: pa.DataType) -> None:
    most = 10**12 if type != pa.int32() else 7
    beyond = [2**53, 10**12 + 1] if type != pa.int32() else [-5, -1]
    views = pa.array([*beyond, most, -1, None], pa.int64()).cast(type)
    log = opened(write({"id": list("abcde"), "views": views}))
    assert [row["views"] for row in read(log)] == [None, None, most, None, None]


# -- the other kinds -------------------------------------------------------------------------------------------------


def test_every_other_kind_of_dirt(write: Write) -> None:
    log = opened(
        write(
            {
                "id": pa.array([1, 2, 3]),
                "region": ["DE", "Atlantis", None],
                "language": pa.array(["en", None, "de"]).dictionary_encode(),
                "views": pa.array([-1, 2, None]),
                "review.propensity": pa.array([1e-30, 0.5, 1.5], pa.float32()),
                "label.hate": pa.array([0, 1, 7], pa.int8()),
                "keywords.slurs.match": [True, None, False],
                "keywords.slurs.count": pa.array([1.0, 1.5, NAN]),
                "author.age_days": pa.array([1, 2**63, 3], pa.uint64()),
                "content.context": pa.array(["news", "none", None], pa.large_string()),
                "content.tags": pa.array([["a"], [], None], pa.large_list(pa.large_string())),
                "price": pa.array([1.5, INF, None]),
                "modalities": [["text"], None, ["text", "image"]],
            }
        )
    )
    assert read(log) == [
        {
            "id": "1", "region": "DE", "language": "en", "views": None, "review.propensity": None, "label.hate": False,
            "keywords.slurs.match": True, "keywords.slurs.count": 1, "author.age_days": 1, "content.context": "news",
            "content.tags": ["a"], "price": 1.5, "modalities": ["text"],
        },
        {
            "id": "2", "region": "Atlantis", "language": None, "views": 2, "review.propensity": 0.5, "label.hate": True,
            "keywords.slurs.match": None, "keywords.slurs.count": None, "author.age_days": None, "content.context": "none",
            "content.tags": [], "price": None, "modalities": None,
        },
        {
            "id": "3", "region": None, "language": "de", "views": None, "review.propensity": None, "label.hate": None,
            "keywords.slurs.match": False, "keywords.slurs.count": None, "author.age_days": 3, "content.context": None,
            "content.tags": None, "price": None, "modalities": ["text", "image"],
        },
    ]  # fmt: skip
    counts = {one.name: one.bad for one in log.account.columns}
    assert {name: bad for name, bad in counts.items() if bad} == {
        "views": 1, "review.propensity": 2, "label.hate": 1, "keywords.slurs.count": 2, "author.age_days": 1, "price": 1
    }  # fmt: skip
    assert log.account.column("region").unlisted == (("Atlantis", 1),)  # type: ignore[union-attr]
    assert "`region`: 1 rows with `Atlantis`, which is no region of the tree" in log.account.told()
    assert log.schema.field("region").type == pa.dictionary(pa.int32(), pa.string())


def test_columns_of_a_type_that_they_cannot_have(write: Write) -> None:
    structs = pa.array([[1]], pa.list_(pa.int8()))
    log = opened(write(dict.fromkeys(("text.hate", "region", "id", "label.hate", "modalities", "views"), structs)))
    assert set(read(log)[0].values()) == {None}
    assert all(one.wrong_type + one.unknown == 1 for one in log.account.columns)


@pytest.mark.parametrize(
    ("values", "spec", "micros"),
    [
        (pa.array([1, None], pa.timestamp("s", "UTC")), "{from: ts}", [1_000_000, None]),
        (pa.array([1_500], pa.timestamp("ms", "Asia/Tokyo")), "{from: ts}", [1_500_000]),
        (pa.array([-1_001], pa.timestamp("ns", "UTC")), "{from: ts}", [-2]),
        (pa.array([1], pa.timestamp("us")), "{from: ts, zone: UTC}", [1]),
        (pa.array([2, -(2**62)], pa.int64()), "{from: ts, unit: s}", [2_000_000, None]),
        (pa.array([1.5, NAN]), "{from: ts, unit: ms}", [1_500, None]),
        (pa.array(["1970-01-01T00:00:01Z", "1970-01-01T01:00:01+01:00"]), "{from: ts}", [1_000_000, 1_000_000]),
        (pa.array(["1970-01-01T00:00:01Z", "1970-01-01", "soon"]), "{from: ts}", [1_000_000, None, None]),
        (pa.array(["1970-01-01 00:00:01", "1970-01-02"]), "{from: ts, zone: UTC}", [1_000_000, 86_400_000_000]),
        (pa.array([1], pa.date32()), "{from: ts, zone: UTC}", [86_400_000_000]),
    ],
)
def test_times(write: Write, values: pa.Array, spec: str, micros: list[int | None]) -> None:
    log = opened(write({"ts": values}), columns=f"columns: {{at: {spec}}}")
    assert [batch.column(0).view(pa.int64()).to_pylist() for batch in log.batches(["at"])] == [micros]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array([1], pa.timestamp("us")), "names no time zone; if it is UTC, say so in the column map"),
        (pa.array([1], pa.int64()), "holds numbers, expected a unit for `at`: `{from: at, unit: ms}`"),
    ],
)
def test_times_are_not_guessed(write: Write, values: pa.Array, said: str) -> None:
    with pytest.raises(ColumnError, match="`at` of `") as raised:
        opened(write({"at": values}))
    assert said in str(raised.value)


def test_times_that_run_backward_are_counted_across_batches_and_files(write: Write) -> None:
    first = write({"at": pa.array([1, 5, 3, 7], pa.timestamp("us", "UTC"))})
    second = write({"at": pa.array([6, 9], pa.timestamp("us", "UTC"))}, "other.parquet")
    log = opened(first, second)
    assert sum(batch.num_rows for batch in log.batches(["at"], size=2)) == 6
    assert (log.account.backward, log.account.since, log.account.until) == (2, 1, 9)
    assert any("2 rows lie before the row above" in line for line in log.account.told())


def test_labels_by_their_classes(write: Write) -> None:
    path = write({"verdict": ["hate_speech", "fine", None, "odd"], "votes": [3, 1, 0, None]})
    spec = "{from: verdict, positive: [hate_speech], negative: [fine]}"
    log = opened(path, columns=f"columns: {{label.hate: {spec}, label.votes: {{from: votes, at_least: 2}}}}")
    assert [tuple(row.values()) for row in read(log, "label.hate", "label.votes")] == [
        (True, True), (False, False), (None, False), (None, None),
    ]  # fmt: skip
    told = log.account.column("label.hate")
    assert told is not None
    assert (told.unknown, told.nulls, told.examples) == (1, 1, ("odd",))
    log = opened(path, columns=f"columns: {{label.hate: {spec[:-1]}, others: negative}}}}")
    assert column(log, "label.hate") == [True, False, None, False]


def test_values_are_renamed(write: Write) -> None:
    spec = "{from: land, values: {germany: DE, usa: US}, others: null, nulls: GLOBAL}"
    log = opened(write({"land": ["usa", "germany", None, "xx", "usa"]}), columns=f"columns: {{region: {spec}}}")
    assert column(log, "region") == ["US", "DE", "GLOBAL", None, "US"]
    assert log.account.column("region").unknown == 1  # type: ignore[union-attr]


def test_a_row_for_several_regions_is_a_row_for_each(write: Write) -> None:
    log = opened(
        write({"region": [["DE", "US", "DE"], [], None, ["FR"]], "text.hate": pa.array([1, 2, 3, 4], pa.int32())})
    )
    assert [tuple(row.values()) for row in read(log)] == [("DE", 1), ("US", 1), (None, 2), (None, 3), ("FR", 4)]
    assert (log.account.rows_read, log.account.rows) == (4, 5)


def test_lists_of_regions_under_another_name_are_there_as_they_are_too(write: Write) -> None:
    path = write({"where": [["DE", "US"], ["FR"]]})
    log = opened(path, columns="columns: {region: where, modalities: {constant: [text]}}")
    assert [tuple(row.values()) for row in read(log, "region", "where", "modalities")] == [
        (["DE", "US"], "DE", ["text"]), (["DE", "US"], "US", ["text"]), (["FR"], "FR", ["text"]),
    ]  # fmt: skip


def test_constants_and_assumptions(write: Write) -> None:
    columns = "columns: {modalities: {constant: [text]}}\nassume: {keywords.*.match: false, text.spam: 0.25}\nno_signal: [region]"
    log = opened(write({"text.hate": pa.array([1, 2], pa.int32())}), columns=columns)
    rows = read(log, "text.hate", "text.spam", "modalities", "keywords.slurs.match", "keywords.slurs.count")
    assert rows[1] == {"text.hate": 2, "modalities": ["text"], "keywords.slurs.match": False, "text.spam": 250_000}
    assert log.account.missing == ("keywords.slurs.count",)
    assert log.account.assumed == {"keywords.slurs.match": False, "text.spam": 0.25}
    assert "`region` carries no signal: a breakdown by it means nothing" in log.account.told()


# -- files -----------------------------------------------------------------------------------------------------------


ROWS = {
    "id": ["a", "b", "c"],
    "text.hate": [0.5, None, 0.123456],
    "region": ["DE", "US", None],
    "keywords.slurs.match": [True, False, None],
    "author.age_days": [1, 2, None],
    "at": [datetime(2026, 9, day, tzinfo=UTC) for day in (1, 2, 3)],
}
EXPECTED = [
    {"id": "a", "text.hate": 500_000, "region": "DE", "keywords.slurs.match": True, "author.age_days": 1, "at": ROWS["at"][0]},
    {"id": "b", "text.hate": None, "region": "US", "keywords.slurs.match": False, "author.age_days": 2, "at": ROWS["at"][1]},
    {"id": "c", "text.hate": 123_456, "region": None, "keywords.slurs.match": None, "author.age_days": None, "at": ROWS["at"][2]},
]  # fmt: skip


def _json_lines(flat: bool) -> bytes:
    rows = []
    for row in pa.table(ROWS).to_pylist():
        row["at"] = row["at"].isoformat()
        scores = {name: row.pop(name) for name in ("text.hate", "keywords.slurs.match")}
        facts = {"author.age_days": row.pop("author.age_days")}
        rows.append(row | scores | facts if flat else row | {"scores": scores, "facts": facts})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _csv() -> bytes:
    sink = io.BytesIO()
    table = pa.table(ROWS)
    times = [None if at is None else at.isoformat() for at in table["at"].to_pylist()]
    pacsv.write_csv(table.set_column(5, "at", pa.array(times)), sink)
    return sink.getvalue()


def _arrow(stream: bool) -> bytes:
    sink = io.BytesIO()
    table = pa.table(ROWS)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table, 2)
    return sink.getvalue()


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(ROWS), sink)
    return sink.getvalue()


def _nested() -> bytes:
    """Scores and facts as structs, as DuckDB would write records."""
    table = pa.Table.from_pylist([json.loads(line) for line in _json_lines(flat=False).splitlines()])
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


FORMATS = {
    "log.parquet": _parquet,
    "nested.parquet": _nested,
    "named-otherwise": _parquet,
    "log.arrow": lambda: _arrow(stream=False),
    "log.feather": lambda: _arrow(stream=False),
    "log.arrows": lambda: _arrow(stream=True),
    "log.csv": _csv,
    "log.csv.gz": lambda: gzip.compress(_csv()),
    "log.jsonl": lambda: _json_lines(flat=False),
    "flat.ndjson": lambda: _json_lines(flat=True),
    "log.jsonl.gz": lambda: gzip.compress(_json_lines(flat=False)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMATS[name]())
    log = opened(path)
    names = list(EXPECTED[0])
    assert [{name: row[name] for name in names} for row in read(log)] == EXPECTED
    assert log.schema.field("region").type == pa.dictionary(pa.int32(), pa.string())
    uri = open_log([path.as_uri()], inputs=INPUTS)
    assert column(uri, "text.hate") == [500_000, None, 123_456]


def test_feather_with_compression(tmp_path: Path) -> None:
    feather.write_feather(pa.table(ROWS), tmp_path / "log.feather", compression="zstd")
    assert column(opened(tmp_path / "log.feather"), "text.hate") == [500_000, None, 123_456]


def test_what_moderate_logs(tmp_path: Path) -> None:
    row = {
        "id": "p", "region": ["DE", "AT"], "at": "2026-11-22T03:38:04.263267+00:00", "modalities": ["text"],
        "scores": {"text.hate": 0.009053, "keywords.slurs.match": False}, "facts": {"author.age_days": 400, "content.tags": ["x"]},
        "skipped": ["text.spam"], "way": "decisive", "propensity": 1.0, "scorers": {"text": "text-linear@1"},
    }  # fmt: skip
    (tmp_path / "log.jsonl").write_text(json.dumps(row) + "\n")
    log = opened(tmp_path / "log.jsonl")
    wanted = (
        "id",
        "region",
        "modalities",
        "text.hate",
        "author.age_days",
        "content.tags",
        "skipped",
        "way",
        "propensity",
    )
    first, second = read(log, *wanted)
    assert first == second | {"region": "DE"}
    assert second == {
        "id": "p", "region": "AT", "modalities": ["text"], "text.hate": 9053, "author.age_days": 400, "content.tags": ["x"],
        "skipped": ["text.spam"], "way": "decisive", "propensity": 1.0,
    }  # fmt: skip


def test_json_of_every_wrong_type(tmp_path: Path) -> None:
    values: list[Any] = [0.5, True, "0.5", None, [1], {"a": 1}, 10**400, 1, "nan"]
    lines = [json.dumps({"id": i, "text.hate": value, "region": value, "at": value}) for i, value in enumerate(values)]
    lines += ["not json", "[1]", '{"id": 9, "text.hate": NaN}', '{"id": 10, "text.hate": Infinity', ""]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    log = opened(tmp_path / "log.jsonl")
    rows = read(log)
    assert [row["text.hate"] for row in rows] == [500_000, None, None, None, None, None, None, 1_000_000, None, None]
    told = log.account.column("text.hate")
    assert told is not None
    assert (told.wrong_type, told.infinite, told.nan, told.nulls) == (4, 1, 1, 2)
    assert log.account.skipped == {"a line that is no JSON object": 3}


def test_csv_with_lines_of_other_lengths_and_values_that_are_none(tmp_path: Path) -> None:
    text = 'text.hate,region,keywords.slurs.match,content.tags\n0.5,DE,true,a|b\nhigh,US,maybe,\n1,2\n1e-3,"U\nS",0,c\n'
    (tmp_path / "log.csv").write_text(text)
    log = opened(tmp_path / "log.csv", columns='columns: {content.tags: {from: content.tags, separator: "|"}}')
    assert [tuple(row.values()) for row in read(log)] == [
        (500_000, "DE", True, ["a", "b"]), (None, "US", None, None), (1_000, "U\nS", False, ["c"]),
    ]  # fmt: skip
    assert log.account.skipped == {"a line with 2 values instead of 4": 1}
    assert log.account.column("text.hate").unparsable == 1  # type: ignore[union-attr]
    assert log.account.column("keywords.slurs.match").unknown == 1  # type: ignore[union-attr]


def test_folders_globs_and_files_of_different_columns(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "day=1"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"text.hate": pa.array([1], pa.int32())}), folder / "a.parquet")
    pq.write_table(pa.table({"text.hate": [0.5], "region": ["DE"]}), tmp_path / "logs" / "b.parquet")
    (tmp_path / "logs" / "_SUCCESS").touch()
    (tmp_path / "logs" / "notes.txt").write_text("hello")
    for pattern in (tmp_path / "logs", tmp_path / "logs" / "**" / "*.parquet"):
        rows = read(open_log([str(pattern)], inputs=INPUTS), "text.hate", "region")
        assert sorted((row["text.hate"], row["region"]) for row in rows[:1]) + rows[1:] in (
            [(500_000, "DE"), {"text.hate": 1, "region": None}],
            [(1, None), {"text.hate": 500_000, "region": "DE"}],
        ) or {(row["text.hate"], row["region"]) for row in rows} == {(1, None), (500_000, "DE")}
    uri = (tmp_path / "logs").as_uri()
    assert {row["text.hate"] for row in read(open_log([uri], inputs=INPUTS), "text.hate")} == {1, 500_000}


def test_parts_merge_to_the_whole(tmp_path: Path, write: Write) -> None:
    first = write({"text.hate": [0.5, NAN], "at": pa.array([1, 2], pa.timestamp("us", "UTC"))})
    second = write({"text.hate": [2.0], "at": pa.array([3], pa.timestamp("us", "UTC"))}, "b.parquet")
    log = opened(first, second)
    read(log, "text.hate", "at")
    accounts = []
    for part in log.parts:
        read(part, "text.hate", "at")
        accounts.append(part.account)
    merged = accounts[0].merge(accounts[1])
    assert merged == log.account


def test_parts_travel_to_other_processes(write: Write) -> None:
    log = opened(write({"text.hate": [0.5, NAN], "region": ["DE", "US"]}), columns="assume: {text.spam: 0.5}")
    (part,) = pickle.loads(pickle.dumps(log.parts))
    assert read(part, "text.hate", "text.spam") == read(log, "text.hate", "text.spam")


def test_zero_rows(write: Write, tmp_path: Path) -> None:
    log = opened(write({"text.hate": pa.array([], pa.int32())}))
    assert read(log) == []
    assert (log.rows, log.account.rows, log.account.told()) == (0, 0, ("the log holds no row",))
    (tmp_path / "log.csv").write_text("text.hate,region\n")
    assert read(opened(tmp_path / "log.csv")) == []


def test_none_of_the_columns(write: Write) -> None:
    with pytest.raises(LogError, match=r"none of the columns that are asked for \(`text\.hate`\), but `x`"):
        opened(write({"x": [1]})).batches(["text.hate"])
    with pytest.raises(LogError, match="none of the columns that are asked for, but `x`"):
        opened(write({"x": [1]})).batches([])


def test_only_what_is_asked_for_is_read(write: Write) -> None:
    log = opened(write({"text.hate": pa.array([1], pa.int32()), "region": ["DE"], "other": [1], "id": ["a"]}))
    assert [batch.schema.names for batch in log.batches(["region", "text.hate", "nothing"])] == [
        ["text.hate", "region"]
    ]
    assert log.account.ignored == ("other",)
    assert log.account.missing == ("nothing",)


def test_batches_are_bounded_and_in_order(write: Write) -> None:
    values = pa.array(range(1000), pa.int32())
    log = opened(write({"text.hate": values}, row_group_size=300))
    batches = list(log.batches(["text.hate"], size=128))
    assert max(batch.num_rows for batch in batches) <= 128
    assert pa.concat_arrays([batch.column(0) for batch in batches]) == values


@pytest.mark.parametrize("most", [0, 1 << 40])
def test_large_row_groups_are_not_held_whole(write: Write, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    from simulator.reading import tables

    monkeypatch.setattr(tables, "MOST_HELD", most)
    values = pa.array(np.random.default_rng(0).integers(0, 10**6, 500_000), pa.int32())
    path = write({"text.hate": values}, use_dictionary=False, compression="none", data_page_size=1 << 21)
    log = opened(path)
    assert pa.concat_arrays([batch.column(0) for batch in log.batches(["text.hate"], size=9999)]) == values


# -- damage ----------------------------------------------------------------------------------------------------------


def test_a_parquet_file_without_its_end_is_refused(write: Write, tmp_path: Path) -> None:
    path = write({"text.hate": pa.array(range(1000), pa.int32())})
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LogError, match="footer, which stands at the end, cannot be read"):
        opened(cut)
    log = opened(path, cut)
    assert len(read(log)) == 1000
    (refused,) = (file for file in log.account.files if file.refused)
    assert refused.path == str(cut)
    assert any(f"`{cut}` was not read" in line for line in log.account.told())


def test_a_parquet_file_with_a_hole_is_read_up_to_it(write: Write, tmp_path: Path) -> None:
    path = write(
        {"text.hate": np.random.default_rng(0).random(2000)},
        row_group_size=500,
        compression="zstd",
        use_dictionary=False,
    )
    data = bytearray(path.read_bytes())
    group = pq.ParquetFile(path).metadata.row_group(2).column(0)
    data[group.data_page_offset : group.data_page_offset + 400] = b"\xff" * 400
    hole = tmp_path / "hole.parquet"
    hole.write_bytes(data)
    log = opened(hole)
    rows = len(read(log))
    assert rows < 2000
    (file,) = log.account.files
    assert file.damage is not None
    assert (file.rows, file.declared) == (rows, 2000)
    assert file.damage.startswith(f"after {rows} rows: ")


@pytest.mark.parametrize("stream", [True, False])
def test_a_truncated_arrow_file(tmp_path: Path, stream: bool) -> None:
    sink = io.BytesIO()
    table = pa.table({"text.hate": pa.array(range(3000), pa.int32())})
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table, 1000)
    (tmp_path / "cut.arrow").write_bytes(sink.getvalue()[:-2000])
    if not stream:
        with pytest.raises(LogError, match="its index stands at the end: the file is not whole"):
            opened(tmp_path / "cut.arrow")
        return
    log = opened(tmp_path / "cut.arrow")
    assert len(read(log)) == 2000
    assert log.account.files[0].damage is not None


def test_a_truncated_gzip_is_read_up_to_its_end(tmp_path: Path) -> None:
    rows = "".join(
        json.dumps({"text.hate": value}) + "\n" for value in np.random.default_rng(0).random(40_000).round(6)
    )
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(rows.encode(), 1)[:-30_000])
    log = opened(tmp_path / "log.jsonl.gz")
    assert 0 < len(read(log)) < 40_000
    account = log.account
    assert account.files[0].damage or account.skipped


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.parquet", b"", "is named as Parquet and is empty"),
        ("text.parquet", b"hello, world", "is named as Parquet and does not begin as such a file does"),
        ("short.parquet", b"PAR1", "footer, which stands at the end, cannot be read"),
        ("secret.parquet", b"PARE0000", "encrypted Parquet file, which is not supported"),
        ("log.parqet", b"hello", "did you mean `.parquet`"),
        ("log.xlsx", b"PK\x03\x04", "of no kind of log that its name or first bytes tell, expected `*.parquet`"),
        ("empty.csv", b"", "is empty, expected a line with the names of the columns"),
        ("empty.jsonl", b"\n", "is empty, expected a JSON object a line"),
        ("twice.csv", b"a,a\n1,2\n", "two columns are named `a`"),
        ("text.jsonl", b"hello\n", "does not begin with JSON objects, expected a JSON object a line"),
        ("latin.csv", "text.hate,who\n0.5,\xe9\n".encode("latin-1"), ""),
    ],
)
def test_files_that_are_no_logs(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    if not said:
        assert column(opened(path), "text.hate") == [500_000]
        return
    with pytest.raises(LogError) as raised:
        opened(path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.parquet", "there is no `"),
        ("*.parquet", "no file fits `"),
        ("", "the name of a log is empty"),
        ("gopher://x/y", "cannot look for `gopher://x/y`"),
    ],
)
def test_logs_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LogError) as raised:
        open_log([path])
    assert said in str(raised.value)


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    from simulator.reading import texts

    path = tmp_path / "log.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text.hate": 0.5}\n')
        file.truncate(64 << 20)  # a hole of zeros
        file.seek(64 << 20)
        file.write(b'\n{"text.hate": 0.25}\n')
    log = opened(path)
    assert column(log, "text.hate") == [500_000, 250_000]
    assert log.account.skipped == {f"a line longer than {texts.LONGEST_LINE >> 20} MiB": 1}


def test_ten_gigabytes_are_opened_by_the_footer(write: Write, tmp_path: Path) -> None:
    big = sparse(write({"text.hate": pa.array(range(100), pa.int32())}), tmp_path / "big.parquet")
    log = opened(big)
    assert log.rows == 100
    assert log.sources[0].bytes == big.stat().st_size > 10 << 30


def sparse(path: Path, target: Path) -> Path:
    """The file with a hole of ten gigabytes between its pages and its footer; it takes no room."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little") + 8
    with target.open("wb") as file:
        file.write(data[:-length])
        file.seek(10 << 30, 1)
        file.write(data[-length:])
    return target


@pytest.fixture(autouse=True)
def no_leftovers(tmp_path: Path) -> Iterator[None]:
    yield
    for path in tmp_path.glob("big*"):
        path.unlink()
