"""What a caller says -> typed values (S2, rulings R5, R21, R22). What no YAML file can say stands here, the rest in conformance."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.record import NA, InvalidRecordError, Missing, read_input, read_record, read_time, score, typed
from policy_dsl.program import MICRO, Input
from tests.engine.packs import compiled

PLAIN = compiled("policy p { severity P2 thresholds on text.a { remove >= 0.5 } }")
DATED = compiled("policy p { severity P2 region DE from 2026-03-01 { thresholds on text.a { remove >= 0.5 } } }")


@given(st.floats(0, 1))
@example(0.8999995)
@example(0.5000005)
def test_a_score_is_rounded_once_half_up_in_binary64(x: float) -> None:
    assert score(x) == math.floor(x * 1_000_000.0 + 0.5)


@given(st.integers(0, MICRO))
def test_a_micro_score_survives_its_decimal_and_float32_is_widened_first(micro: int) -> None:
    assert score(micro / MICRO) == micro
    assert score(float(f"{micro / MICRO:.6f}")) == micro
    single = np.float32(micro / MICRO)
    assert score(single) == math.floor(float(single) * 1_000_000.0 + 0.5)


@given(
    st.one_of(
        st.floats(), st.integers(), st.booleans(), st.text(max_size=3), st.none(), st.lists(st.floats(), max_size=2)
    )
)
def test_whatever_a_score_is_it_is_micros_or_missing(value: Any) -> None:
    found = score(value)
    assert isinstance(found, Missing) or (type(found) is int and 0 <= found <= MICRO)


@pytest.mark.parametrize(
    "value", [True, False, np.True_, "0.5", b"0.5", None, 0.5j, [], {}, object(), Decimal("0.5"), 10**400, -(10**400)]
)
def test_what_is_no_real_number_is_missing(value: Any) -> None:
    assert isinstance(score(value), Missing)


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.float16(0.5), Fraction(1, 2)])
def test_other_real_numbers_count(value: Any) -> None:
    assert score(value) == 500_000


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf"), 1.0000005, -0.000001, 2]
)
def test_out_of_range_says_so(value: Any) -> None:
    found = score(value)
    assert isinstance(found, Missing)
    assert "finite" in found.reason or "range" in found.reason


COUNT = Input("x.count", "int", minimum=0, maximum=10)
RATIO = Input("x.ratio", "double", minimum=0, maximum=1)


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float32(3), Fraction(3)])
def test_a_whole_number_is_one_whatever_its_type(value: Any) -> None:
    found = typed(COUNT, value)
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize(
    "value",
    [3.5, -1, 11, True, "3", math.nan, math.inf, np.float32("nan"), np.float32("inf"), 2**63, 10**400, None, [3]],
)
def test_what_is_no_such_whole_number_is_missing(value: Any) -> None:
    assert isinstance(typed(COUNT, value), Missing)


@pytest.mark.parametrize("value", [1.5, -0.1, True, "1", math.nan, math.inf, 10**400, None])
def test_what_is_no_such_double_is_missing(value: Any) -> None:
    assert isinstance(typed(RATIO, value), Missing)


def test_a_double_is_a_double_even_where_it_is_written_whole() -> None:
    assert type(typed(RATIO, 1)) is float
    spec = Input("x.ratio", "double", default=1)
    assert type(read_input(spec, read_record({}, PLAIN))) is float


def test_a_callers_own_kind_of_text_is_a_plain_text_here() -> None:
    class Text(str):
        __slots__ = ()

    for spec, value in (
        (Input("x.s", "string"), Text("a")),
        (Input("x.e", "enum", values=("a",)), Text("a")),
        (Input("x.t", "set"), [Text("a")]),
    ):
        found = typed(spec, value)
        assert found in ("a", ["a"])
        assert type(found[0] if isinstance(found, list) else found) is str


def test_a_set_is_sorted_and_has_no_twins() -> None:
    tags = Input("x.tags", "set")
    assert typed(tags, ["b", "a", "b"]) == ["a", "b"]
    assert typed(tags, {"b", "a"}) == ["a", "b"]
    assert isinstance(typed(tags, "ab"), Missing)
    assert isinstance(typed(tags, ["a", 1]), Missing)
    assert isinstance(typed(tags, {"a": 1}), Missing)


@pytest.mark.parametrize(
    ("modalities", "raw", "expected"),
    [
        (None, {}, "absent"),
        (["text"], {}, "absent"),
        (["image"], {}, None),
        ([], {}, None),
        (["image"], {"text.a": None}, "null"),
        (None, {"text.a": None}, "null"),
    ],
)
def test_missing_or_not_applicable(modalities: Any, raw: Any, expected: str | None) -> None:
    record = read_record({"scores": raw, "modalities": modalities}, PLAIN)
    found = read_input(Input("text.a", "score", modality="text"), record)
    assert found == (NA if expected is None else Missing(expected))


@pytest.mark.parametrize(
    ("spec", "raw", "expected"),
    [
        (Input("x.n", "int", default=3), {}, 3),
        (Input("x.n", "int", default=3), {"x.n": None}, Missing("null")),
        (Input("x.n", "int", default=3), {"x.n": 4}, 4),
        (Input("x.n", "int", optional=True), {}, NA),
        (Input("x.n", "int", optional=True), {"x.n": None}, Missing("null")),
        (Input("x.n", "int"), {}, Missing("absent")),
        (Input("x.n", "bool", default=False), {}, False),
    ],
)
def test_null_absent_default_optional(spec: Input, raw: Any, expected: Any) -> None:
    assert read_input(spec, read_record({"facts": raw}, PLAIN)) == expected


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"scores": [0.9]}, "`scores` is a list"),
        ({"facts": "x"}, "`facts` is a text"),
        ({"scores": {1: 0.9}}, "`scores`"),
        ({"scores": {"x": 1}, "facts": {"x": 1}}, "give it once"),
        ({"modalities": "text"}, "`modalities` is a text"),
        ({"modalities": [1]}, "`modalities`"),
        ({"modalities": ["texts"]}, "did you mean `text`"),
        ({"modalities": ["smell"]}, "expected some of `audio`, `image`, `text`, `video`"),
        ({"skipped": 1}, "`skipped`"),
        ({"at": "2026-13-01T00:00:00Z"}, "`at`"),
        ({"at": "2026-01-01T00:00:00"}, "time zone"),
        ({"at": 5}, "`at`"),
        ({"at": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - that is the matter
    ],
)
def test_a_record_that_cannot_be_read_says_why(raw: Any, says: str) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        read_record(raw, PLAIN)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")


def test_a_dated_pack_asks_for_the_time() -> None:
    assert read_record({}, PLAIN).at is None
    with pytest.raises(InvalidRecordError, match="dated clauses"):
        read_record({}, DATED)


@given(
    st.datetimes(
        timezones=st.sampled_from((UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-9))))
    )
)
def test_a_time_is_exact_to_the_microsecond(at: datetime) -> None:
    micros = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert read_time(at) == micros
    assert read_time(at.isoformat()) == micros
