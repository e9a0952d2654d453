"""Three-valued answers as pairs of SQL columns: a state as in `engine.truth.State`, and which inputs leave it unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sql.layers import Layers
from engine.sql.terms import E, bits, case, compare, constant, equal, least, number, one_of, truth
from engine.truth import State

NONE = number(0)
NEVER = truth(False)


@dataclass(frozen=True, slots=True)
class Answer:
    """`state` is a number (of two in a conjunction the smaller prevails), `missing` a set of bits, empty unless unknown."""

    state: E
    missing: E = NONE

    @property
    def holds(self) -> E:
        return equal(self.state, number(State.TRUE))

    @property
    def fails(self) -> E:
        return equal(self.state, number(State.FALSE))

    @property
    def unknown(self) -> E:
        return equal(self.state, number(State.UNKNOWN))

    @property
    def errs(self) -> E:
        return equal(self.state, number(State.ERROR))

    @property
    def unsettled(self) -> E:
        value = constant(self.state)
        unsettled = {State.UNKNOWN, State.ERROR}
        return one_of(self.state, unsettled) if value is None else compare("==", number(value in unsettled), number(1))


def fixed(state: State) -> Answer:
    return Answer(number(state))


YES = fixed(State.TRUE)
NO = fixed(State.FALSE)


def asked(condition: E) -> Answer:
    """Of a SQL condition that is true or false."""
    return Answer(case([(condition, number(State.TRUE))], number(State.FALSE)))


def both(layers: Layers, answers: Sequence[Answer]) -> Answer:
    """A conjunction."""
    states = [answer.state for answer in answers if constant(answer.state) != State.TRUE]
    if not states:
        return YES
    if any(constant(state) == State.FALSE for state in states):
        return NO
    state = layers.let("and", least(*states))
    return Answer(state, left_open(layers, state, [answer.missing for answer in answers]))


def either(layers: Layers, answers: Sequence[Answer]) -> Answer:
    return inverse(layers, both(layers, [inverse(layers, answer) for answer in answers]))


def inverse(layers: Layers, answer: Answer) -> Answer:
    value = constant(answer.state)
    swapped = {State.TRUE: State.FALSE, State.FALSE: State.TRUE}
    if value is not None:
        return Answer(number(swapped.get(State(value), State(value))), answer.missing)
    branches = [(answer.holds, number(State.FALSE)), (answer.fails, number(State.TRUE))]
    return Answer(layers.let("not", case(branches, answer.state)), answer.missing)


def left_open(layers: Layers, state: E, masks: Sequence[E]) -> E:
    """The inputs of all the unknown parts, where the whole is unknown."""
    union = bits(*masks)
    if constant(union) == 0:
        return NONE
    return layers.let("missing", case([(equal(state, number(State.UNKNOWN)), union)], NONE))
