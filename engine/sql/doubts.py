"""What is unknown beside a policy's parts and would change something: exceptions, raises of priority, effects (ruling R12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sql.layers import Layers
from engine.sql.placed import Placed
from engine.sql.says import Says
from engine.sql.terms import E, bits, case, compare, constant, differ, equal, every, number, plus, some, truth
from engine.sql.truths import Answer
from engine.sql.views import View
from policy_dsl import program as p


@dataclass(frozen=True, slots=True)
class Doubt:
    """Where it matters, which inputs are missing, and whether it is an error."""

    holds: E
    missing: E
    errs: E

    @staticmethod
    def of(answer: Answer, holds: E) -> Doubt:
        return Doubt(holds, answer.missing, answer.errs)


def together(layers: Layers, answers: Sequence[Answer]) -> E:
    """Whether more than one of them is unsettled."""
    counted = plus(*(case([(answer.unsettled, number(1))], number(0)) for answer in answers))
    return layers.let("several", compare(">", counted, number(1)))


def guarded_effects(placed: Placed, view: View, said: Says, speaks: E) -> list[Doubt]:
    """One for each effect of the proposed enforcement that a missing `for` input leaves open."""
    found = []
    for variant, here in placed.groups(lambda v: repr(v.effects)):
        for effect in variant.effects:
            missing = _open(view, effect.values)
            if constant(missing) == 0:
                continue
            proposed = every([here, speaks, equal(said.enforcement, number(effect.enforcement))])
            holds = view.layers.let("effect", every([proposed, differ(missing, number(0))]))
            found.append(Doubt(holds, missing, truth(False)))
    return found


def _open(view: View, values: Sequence[p.EffectValue]) -> E:
    """The missing inputs on which it depends which of the values is in force (`engine.view.View.doubt`); 0 where it is known."""
    answers = [view.guard(item.guard) for item in values]
    stated: list[object] = [(type(item.value), item.value) for item in values]
    branches: list[tuple[E, E]] = []
    for end, value in enumerate([*stated, None]):
        others = [answers[i].unknown for i in range(end) if stated[i] != value]
        before = bits(*(answers[i].missing for i in range(end)), number(0))
        here = case([(some(others), before)], number(0))
        branches.append((answers[end].holds if end < len(values) else truth(True), view.layers.let("before", here)))
    return view.layers.let("effect", case(branches, number(0)))
