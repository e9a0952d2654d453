"""LIM130 to LIM134, LIM141: a score's definition that computes no score (S1, ruling R9), part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Call, Expr, Ident, Literal, Select, Weight
from policy_dsl.cel.resolve import dotted
from policy_dsl.cel.walk import walk
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import decimal, finding, hint
from policy_dsl.checks.name_of_another_policy import scores_defined
from policy_dsl.checks.numbers import PLACES, exact, micros, percentage
from policy_dsl.checks.unknown_score import score_problem
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.program import MICRO
from policy_dsl.scores import ARITHMETIC, FUSIONS

FUNCTIONS = (*FUSIONS, "weighted", "cascade")
MAX_FACTOR = 1_000 * MICRO
_COMPUTE = "a score is computed from scores and decimals with `+`, `-`, `*`, " + ", ".join(
    f"`{name}`" for name in FUNCTIONS
)


def score_definition(context: Context) -> Iterator[Diagnostic]:
    for policy, score in scores_defined(context):
        yield from problems(context, policy, score.value)


def problems(context: Context, policy: n.Policy | None, value: Expr) -> Iterator[Diagnostic]:
    """Of one definition; nothing where it cannot be written out, which another check tells."""
    if context.definitions(policy).writable(value):
        checker = _Checker(lambda name, part: score_problem(context, policy, name, part.span))
        yield from checker.whole(context.resolved(value, policy)[0])


@dataclass(frozen=True, slots=True)
class _Checker:
    """`name` says what is wrong with a name where a score must stand."""

    name: Callable[[str, Expr], Iterator[Diagnostic]]

    def whole(self, expr: Expr) -> Iterator[Diagnostic]:
        found = tuple(self.part(expr))
        yield from found
        if not found and not has_name(expr):
            yield finding(
                "LIM130", "this score is a mere number, and needs one to be computed from", expr.span, _COMPUTE
            )

    def part(self, expr: Expr) -> Iterator[Diagnostic]:
        match expr:
            case Ident(name=name):
                yield from self.name(name, expr)
            case Select() if dotted(expr):
                yield from self.name(dotted(expr) or "", expr)
            case Literal(kind="int" | "double"):
                yield from constant(expr, MICRO)
            case Weight():
                yield finding(
                    "LIM131",
                    "a weight stands only in `weighted(…)`",
                    expr.span,
                    "write `0.6 * score`, or `weighted(0.6: a, 0.4: b)`",
                )
            case Call(function=function, target=None) if function in ARITHMETIC:
                yield from self.arithmetic(expr)
            case Call(function=function) if function in FUNCTIONS:
                yield from self.function(expr)
            case _:
                yield self.stranger(expr)

    def arithmetic(self, expr: Call) -> Iterator[Diagnostic]:
        if not has_name(expr):
            yield finding("LIM130", "this computes a number without any score", expr.span, "write the number itself")
            return
        for side in expr.args:
            if expr.function == "_*_" and isinstance(side, Literal) and side.kind in ("int", "double"):
                yield from constant(side, MAX_FACTOR)
            else:
                yield from self.part(side)

    def function(self, expr: Call) -> Iterator[Diagnostic]:
        if expr.target is not None:
            yield finding(
                "LIM131",
                f"`{expr.function}` is written before its operands",
                expr.span,
                f"write `{expr.function}(a, b)`",
            )
        elif not expr.args:
            yield finding(
                "LIM131",
                f"`{expr.function}` needs scores to be computed from",
                expr.span,
                f"write `{_form(expr.function)}`",
            )
        elif expr.function == "weighted":
            yield from self.weighted(expr)
        elif expr.function == "cascade":
            yield from self.cascade(expr)
        else:
            yield from self.operands(expr, expr.args)

    def operands(self, expr: Call, args: tuple[Expr, ...]) -> Iterator[Diagnostic]:
        if not any(has_name(arg) for arg in args):
            yield finding(
                "LIM130", f"`{expr.function}` of mere numbers is a number", expr.span, "write the number itself"
            )
            return
        for arg in args:
            yield from self.part(arg)

    def weighted(self, expr: Call) -> Iterator[Diagnostic]:
        weights = [arg for arg in expr.args if isinstance(arg, Weight)]
        if len(weights) != len(expr.args):
            bare = next(arg for arg in expr.args if not isinstance(arg, Weight))
            yield finding(
                "LIM131", "every operand of `weighted` needs its weight", bare.span, f"write `{_form('weighted')}`"
            )
            return
        found = [
            *(d for arg in weights for d in constant(arg.weight, MICRO)),
            *self.operands(expr, tuple(arg.value for arg in weights)),
        ]
        yield from found
        total = sum(weight_of(arg.weight) for arg in weights)
        if not found and total != MICRO:
            yield finding(
                "LIM132", f"the weights sum to {decimal(total)}, and must sum to 1", expr.span, _scaled(weights, total)
            )
        zero = next((arg for arg in weights if weight_of(arg.weight) == 0), None)
        if not found and zero is not None:
            yield finding(
                "LIM132", "a weight of 0 leaves its score out", zero.span, "leave this operand out, or give it a weight"
            )

    def cascade(self, expr: Call) -> Iterator[Diagnostic]:
        if len(expr.args) != 4:
            message = f"`cascade` takes a cheap score, a deep one and the band between, seen {len(expr.args)} of 4"
            yield finding("LIM131", message, expr.span, f"write `{_form('cascade')}`")
            return
        cheap, deep, low, high = expr.args
        for operand in (cheap, deep):
            yield from self.part(operand)
            if not has_name(operand) and isinstance(operand, Literal):
                yield finding(
                    "LIM134",
                    "a cascade chooses between two scores, and this is a number",
                    operand.span,
                    f"write `{_form('cascade')}`",
                )
        yield from _band(low, high)

    def stranger(self, expr: Expr) -> Diagnostic:
        match expr:
            case Call(function="_/_"):
                return finding(
                    "LIM130", "scores are not divided", expr.span, "multiply instead: half of a score is `0.5 * score`"
                )
            case Call(function="-_"):
                return finding(
                    "LIM130", "a score is never negative", expr.span, "write `1.0 - score` for the opposite of a score"
                )
            case Call(function=function) if function in (
                "_<_",
                "_<=_",
                "_>_",
                "_>=_",
                "_==_",
                "_!=_",
                "_&&_",
                "_||_",
                "!_",
                "@in",
            ):
                return finding(
                    "LIM130",
                    "this is a condition, and a score is a number",
                    expr.span,
                    "write `let NAME = …` for a condition",
                )
            case Call(function=function) if function[0].isalpha():
                tell = hint(function, FUNCTIONS, "there are")
                return finding("LIM130", f"no function of scores is named `{function}`", expr.span, tell)
        return finding("LIM130", "this is no score", expr.span, _COMPUTE)


def _band(low: Expr, high: Expr) -> Iterator[Diagnostic]:
    bounds: list[int] = []
    for bound in (low, high):
        if isinstance(bound, Literal) and bound.kind in ("int", "double"):
            found = tuple(constant(bound, MICRO))
            yield from found
            bounds += [] if found else [weight_of(bound)]
        else:
            yield finding("LIM134", "the band of a cascade is two numbers", bound.span, f"write `{_form('cascade')}`")
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        message = f"the band begins at {decimal(bounds[0])} and ends below, at {decimal(bounds[1])}"
        yield finding(
            "LIM134",
            message,
            low.span.to(high.span),
            f"write the lower number first: `{decimal(bounds[1])}, {decimal(bounds[0])}`",
        )


def constant(literal: Literal, highest: int) -> Iterator[Diagnostic]:
    """A number in a definition: in millionths from 0 to `highest`, with at most six places."""
    value = exact(literal.text or str(literal.value))
    if value is None:
        yield finding(
            "LIM144",
            f"`{literal.text}` is no plain decimal number",
            literal.span,
            "write it as a decimal, such as `0.5`",
        )
    elif not 0 <= value * MICRO <= highest:
        meant = percentage(value, least=1)
        tell = f"did you mean `{meant}`?" if meant else None
        what = "scores lie in [0, 1]" if highest == MICRO else "a factor lies in [0, 1000]"
        yield finding("LIM133", f"{what}, and `{literal.text}` does not", literal.span, tell)
    elif micros(value) is None:
        yield finding("LIM141", f"`{literal.text}` has more than six decimal places", literal.span, PLACES)


def weight_of(literal: Literal) -> int:
    """Millionths of a number without findings."""
    return micros(exact(literal.text or str(literal.value)) or Fraction(0)) or 0


def has_name(expr: Expr) -> bool:
    return any(isinstance(part, Ident) for part in walk(expr))


def _form(function: str) -> str:
    return {"weighted": "weighted(0.6: a, 0.4: b)", "cascade": "cascade(cheap, deep, 0.2, 0.9)"}.get(
        function, f"{function}(a, b)"
    )


def _scaled(weights: list[Weight], total: int) -> str | None:
    """The weights in the same proportion that sum to 1, where they are decimals."""
    if total <= 0 or any(weight_of(arg.weight) * MICRO % total for arg in weights):
        return None
    scaled = [decimal(weight_of(arg.weight) * MICRO // total) for arg in weights]
    return f"in the same proportion: {', '.join(scaled)}"
