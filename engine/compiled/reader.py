"""Any record -> the values of all inputs, some of them missing or not applicable (S2, rulings R5, R21, R22)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.compiled.code import bound, compiled
from engine.compiled.states import NA
from engine.compiled.truths import missing
from engine.record import Missing, Record, typed
from policy_dsl.program import MICRO, Input

GONE = object()
"""What stands for an input that the record does not hold."""

Read = Callable[[Record, int], tuple[list[Any], int]]
"""The record and how many values there are -> the values, and the mask of those that are missing or do not apply."""


class Reader:
    """One input: what of it is not plain."""

    def __init__(self, number: int, spec: Input) -> None:
        self.spec = spec
        self.lost: Any = (0, MICRO, 1 << number) if spec.kind == "score" else missing(spec, spec.name)
        self.default = GONE if spec.default is None else self.typed(spec.default)

    def __call__(self, value: Any, record: Record) -> Any:
        """Its value; `lost` where it is missing, NA where it does not apply."""
        return self._absent(record) if value is GONE else self.typed(value)

    def _absent(self, record: Record) -> Any:
        spec = self.spec
        if self.default is not GONE:
            return self.default
        stated = record.stated_only and not spec.is_fact
        away = spec.modality is not None and record.modalities is not None and spec.modality not in record.modalities
        return NA if stated or away or spec.optional else self.lost

    def typed(self, value: Any) -> Any:
        found = self.lost if value is None else typed(self.spec, value)
        if isinstance(found, Missing):
            return self.lost
        return frozenset(found) if isinstance(found, list) else found


def read_all(inputs: tuple[Input, ...]) -> Read:
    """The function that reads every input; plain values are checked where they stand."""
    names: dict[str, Any] = {"GONE": GONE, "NA": NA}
    lines = ["scores, facts, v, u = record.scores, record.facts, [None] * size, 0"]
    for number, spec in enumerate(inputs):
        names[f"read{number}"] = reader = Reader(number, spec)
        names[f"lost{number}"] = reader.lost
        names[f"values{number}"] = frozenset(spec.values)
        own, other = ("facts", "scores") if spec.is_fact else ("scores", "facts")
        lines += [
            f"x = {own}[{spec.name!r}] if {spec.name!r} in {own} else {other}[{spec.name!r}] if {spec.name!r} in {other} else GONE",
            f"if {_plain(spec, number)}: v[{number}] = {'int(x * 1000000.0 + 0.5)' if spec.kind == 'score' else 'x'}",
            "else:",
            f"    v[{number}] = x = read{number}(x, record)",
            f"    if x is NA or x is lost{number}: u |= {1 << number}",
        ]
    return bound(compiled("read(record, size)", [*lines, "return v, u"]), names)


def _plain(spec: Input, number: int) -> str:
    """Whether `x` is a value of the input's type as it stands."""
    match spec.kind:
        case "score":
            return "type(x) is float and 0.0 <= x <= 1.0"
        case "bool":
            return "x is False or x is True"
        case "int" if spec.minimum is not None and spec.maximum is None:
            return f"type(x) is int and {spec.minimum} <= x < {2**63}"
        case "string":
            return "type(x) is str"
        case "enum":
            return f"type(x) is str and x in values{number}"
    return "False"
