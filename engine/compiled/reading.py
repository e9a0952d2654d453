"""An input -> the lines that read and check it (S2, rulings R5, R21, R22); anything unusual is left to the other path."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any

from engine.compiled.slots import Presence, Slot
from policy_dsl import program as p
from policy_dsl.cel.pycode import Constants
from policy_dsl.program import MICRO

INT64 = 2**63
SMALL = 2**30  # Python compares smaller integers faster

ABSENT = -1.0
"""What a variable holds whose input is not applicable: this object, below every score."""


class UnusualError(Exception):
    """A value that is missing, or that only looks like one of its type."""


def reading(slots: Sequence[Slot], constants: Constants) -> list[str]:
    """Sets the variables of all slots. A mapping of the caller's own kind is copied: it might make values up."""
    found = [f"if type({holder}) is not dict: {holder} = dict({holder})" for holder in ("scores", "facts")]
    found += [line for slot in slots for line in lines(slot, constants)]
    away = [slot.spec.name for slot in slots if slot.presence is Presence.NEVER]
    return found + [f"if {name!r} in scores or {name!r} in facts: return None" for name in away]


def lines(slot: Slot, constants: Constants) -> list[str]:
    """Sets the slot's variable; leaves the function by `return None` or an exception where the value is unusual."""
    if slot.presence is Presence.NEVER:
        return []
    own, other = ("facts", "scores") if slot.spec.is_fact else ("scores", "facts")
    x, name = slot.variable, repr(slot.spec.name)
    check = _check(slot, constants)
    if slot.spec.default is not None:
        value = _default(slot.spec)
        text = repr(value) if isinstance(value, (bool, int, str)) else constants.add(value)
        return [
            f"if {name} in {own}:",
            f"    {x} = {own}[{name}]",
            *_inside(check),
            f"elif {name} in {other}: return None",
            f"else: {x} = {text}",
        ]
    if slot.presence is Presence.MAYBE:
        return [
            f"if {name} in {own}:",
            f"    {x} = {own}[{name}]",
            *_inside(check),
            f"elif {name} in {other}: return None",
            f"else: {x} = ABSENT",
        ]
    return [f"{x} = {own}[{name}]", *check]


def _inside(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def _default(spec: p.Input) -> Any:
    if spec.kind == "set":
        assert isinstance(spec.default, list)
        return frozenset(spec.default)
    return float(spec.default) if spec.kind == "double" and isinstance(spec.default, (int, float)) else spec.default


def _check(slot: Slot, constants: Constants) -> list[str]:
    x, spec = slot.variable, slot.spec
    match spec.kind:
        case "score":
            return [f"if type({x}) is not float: {x} = real({x})", f"if not 0.0 <= {x} <= 1.0: return None"]
        case "bool":
            return [f"if {x} is not False and {x} is not True: return None"]
        case "int":
            return _int_check(x, spec)
        case "double":
            low = -sys.float_info.max if spec.minimum is None else spec.minimum
            high = sys.float_info.max if spec.maximum is None else spec.maximum
            return [f"if type({x}) is not float: {x} = real({x})", f"if not {low!r} <= {x} <= {high!r}: return None"]
        case "string":
            return [f"if type({x}) is not str: return None"]
        case "enum":
            values = constants.add(frozenset(spec.values))
            return [f"if type({x}) is not str or {x} not in {values}: return None"]
        case "set":
            return [f"{x} = texts({x})"]
    raise AssertionError(spec.kind)


def _int_check(x: str, spec: p.Input) -> list[str]:
    low = -INT64 if spec.minimum is None else int(spec.minimum)
    high = INT64 - 1 if spec.maximum is None else int(spec.maximum)
    tests = [f"{low} <= {x} <= {high}"]
    if low < SMALL < high:
        tests.insert(0, f"{max(low, -SMALL + 1)} <= {x} < {SMALL}")
    return [f"if type({x}) is not int or not ({' or '.join(tests)}): return None"]


def real(value: Any) -> float:
    """A whole number where a double is asked for. Raises UnusualError for anything but an int, OverflowError."""
    if type(value) is int:
        return float(value)
    raise UnusualError


def texts(value: Any) -> frozenset[str]:
    """A set of texts. Raises UnusualError."""
    if type(value) in (list, tuple, set, frozenset):
        for item in value:
            if type(item) is not str:
                break
        else:
            return frozenset(value)
    raise UnusualError


class Arms:
    """The arm of a unit: the first eight bytes of SHA-256 of `salt NUL unit`, modulo 1,000,000 (ruling R17)."""

    def __init__(self, experiment: p.Experiment) -> None:
        self.salt = experiment.salt.encode("utf-8", "surrogatepass") + b"\0"
        self.bounds = [(arm.low, arm.high) for arm in experiment.arms]

    def __call__(self, unit: Any) -> int:
        """Its number, from 1; 0 for none."""
        text = encode_basestring(unit) if type(unit) is str else json.dumps(unit, ensure_ascii=False)
        digest = sha256(self.salt + text.encode("utf-8", "surrogatepass")).digest()
        bucket = int.from_bytes(digest[:8], "big") % MICRO
        return next((number for number, (low, high) in enumerate(self.bounds, 1) if low <= bucket < high), 0)


RUNTIME = {"real": real, "texts": texts, "ABSENT": ABSENT}
