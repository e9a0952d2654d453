"""Experiments in SQL: the arm of a row's unit, by the same stable hash (ruling R17)."""

from __future__ import annotations

import json

from sqlglot import exp

from engine.sql.errors import SqlUnsupportedError
from engine.sql.inputs import KNOWN, Held
from engine.sql.terms import E, case, compare, equal, every, function, joined, minus, number, plus, text, times
from engine.sql.views import Sql
from policy_dsl import program as p
from policy_dsl.program import MICRO

DIGITS = 16
"""Hexadecimal ones in eight bytes."""


def arms(sql: Sql, policy: p.Policy) -> dict[str, tuple[E, tuple[str, ...]]]:
    """By experiment, the number of a row's arm (-1: none) and the arms' names."""
    return {
        experiment.name: (_arm(sql, policy, experiment), tuple(arm.name for arm in experiment.arms))
        for experiment in policy.experiments
    }


def _arm(sql: Sql, policy: p.Policy, experiment: p.Experiment) -> E:
    held, clause = sql.inputs[experiment.unit], f"{policy.name}.{experiment.name}"
    digits = sql.layers.let("hash", sql.dialect.hex_sha256(clause, experiment.salt, _unit(held, clause)))
    bucket = sql.layers.let("bucket", sql.dialect.remainder(_number(digits), number(MICRO)))
    known = equal(held.status, number(KNOWN))
    branches = [
        (every([known, compare(">=", bucket, number(arm.low)), compare("<", bucket, number(arm.high))]), number(index))
        for index, arm in enumerate(experiment.arms)
    ]
    return sql.layers.let("arm", case(branches, number(-1)))


def _number(digits: E) -> E:
    """The first digits as a number, modulo a million, digit by digit: it leaves 64 bits otherwise."""
    places = [function("SUBSTR", digits, number(place + 1), number(1)) for place in range(DIGITS)]
    values = [minus(exp.StrPosition(this=text("0123456789abcdef"), substr=digit), number(1)) for digit in places]
    return plus(*(times(value, number(pow(16, DIGITS - 1 - i, MICRO))) for i, value in enumerate(values)))


def _unit(held: Held, clause: str) -> E:
    """The unit as JSON writes it."""
    match held.spec.kind:
        case "string" | "enum":
            return joined([text('"'), _escaped(held.value), text('"')])
        case "int":
            return exp.cast(held.value, "text")
        case "bool":
            return case([(held.value, text("true"))], text("false"))
    raise SqlUnsupportedError(clause, f"the unit `{held.spec.name}` is a {held.spec.kind}")


def _escaped(value: E) -> E:
    for character in ("\\", '"', *map(chr, range(1, 32))):
        spelled = text(character) if character >= " " else function("CHR", number(ord(character)))
        value = function("REPLACE", value, spelled, text(json.dumps(character)[1:-1]))
    return value
