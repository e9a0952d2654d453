"""CEL's values: equality, order, keys, conversions, times and the ranges of each."""

import math

import pytest

from policy_dsl.cel.arithmetic import add, divide, modulo, multiply, negate, subtract
from policy_dsl.cel.convert import (
    to_bool,
    to_bytes,
    to_double,
    to_duration,
    to_int,
    to_string,
    to_timestamp,
    to_uint,
    type_of,
)
from policy_dsl.cel.functions import calendar, clock, find, index
from policy_dsl.cel.times import TIMESTAMP_MAX, TIMESTAMP_MIN, local, parse_duration, parse_timestamp, zone
from policy_dsl.cel.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    CelError,
    CelMap,
    CelType,
    Duration,
    Micro,
    Timestamp,
    Uint,
    compare,
    contains,
    elements,
    equal,
    micros,
)

NAN = math.nan


@pytest.mark.parametrize(("a", "b"), [
    (1, 1.0), (Uint(1), 1), (Uint(1), 1.0), ("a", "a"), (None, None), ((1, 2), (1.0, Uint(2))), (CelMap([(1, "a")]), CelMap([(Uint(1), "a")])),
    (frozenset({"b", "a"}), ("a", "b")), (-0.0, 0.0), (Micro(500_000), 0.5), (Timestamp(1), Timestamp(1)), (CelType("int"), CelType("int")),
])  # fmt: skip
def test_equal_values(a, b):
    assert equal(a, b)
    assert equal(b, a)


@pytest.mark.parametrize(("a", "b"), [
    (True, 1), (False, 0), (True, 1.0), (None, False), ("1", 1), ("a", b"a"), (NAN, NAN), ((NAN,), (NAN,)), ((1,), (1, 2)), (2**53 + 1, float(2**53)),
    (INT_MAX, 2.0**63), (Uint(UINT_MAX), 2.0**64), (CelMap([(True, 1)]), CelMap([(1, 1)])), (CelMap([("a", 1)]), CelMap([("b", 1)])),
    (Timestamp(1), Duration(1)), (Timestamp(1), 1), (Micro(500_000), 0.500001),
])  # fmt: skip
def test_unequal_values(a, b):
    assert not equal(a, b)
    assert not equal(b, a)


@pytest.mark.parametrize(("a", "b"), [
    (1, 2), (1, 1.5), (INT_MAX, 2.0**63), (-(2.0**63) - 2000, INT_MIN), (2**53, float(2**53) + 2), (Uint(INT_MAX), 2.0**63), (-1, Uint(0)),
    (False, True), ("a", "b"), ("Z", "a"), ("\uffff", "😀"), (b"\x00", b"\x00\x00"), (Timestamp(-1), Timestamp(0)), (Duration(0), Duration(1)),
    (Micro(1), Micro(2)), (Micro(499_999), 0.5), (0.5, Micro(500_001)), (-math.inf, INT_MIN),
])  # fmt: skip
def test_order_is_exact(a, b):
    assert compare("<", a, b)
    assert compare("<=", a, b)
    assert compare(">", b, a)
    assert not compare(">=", a, b)
    assert not compare("<", b, a)


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">=", "=="])
@pytest.mark.parametrize("other", [0, 1.5, Uint(1), NAN])
def test_a_nan_answers_false(symbol, other):
    assert not compare(symbol, NAN, other)
    assert not compare(symbol, other, NAN)


@pytest.mark.parametrize(
    ("a", "b"),
    [(1, "a"), (True, 1), (None, None), ((1,), (2,)), (Timestamp(1), 1), (Micro(1), 1), (CelType("a"), CelType("b"))],
)
def test_no_order_between_other_types(a, b):
    with pytest.raises(CelError, match="no such overload"):
        compare("<", a, b)


@pytest.mark.parametrize("number", [0.1234567, 1e-7, NAN, math.inf])
def test_a_score_is_compared_with_millionths_only(number):
    with pytest.raises(CelError, match="six places"):
        compare("<", Micro(1), number)


def test_the_double_nearest_to_a_decimal_is_that_decimal():
    assert all(micros(value / 1_000_000) == value for value in range(1_000_001))


def test_map_keys():
    mixed = CelMap([(True, "t"), (1, "one"), ("1", "text")])
    assert [mixed[True], mixed[1], mixed[Uint(1)], mixed[1.0], mixed["1"]] == ["t", "one", "one", "one", "text"]
    assert 1.5 not in mixed
    assert NAN not in mixed
    assert False not in mixed
    for entries in ([(1, 1), (Uint(1), 2)], [("a", 1), ("a", 1)], [(1.0, 1)], [(None, 1)], [((1,), 1)]):
        with pytest.raises(CelError):
            CelMap(entries)
    for key in (None, (1,), b""):
        with pytest.raises(CelError):
            mixed[key]


def test_membership_and_elements():
    assert contains(1.0, (3, 1))
    assert not contains(NAN, (NAN,))
    assert not contains(True, (1,))
    assert contains("a", frozenset({"a"}))
    assert contains(Uint(2), CelMap([(2, None)]))
    assert list(elements(frozenset({"b", "a"}))) == ["a", "b"]
    assert list(elements(CelMap([("b", 1), ("a", 2)]))) == ["b", "a"]
    with pytest.raises(CelError):
        contains("a", "abc")


@pytest.mark.parametrize(("operation", "a", "b", "wanted"), [
    (add, INT_MAX, 0, INT_MAX), (subtract, INT_MIN, 0, INT_MIN), (multiply, -1, INT_MAX, -INT_MAX), (divide, -7, 2, -3), (divide, 7, -2, -3),
    (modulo, -7, 2, -1), (modulo, 7, -2, 1), (divide, INT_MIN, 1, INT_MIN), (divide, Uint(7), Uint(2), Uint(3)), (divide, INT_MAX, 3, INT_MAX // 3),
    (add, (1,), frozenset({"a"}), (1, "a")), (add, b"a", b"b", b"ab"), (divide, 1.0, 0.0, math.inf), (divide, 1.0, -0.0, -math.inf),
    (subtract, Timestamp(5), Timestamp(2), Duration(3)), (subtract, Timestamp(5), Duration(2), Timestamp(3)), (add, Duration(2), Timestamp(3), Timestamp(5)),
])  # fmt: skip
def test_arithmetic(operation, a, b, wanted):
    result = operation(a, b)
    assert result == wanted
    assert type(result) is type(wanted)


@pytest.mark.parametrize(("operation", "a", "b"), [
    (add, INT_MAX, 1), (subtract, INT_MIN, 1), (multiply, INT_MIN, -1), (divide, INT_MIN, -1), (divide, 1, 0), (modulo, 1, 0), (subtract, Uint(0), Uint(1)),
    (add, Uint(UINT_MAX), Uint(1)), (add, 1, 1.0), (add, 1, Uint(1)), (add, "a", 1), (add, True, True), (modulo, 1.0, 1.0), (divide, 1, 1.0), (multiply, "a", 2),
    (add, Timestamp(TIMESTAMP_MAX), Duration(1)), (subtract, Timestamp(TIMESTAMP_MIN), Duration(1)), (add, Duration(INT_MAX), Duration(1)),
    (subtract, Timestamp(TIMESTAMP_MAX), Timestamp(TIMESTAMP_MIN)), (add, Timestamp(1), Timestamp(1)), (add, Micro(1), Micro(1)), (subtract, Duration(1), Timestamp(1)),
])  # fmt: skip
def test_arithmetic_that_errs(operation, a, b):
    with pytest.raises(CelError):
        operation(a, b)


def test_negation_and_nan_by_division():
    assert negate(5) == -5
    assert math.isnan(divide(0.0, 0.0))
    assert math.isnan(divide(NAN, 0.0))
    for value in (INT_MIN, Uint(1), True, "a"):
        with pytest.raises(CelError):
            negate(value)


@pytest.mark.parametrize(("convert", "value", "wanted"), [
    (to_int, " 1".strip(), 1), (to_int, "-9223372036854775808", INT_MIN), (to_int, "+7", 7), (to_int, "0" * 30 + "7", 7), (to_int, -1.9, -1), (to_int, Uint(5), 5),
    (to_int, Timestamp(-1), -1), (to_uint, "18446744073709551615", Uint(UINT_MAX)), (to_uint, 1.9, Uint(1)), (to_double, "1e3", 1000.0), (to_double, "-Infinity", -math.inf),
    (to_double, ".5", 0.5), (to_double, 5, 5.0), (to_string, True, "true"), (to_string, 1.0, "1"), (to_string, 0.1, "0.1"), (to_string, 1e21, "1e+21"), (to_string, -math.inf, "-Inf"),
    (to_string, Uint(3), "3"), (to_string, Duration(-1_500_000_000), "-1.5s"), (to_string, Timestamp(1), "1970-01-01T00:00:00.000000001Z"), (to_bytes, "é", b"\xc3\xa9"),
    (to_bool, "TRUE", True), (to_timestamp, 0, Timestamp(0)), (to_duration, Duration(1), Duration(1)), (type_of, Timestamp(1), CelType("google.protobuf.Timestamp")),
    (type_of, (), CelType("list")), (type_of, None, CelType("null_type")),
])  # fmt: skip
def test_conversions(convert, value, wanted):
    result = convert(value)
    assert result == wanted
    assert type(result) is type(wanted)


@pytest.mark.parametrize(("convert", "value"), [
    (to_int, " 1"), (to_int, "1_0"), (to_int, "٣"), (to_int, ""), (to_int, "0x1"), (to_int, 2.0**63), (to_int, -(2.0**63)), (to_int, NAN), (to_int, "9223372036854775808"),
    (to_int, True), (to_int, "9" * 5000), (to_uint, -0.5), (to_uint, "-1"), (to_uint, -1), (to_uint, 2.0**64), (to_double, "1e999"), (to_double, "1_0"), (to_double, ""), (to_double, True),
    (to_string, None), (to_string, b"\xff"), (to_string, ()), (to_bytes, "\ud800"), (to_bytes, 1), (to_bool, "yes"), (to_bool, 1), (to_timestamp, 1.0), (to_timestamp, 2**62), (to_duration, 1),
    (to_int, Micro(1)), (to_double, Micro(1)),
])  # fmt: skip
def test_conversions_that_err(convert, value):
    with pytest.raises(CelError):
        convert(value)


@pytest.mark.parametrize(("text", "nanos"), [
    ("0", 0), ("1s", 10**9), ("-1.5h", -5_400 * 10**9), ("1h2m3s4ms5us6ns", 3_723_004_005_006), ("+1m", 60 * 10**9), (".5s", 5 * 10**8), ("1.s", 10**9), ("0.0000000001s", 0),
    ("1µs", 1_000), ("00000000000000000000000000001s", 10**9), ("9223372036.854775807s", INT_MAX),
])  # fmt: skip
def test_durations(text, nanos):
    assert parse_duration(text) == Duration(nanos)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "s",
        "1x",
        "1 s",
        "--1s",
        "1s ",
        "1s1",
        ".s",
        "9223372037s",
        "1e3s",
        "١s",
        "99999999999999999999s",
        "0 ",
        "00",
    ],
)
def test_texts_of_no_duration(text):
    with pytest.raises(CelError):
        parse_duration(text)


@pytest.mark.parametrize(("text", "nanos"), [
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:59:59.5Z", -5 * 10**8), ("0001-01-01T00:00:00Z", TIMESTAMP_MIN),
    ("9999-12-31T23:59:59.9999999999Z", TIMESTAMP_MAX), ("2024-02-29t00:00:00z", 1_709_164_800 * 10**9),
])  # fmt: skip
def test_timestamps(text, nanos):
    assert parse_timestamp(text) == Timestamp(nanos)


@pytest.mark.parametrize("text", ["", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:00:60Z",
                                  "1970-01-01T00:00:00+24:00", "0001-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z", "1970-01-01 00:00:00Z", "١970-01-01T00:00:00Z"])  # fmt: skip
def test_texts_of_no_timestamp(text):
    with pytest.raises(CelError):
        parse_timestamp(text)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Nowhere",
        "../../etc/passwd",
        "/etc/passwd",
        "Europe",
        "europe/../UTC",
        "a" * 5000,
        "25:00",
        "+1:00",
        "UTC\x00",
        "Asia/Kolkata ",
    ],
)
def test_names_of_no_time_zone(name):
    with pytest.raises(CelError, match="no such time zone"):
        zone(name)


def test_a_wall_clock_beyond_the_calendar_is_an_error():
    for moment, where in ((TIMESTAMP_MIN, "-01:00"), (TIMESTAMP_MAX, "+01:00")):
        with pytest.raises(CelError):
            local(Timestamp(moment), where)


def test_fields_of_times():
    assert calendar("getDayOfWeek", Timestamp(0)) == 4
    assert calendar("getHours", Timestamp(0), "Asia/Kolkata") == 5
    assert clock("getHours", Duration(-5_400 * 10**9)) == -1
    assert clock("getMilliseconds", Duration(1_234_567_890)) == 234
    for name, args in (("getDate", (Duration(1),)), ("getDate", (1,)), ("getHours", (Timestamp(0), 1))):
        with pytest.raises(CelError):
            calendar(name, *args)


@pytest.mark.parametrize(
    ("container", "key"),
    [
        ((1,), 1),
        ((1,), -1),
        ((1,), 0.5),
        ((1,), NAN),
        ((1,), math.inf),
        ((1,), True),
        ((1,), "0"),
        ("ab", 0),
        (CelMap(), "a"),
    ],
)
def test_an_index_that_is_not_there(container, key):
    with pytest.raises(CelError):
        index(container, key)


def test_a_function_is_found_by_name_arguments_and_form():
    assert find("contains", 2, method=True)
    assert find("contains", 2, method=False) is None
    assert find("string", 1, method=True) is None
    assert find("size", 1, method=True) is find("size", 1, method=False)
    assert find("size", 2, method=False) is None
