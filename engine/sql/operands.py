"""What a part of a condition comes to in SQL: a value with a status, and, of an input, the values that it may have (S3, R22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.sql.inputs import literal
from engine.sql.layers import Layers
from engine.sql.terms import E, case, compare, equal, every, least, number, real, some
from engine.sql.truths import NONE, Answer, left_open
from engine.truth import State
from policy_dsl.cel.partial import Interval, Unknown, decide
from policy_dsl.program import Input

KINDS = {bool: "bool", int: "int", float: "double", str: "string"}
ORDERS = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
VALUE = number(State.TRUE)
COMPARISONS = {**ORDERS, "_==_": "==", "_!=_": "!="}


@dataclass(frozen=True, slots=True)
class Operand:
    """`kind`: bool, int, double, string or set. `status` is TRUE for a value, else UNKNOWN, ERROR or NA.

    `fixed` is the value of one that is written out; `spec` the input, where it is one as it stands.
    """

    kind: str
    value: E
    status: E = VALUE
    missing: E = NONE
    fixed: Any = None
    spec: Input | None = None

    @property
    def known(self) -> E:
        return equal(self.status, number(State.TRUE))

    @property
    def is_fixed(self) -> bool:
        return self.fixed is not None


def written(value: Any) -> Operand | None:
    """A constant; None for what has no SQL of its own."""
    kind = KINDS.get(type(value))
    if kind is None or (kind == "string" and not plain(value)):
        return None
    return Operand(kind, literal(kind, value), fixed=value)


def plain(value: str) -> bool:
    """Whether every dialect's texts can hold it."""
    return (
        "\0" not in value
        and value.isprintable() | value.isascii()
        and not any("\ud800" <= c <= "\udfff" for c in value)
    )


def strict(layers: Layers, operands: Sequence[Operand], otherwise: E) -> Answer:
    """The worst of the operands, else the state `otherwise`."""
    states = [operand.status for operand in operands]
    worst = least(*states)
    state = layers.let("state", case([(compare("<", worst, number(State.TRUE)), worst)], otherwise))
    return Answer(state, left_open(layers, state, [operand.missing for operand in operands]))


def state_of(condition: E) -> E:
    return case([(condition, number(State.TRUE))], number(State.FALSE))


def against_constant(layers: Layers, symbol: str, sides: Sequence[Operand], answer: E) -> Answer:
    """A comparison or `in` of an input and a constant: a missing one may be decided all the same (`partial.decide`)."""
    subject = next(side for side in sides if not side.is_fixed)
    certain = None
    if subject.spec is not None:
        ends = [side.fixed if side.is_fixed else Unknown(frozenset({"x"}), domain(subject.spec)) for side in sides]
        certain = decide(symbol, *ends)
    found = strict(layers, sides, answer)
    if certain is None:
        return found
    gone = equal(subject.status, number(State.UNKNOWN))
    decided = number(State.TRUE if certain else State.FALSE)
    return Answer(layers.let("state", case([(gone, decided)], found.state)))


def between_numbers(layers: Layers, symbol: str, a: Operand, b: Operand) -> Answer:
    """A comparison of two numbers, either of which may be missing within its bounds."""
    yes, no = certainties(symbol, bounds(a), bounds(b))
    worst = least(a.status, b.status)
    closed = every(compare("!=", side.status, number(bad)) for side in (a, b) for bad in (State.ERROR, State.NA))
    branches = [(every([closed, yes]), number(State.TRUE)), (every([closed, no]), number(State.FALSE))]
    state = layers.let("state", case(branches, worst))
    return Answer(state, left_open(layers, state, [a.missing, b.missing]))


@dataclass(frozen=True, slots=True)
class Ends:
    """The least and the most that a number can be; `has_low` and `has_high` say whether there is such a bound."""

    low: E
    high: E
    has_low: E
    has_high: E
    exact: E


def bounds(operand: Operand) -> Ends:
    spec, known = operand.spec, operand.known
    found = domain(spec) if spec is not None else None
    ends: list[E] = []
    there: list[E] = []
    for value in (found.lo, found.hi) if isinstance(found, Interval) else (None, None):
        ends.append(operand.value if value is None else case([(known, operand.value)], _number(operand.kind, value)))
        there.append(known if value is None else equal(number(0), number(0)))
    return Ends(ends[0], ends[1], there[0], there[1], known)


def certainties(symbol: str, a: Ends, b: Ends) -> tuple[E, E]:
    """When `a symbol b` is true whatever is missing, and when it is false."""
    if symbol in (">", ">="):
        a, b, symbol = b, a, symbol.replace(">", "<")
    if symbol in ("==", "!="):
        apart = some([_below("<", a, b), _below("<", b, a)])
        same = every([a.exact, b.exact, equal(a.low, b.low)])
        return (same, apart) if symbol == "==" else (apart, same)
    return _below(symbol, a, b), _below("<=" if symbol == "<" else "<", b, a)


def _below(symbol: str, a: Ends, b: Ends) -> E:
    return every([a.has_high, b.has_low, compare(symbol, a.high, b.low)])


def _number(kind: str, value: Any) -> E:
    return real(value) if kind == "double" else number(int(value))


def domain(spec: Input) -> Any:
    """Every value of the declared type and bounds (ruling R22), as `engine.view` has it."""
    match spec.kind:
        case "bool":
            return frozenset({False, True})
        case "enum":
            return frozenset(spec.values)
        case "int":
            low, high = spec.minimum, spec.maximum
            return Interval(-(2**63) if low is None else low, 2**63 - 1 if high is None else high)
        case "double":
            low, high = spec.minimum, spec.maximum
            return Interval(None if low is None else float(low), None if high is None else float(high))
    return None
