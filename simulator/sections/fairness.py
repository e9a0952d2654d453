"""A cube with labels -> the report's rows on gaps between regions, languages and cohorts, under A and under B."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_dsl.program import Program
from simulator.cube import Cube
from simulator.fairness import Gaps, gaps
from simulator.labels import Bools
from simulator.quality import metrics
from simulator.result import Gap, Refused, Side
from simulator.sections.acting import DEFAULT, Acting, Cells, labelled, named, sides

METRICS = ("precision", "recall", "false_positive_rate")
SIDES: tuple[Side, Side] = ("a", "b")


def fairness(cube: Cube, programs: Sequence[Program], acting: Acting = DEFAULT) -> tuple[Gap, ...]:
    """The worst gap of each labelled policy, dimension, side and metric. `acting.rate` is shared among all of them: where no gap is
    real, the chance that the report flags any is at most that. ValueError where `acting` names an enforcement that a program lacks.
    """
    asked = [
        (policy, dimension, side, acts)
        for policy in labelled(cube)
        for side, acts in _distinct(sides(cube, programs, policy, acting))
        for dimension in cube.cohorts
        if len(cube.values[dimension]) > 1
    ]
    return tuple(gap for one in asked for gap in _gaps(cube, acting, len(asked), *one))


def _distinct(acts: tuple[Bools, Bools]) -> Iterator[tuple[tuple[Side, ...], Bools]]:
    """A and B at once, where they act alike."""
    a, b = acts
    if (a == b).all():
        yield SIDES, a
    else:
        yield ("a",), a
        yield ("b",), b


def _gaps(
    cube: Cube, acting: Acting, families: int, policy: str, dimension: str, same: tuple[Side, ...], acts: Bools
) -> Iterator[Gap]:
    cells = Cells.of(cube, policy, dimension)
    on = cells.by_outcome(acts)
    ratios = {name: ratio for name, ratio in metrics(on).items() if name in METRICS}
    names = cube.values[dimension]
    for found in gaps(cells.rows, on, cells.codes[:, 1], names, ratios, acting.rate, families, acting.minimum):
        for side in same:
            yield _told(found, dimension, policy, side)


def _told(found: Gaps, dimension: str, policy: str, side: Side) -> Gap:
    small = tuple(sorted(named(name) for name in found.small))
    if isinstance(found.worst, Refused):
        return Gap(dimension, policy, found.metric, side, None, found.worst, None, False, 0, small)
    worst = None if found.worst.value == found.worst.rest else named(found.worst.group)
    return Gap(
        dimension, policy, found.metric, side, worst, found.worst.gap, found.p, found.flagged, len(found.groups), small
    )
