"""Program + region -> the conditions of its clauses, as expressions over flat names that every rule language can say.

A rung asks whether its score reaches the threshold where its `for` block holds; rules, exceptions, adjustments and
priorities ask their conditions. That is less than a decision: nothing is checked, ordered or joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from engine.record import Record
from policy_dsl import program as p
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.cel.serial import from_json
from policy_dsl.cel.walk import replace_free
from policy_dsl.program import MICRO, Program


@dataclass(frozen=True, slots=True)
class Question:
    clause: str
    condition: Expr


def flat(name: str) -> str:
    return name.replace(".", "_")


def questions(program: Program, region: str) -> list[Question]:
    place = program.regions.index(region)
    variants = [policy.variants[policy.places[place]] for policy in program.policies if policy.places[place] >= 0]
    found = [question for variant in variants for question in (*_rungs(variant), *_clauses(variant))]
    return [Question(question.clause, _flattened(question.condition)) for question in found]


def values(program: Program, record: Record) -> dict[str, Any]:
    """Every input of a record in which nothing is absent but what has a default."""
    stated = {**{spec.name: spec.default for spec in program.inputs}, **record.scores, **record.facts}
    return {flat(name): value for name, value in stated.items()}


def _rungs(variant: p.Variant) -> Iterator[Question]:
    scores = {score.name: score.expr for score in variant.scores}
    for ladder in variant.ladders:
        for rung in ladder.rungs:
            for cut in rung.cuts:
                if cut.threshold is not None:
                    reaches = _reaches(scores.get(ladder.score, ["ref", ladder.score]), cut.threshold)
                    yield Question(cut.clause, _guarded(cut.guard, reaches))


def _clauses(variant: p.Variant) -> Iterator[Question]:
    clauses: tuple[Any, ...] = (*variant.rules, *variant.grants, *variant.adjustments, *variant.priorities)
    for clause in clauses:
        yield Question(clause.clause, _guarded(clause.guard, from_json(clause.when)))


def _guarded(guard: p.Guard, condition: Expr) -> Expr:
    tests = [_among(name, allowed) for name, allowed in guard.within]
    return reduce(lambda a, b: Call("_&&_", (a, b)), [*tests, condition])


def _among(name: str, allowed: tuple[str, ...]) -> Expr:
    return Call("@in", (Ident(name), ListExpr(tuple(Literal("string", value) for value in allowed))))


def _reaches(expr: Any, threshold: int) -> Expr:
    """The shipped pack has raw scores and the largest of scores and weighted scores."""
    limit = Literal("double", threshold / MICRO)
    match expr:
        case ["ref", name]:
            return Call("_>=_", (Ident(name), limit))
        case ["mul", ["const", weight], ["ref", name]]:
            return Call("_>=_", (Call("_*_", (Literal("double", weight / MICRO), Ident(name))), limit))
        case ["max", items]:
            return reduce(lambda a, b: Call("_||_", (a, b)), [_reaches(item, threshold) for item in items])
    raise NotImplementedError(expr)


def _flattened(expr: Expr) -> Expr:
    return replace_free(expr, lambda ident: Ident(flat(ident.name)))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a language that looks like CEL spells a condition."""

    operators: Mapping[str, str]
    number: str = "{}"

    def text(self, expr: Expr) -> str:
        match expr:
            case Ident(name):
                return name
            case Literal("string", value):
                return f'"{value}"'
            case Literal("bool", value):
                return str(value).lower()
            case Literal("double", value):
                return self.number.format(value)
            case Literal(_, value):
                return str(value)
            case ListExpr(items):
                return f"[{', '.join(map(self.text, items))}]"
            case Call(function, args):
                return self.operators.get(function, f"({{0}} {function.strip('_@')} {{1}})").format(
                    *map(self.text, args)
                )
        raise NotImplementedError(expr)


CEL = Dialect({"!_": "!({0})"})
WORDS = Dialect({"_&&_": "({0} and {1})", "_||_": "({0} or {1})", "!_": "not ({0})"})
