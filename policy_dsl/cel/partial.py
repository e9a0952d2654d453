"""What a condition's part can be beside a value (S2, S3): unknown, not applicable, an error. And what is certain all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import product
from typing import Any, Final, TypeAlias
from typing import Literal as OneOf

from policy_dsl.cel.values import LISTS, NUMBERS, CelError, CelMap, Micro, Value, compare, contains


class Absent(Enum):
    """`NA`: the input's scorer judges no modality that the content has (S2)."""

    NA = "not applicable"


NA: Final = Absent.NA


@dataclass(frozen=True, slots=True)
class Interval:
    """Every number from `lo` to `hi`, both included; None: no bound on that side. The bounds are CEL values of one type."""

    lo: Value | None = None
    hi: Value | None = None


SCORES: Final = Interval(Micro(0), Micro(1_000_000))

Domain: TypeAlias = Interval | frozenset[Any] | None  # None: anything


@dataclass(frozen=True, slots=True)
class Unknown:
    """A missing value: it depends on the inputs `deps` and stands for every value of `domain`."""

    deps: frozenset[str]
    domain: Domain = None


@dataclass(frozen=True, slots=True)
class Err:
    """A CEL evaluation error that nothing has absorbed."""

    message: str


Open: TypeAlias = Unknown | Err | OneOf[Absent.NA]
Result: TypeAlias = Any  # a CEL value, or Open


def is_open(result: Result) -> bool:
    """Whether `result` is no value."""
    return result is NA or type(result) is Unknown or type(result) is Err


def worst(results: Iterable[Result]) -> Open | None:
    """What a strict operation gives for open operands: Unknown before Err before NA; None where all are values."""
    opened = [result for result in results if is_open(result)]
    unknown = [result for result in opened if type(result) is Unknown]
    if unknown:
        return Unknown(frozenset().union(*(result.deps for result in unknown)))
    return next((result for result in opened if type(result) is Err), opened[0] if opened else None)


def decide(symbol: str, a: Result, b: Result) -> bool | None:
    """`a symbol b` (`< <= > >= == != in`) where every value of the unknown operands answers alike, else None."""
    if any(x is NA or type(x) is Err for x in (a, b)):
        return None
    left, right = _parts(a), _parts(b)
    if not left or not right:
        return None
    ask = _within if symbol == "in" else partial(_answer, symbol)
    try:
        answers = {ask(x, y) for x, y in product(left, right)}
    except CelError:
        return None
    return answers.pop() if len(answers) == 1 else None


@dataclass(frozen=True, slots=True, eq=False)
class _Exactly:
    value: Value


_Part: TypeAlias = Interval | _Exactly


def _parts(result: Result) -> tuple[_Part, ...]:
    """The domain cut into single values and intervals; none where it is anything."""
    if type(result) is not Unknown:
        return (_Exactly(result),)
    if isinstance(result.domain, Interval):
        return (result.domain,)
    return tuple(_Exactly(value) for value in result.domain or ())


def _answer(symbol: str, a: _Part, b: _Part) -> bool | None:
    """A comparison over all of `a` and `b`."""
    if isinstance(a, _Exactly) and isinstance(b, _Exactly):
        return compare(symbol, a.value, b.value)
    if symbol in ("==", "!="):
        return None if _may_meet(a, b) else symbol == "!="
    if symbol in (">", ">="):
        a, b, symbol = b, a, symbol.replace(">", "<")
    if _certain(symbol, _hi(a), _lo(b)):
        return True
    return False if _certain("<=" if symbol == "<" else "<", _hi(b), _lo(a)) else None


def _within(item: _Part, container: _Part) -> bool | None:
    """`item in container` over all of `item`; the container is known."""
    if not isinstance(container, _Exactly):
        return None
    if isinstance(item, _Exactly):
        return contains(item.value, container.value)
    if type(container.value) is not CelMap and type(container.value) not in LISTS:
        return None
    met = [element for element in container.value if _may_meet(item, _Exactly(element))]
    if not met:
        return False
    return True if len(set(met)) == _count(item) else None


def _count(interval: Interval) -> int | None:
    """How many values lie in a closed interval of whole numbers."""
    lo, hi = interval.lo, interval.hi
    if isinstance(lo, int) and isinstance(hi, int):
        return hi - lo + 1
    return None


def _may_meet(a: _Part, b: _Part) -> bool:
    """Whether some value of `a` can equal one of `b`; one of them is an interval, of numbers."""
    if any(isinstance(x, _Exactly) and type(x.value) not in (*NUMBERS, Micro) for x in (a, b)):
        return False
    return not (_certain("<", _hi(a), _lo(b)) or _certain("<", _hi(b), _lo(a)) or _nan(a) or _nan(b))


def _nan(part: _Part) -> bool:
    return isinstance(part, _Exactly) and bool(part.value != part.value)


def _lo(part: _Part) -> Value | None:
    return part.value if isinstance(part, _Exactly) else part.lo


def _hi(part: _Part) -> Value | None:
    return part.value if isinstance(part, _Exactly) else part.hi


def _certain(symbol: str, a: Value | None, b: Value | None) -> bool:
    """`a symbol b` for two bounds; an absent bound is certain of nothing."""
    return a is not None and b is not None and compare(symbol, a, b)
