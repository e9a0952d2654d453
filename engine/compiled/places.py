"""Where the values of a record with gaps stand, and Python text that asks them: `v` are the values, `u` the mask of those that
are missing or do not apply.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.compiled.fusion import below, exact
from engine.compiled.reader import read_all
from engine.compiled.spans import span_of
from engine.compiled.states import ERROR, FALSE, NA, TRUE
from engine.compiled.truths import Truths
from policy_dsl import program as p
from policy_dsl.cel.lowering import lower_condition
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.pycode import Constants, Name
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.types import SCORE
from policy_dsl.cel.values import CelError
from policy_dsl.checks.context import type_of
from policy_dsl.program import Program


def checked(test: Callable[[], bool]) -> int:
    """The truth of a condition whose inputs are all there."""
    try:
        return TRUE if test() else FALSE
    except CelError:
        return ERROR


def position(thresholds: Sequence[int], score: Any) -> Any:
    """Between which thresholds a score lies: a number, two and what is missing, or None where it does not apply."""
    if type(score) is int:
        return bisect_right(thresholds, score)
    if score is NA:
        return None
    low, high, mask = score
    return bisect_right(thresholds, low), bisect_right(thresholds, high), mask


RUNTIME = {"checked": checked, "position": position, "bisect_right": bisect_right}


class Places:
    """Where each input's and each derived score's value stands, for all policies of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.specs = {spec.name: spec for spec in program.inputs}
        self.index = {spec.name: number for number, spec in enumerate(program.inputs)}
        self.read = read_all(program.inputs)
        self.truths = Truths(self.index, self.specs, self.names)

    def derived(self, scores: Iterable[p.Score]) -> None:
        """Gives places to derived scores that have none yet."""
        for score in scores:
            self.index.setdefault(score.name, len(self.index))

    def names(self, mask: int) -> frozenset[str]:
        found = []
        while mask:
            bit = mask & -mask
            found.append(self.program.inputs[bit.bit_length() - 1].name)
            mask ^= bit
        return frozenset(found)

    def mask(self, names: Iterable[str]) -> int:
        return sum(1 << self.index[name] for name in set(names))

    def score_lines(
        self, scores: Iterable[p.Score], derived: dict[str, p.ScoreExpr], constants: Constants
    ) -> list[str]:
        """Python text that computes derived scores into `v`: plainly where nothing that they rest on is missing."""
        found = []
        for score in scores:
            plain = exact(score.expr, lambda name: f"v[{self.index[name]}]")
            spanned = f"{constants.add(span_of(score.expr, self.index))}(v)"
            mask = self.mask(below([score.name], derived))
            found.append(f"v[{self.index[score.name]}] = {plain} if not u & {mask} else {spanned}")
        return found

    def condition_text(self, expr: Expr, derived: dict[str, p.ScoreExpr], constants: Constants) -> str:
        """Python text for a condition's truth: plain where all that it reads is there."""
        names = {name for name, _ in free_names(expr) if name in self.index}
        kinds = {name: type_of(self.specs[name]) if name in self.specs else SCORE for name in names}
        code = lower_condition(expr, {name: Name(f"v[{self.index[name]}]", kinds[name]) for name in names}, constants)
        plain = f"checked(lambda: {code.source})" if code.can_err else f"({TRUE} if {code.source} else {FALSE})"
        mask = self.mask(below(names, derived))
        return f"({plain} if not u & {mask} else {constants.add(self.truths.of(expr))}(v))" if mask else plain
