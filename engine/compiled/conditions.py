"""A condition -> Python text that says when it holds, for records with nothing missing.

Comparisons of scores become comparisons of doubles; all else is the lowering's (`policy_dsl.cel.lowering`). What may not
apply (ruling R3) takes two texts, when it is true and when it is false: in neither case it is not applicable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.compiled.scores import Scores
from engine.compiled.slots import Slot
from engine.compiled.text import FALSE, TRUE, all_of, any_of, choice, negated
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.lowering import chain, lower_condition
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select
from policy_dsl.cel.partial import NA, Err
from policy_dsl.cel.pycode import Constants, Name
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.types import BOOL, SCORE
from policy_dsl.cel.values import CelError, Micro, micros
from policy_dsl.cel.walk import walk
from policy_dsl.checks.context import type_of

MIRRORED = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_", "_==_": "_==_", "_!=_": "_!=_"}


class ExoticError(Exception):
    """A condition that text in two halves cannot say: what may not apply meets what may err."""


@dataclass(frozen=True, slots=True)
class Halves:
    """When a condition is true, and when it is false."""

    yes: str
    no: str

    @staticmethod
    def of(yes: str) -> Halves:
        return Halves(yes, negated(yes))


class Conditions:
    """The conditions of one function, over its scores and the other inputs."""

    def __init__(self, slots: Mapping[str, Slot], scores: Scores, constants: Constants) -> None:
        self.slots, self.scores, self.constants = slots, scores, constants
        self._truths: dict[str, Name] = {}

    def holds(self, expr: Expr) -> str:
        """Text that is true where the condition is, false where it is false or not applicable, and raises CelError."""
        try:
            return self._halves(expr).yes if self._may_be_absent(expr) else self._lowered(expr)[0]
        except ExoticError:
            return self._interpreted(expr)

    # -- everything applies ----------------------------------------------------------------------------------------

    def _lowered(self, expr: Expr) -> tuple[str, bool]:
        """Its text, and whether it can err."""
        changed = self._comparisons_replaced(expr)
        names = {
            name: self._name(name) for name, _ in free_names(changed) if name in self.slots or self._is_score(name)
        }
        code = lower_condition(changed, {**names, **self._truths}, self.constants)
        return code.source, code.can_err

    def _name(self, name: str) -> Name:
        if self._is_score(name):
            return Name(self.scores.micros(name), SCORE, self.scores.applies(name))
        slot = self.slots[name]
        return Name(slot.variable, type_of(slot.spec), slot.applies)

    def _comparisons_replaced(self, expr: Expr) -> Expr:
        """Comparisons of scores as names of truths; inside of macros they stay, for a variable may hide the score's name."""
        if isinstance(expr, Call):
            text = self._comparison(expr)
            if text is not None:
                return self._truth(text.yes)
            target = None if expr.target is None else self._comparisons_replaced(expr.target)
            return replace(expr, args=tuple(map(self._comparisons_replaced, expr.args)), target=target)
        return expr

    def _truth(self, text: str) -> Expr:
        if text in (TRUE, FALSE):
            return Literal("bool", text == TRUE)
        name = f"?{text}"
        self._truths[name] = Name(text, BOOL)
        return Ident(name)

    def _is_score(self, name: str) -> bool:
        return name in self.scores.derived or (name in self.slots and self.slots[name].spec.kind == "score")

    def _comparison(self, expr: Call) -> Halves | None:
        """Of a score with a decimal of at most six places, either way around."""
        match expr:
            case Call(function, (Ident(name), Literal("double", float(number))), None) if function in MIRRORED:
                symbol = function
            case Call(function, (Literal("double", float(number)), Ident(name)), None) if function in MIRRORED:
                symbol = MIRRORED[function]
            case _:
                return None
        try:
            return self._compared(name, symbol, micros(number)) if self._is_score(name) else None
        except CelError:
            return None

    def _compared(self, name: str, symbol: str, t: int) -> Halves:
        applies, least, more = (
            self.scores.applies(name),
            self.scores.reaches(name, t),
            self.scores.reaches(name, t + 1),
        )
        below, most = all_of(applies, negated(least)), all_of(applies, negated(more))
        equal, other = all_of(least, negated(more)), any_of(below, more)
        texts = {
            "_>=_": Halves(least, below),
            "_<_": Halves(below, least),
            "_>_": Halves(more, most),
            "_<=_": Halves(most, more),
            "_==_": Halves(equal, other),
            "_!=_": Halves(other, equal),
        }
        return texts[symbol]

    # -- something may not apply -----------------------------------------------------------------------------------

    def _may_be_absent(self, expr: Expr) -> bool:
        return any(self._applies(name) != TRUE for name, _ in free_names(expr))

    def _applies(self, name: str) -> str:
        if self._is_score(name):
            return self.scores.applies(name)
        return self.slots[name].applies if name in self.slots else TRUE

    def _halves(self, expr: Expr) -> Halves:
        match expr:
            case Call("_&&_", (_, _), None):
                parts = [self._halves(part) for part in chain(expr)]
                return Halves(all_of(*(part.yes for part in parts)), any_of(*(part.no for part in parts)))
            case Call("_||_", (_, _), None):
                parts = [self._halves(part) for part in chain(expr)]
                return Halves(any_of(*(part.yes for part in parts)), all_of(*(part.no for part in parts)))
            case Call("!_", (operand,), None):
                found = self._halves(operand)
                return Halves(found.no, found.yes)
            case Call("has", (Ident(name),), None):
                return Halves.of(self._applies(name))
            case Call("_?_:_", (test, first, second), None):
                asked, a, b = self._halves(test), self._halves(first), self._halves(second)
                return Halves(
                    choice(asked.yes, a.yes, all_of(asked.no, b.yes)), choice(asked.yes, a.no, all_of(asked.no, b.no))
                )
            case Call():
                return self._comparison(expr) or self._strict(expr)
        return self._strict(expr)

    def _strict(self, expr: Expr) -> Halves:
        """An operation that gives no value where one of its operands has none."""
        absent = self._may_be_absent(expr)
        if absent and not all(map(_is_strict, walk(expr))):
            raise ExoticError
        text, can_err = self._lowered(expr)
        if can_err:
            raise ExoticError
        applies = all_of(*(self._applies(name) for name, _ in free_names(expr)))
        return Halves(all_of(applies, text), all_of(applies, negated(text)))

    def _interpreted(self, expr: Expr) -> str:
        """A call that walks the tree."""
        names = tuple(dict.fromkeys(name for name, _ in free_names(expr) if name in self.slots or self._is_score(name)))
        values = [choice(self._applies(name), self._boxed(name), "NOT_APPLICABLE") for name in names]
        self.constants.globals["NOT_APPLICABLE"] = NA
        return f"{self.constants.add(Interpreted(expr, names))}({', '.join(values)})"

    def _boxed(self, name: str) -> str:
        if not self._is_score(name):
            return self.slots[name].variable
        self.constants.globals["Micro"] = Micro
        return f"Micro({self.scores.micros(name)})"


def _is_strict(expr: Expr) -> bool:
    match expr:
        case Call(function=function):
            return function not in ("_&&_", "_||_", "!_", "_?_:_", "has")
        case Literal() | Ident() | ListExpr() | MapExpr() | Select():
            return True
    return not isinstance(expr, Macro)


class Interpreted:
    """A condition as a function of its values; raises CelError for what `on error` is to speak of."""

    def __init__(self, expr: Expr, names: Sequence[str]) -> None:
        self.expr, self.names = expr, names

    def __call__(self, *values: Any) -> bool:
        known = dict(zip(self.names, values, strict=True))
        found = interpret(self.expr, known.__getitem__)
        if isinstance(found, Err) or (found is not NA and not isinstance(found, bool)):
            raise CelError("the condition erred")
        return found is True
