"""A cube of A and B -> the rows that the log cannot decide again as they were, and why."""

from __future__ import annotations

from collections import Counter

from engine.columnar import AT_STAKE
from engine.decision import Outcome, Status
from policy_dsl.program import Program
from simulator.cube import OUTCOME, Cube
from simulator.result import Assumption, Unreplayed

SKIPPED, UNUSABLE = "skipped by the cascade", "unusable"
TEXTS = {
    "score missing": "`{name}` is not in the log where it should be; the policies' `on missing` spoke",
    "fact missing": "the fact `{name}` is not in the log where it should be; the policies' `on missing` spoke",
    SKIPPED: "`{name}` was skipped when the row was decided, and now it matters: counts are bounds",
    UNUSABLE: "{name}: no decision can be based on such a row",
}


def gaps(cube: Cube, programs: tuple[Program, Program]) -> tuple[tuple[Unreplayed, ...], tuple[Assumption, ...]]:
    """Most rows first; a row may lack several things."""
    rows = cube.margin(OUTCOME)
    found: tuple[Counter[tuple[str, str]], ...] = (Counter(), Counter())
    scores = {spec.name for program in programs for spec in program.inputs if spec.kind == "score"}
    for number, count in zip(rows.of(OUTCOME).tolist(), rows.sums["rows"].tolist(), strict=True):
        for side, outcome in zip(found, cube.outcomes[number], strict=True):
            for key in _causes(outcome, scores):
                side[key] += count
    a, b = found
    keys = sorted(a | b, key=lambda key: (-max(a[key], b[key]), key))
    told = [Unreplayed(*key, a[key], b[key], _text(*key)) for key in keys]
    return tuple(told), _assumed(told, cube.rows)


def _text(cause: str, name: str) -> str:
    text = TEXTS[cause].format(name=name)
    if name.startswith("`region` is missing"):
        text += "; a log of one region says so in its column map: `region: {constant: DE}`"
    return text


def _causes(outcome: Outcome, scores: set[str]) -> set[tuple[str, str]]:
    if outcome.status is Status.UNAVAILABLE and outcome.reason and not outcome.verdicts:
        return {(UNUSABLE, outcome.reason)}
    if outcome.reason == AT_STAKE:
        return {(SKIPPED, name) for name in outcome.missing}
    return {("score missing" if name in scores else "fact missing", name) for name in outcome.missing}


def _assumed(told: list[Unreplayed], rows: int) -> tuple[Assumption, ...]:
    worst = max((max(one.a, one.b) for one in told), default=0)
    if not rows or not worst:
        return (
            Assumption(
                "green", "Every row could be decided again", "Nothing that a policy needs is missing in the log."
            ),
        )
    share = worst / rows
    much = "All" if worst == rows else f"Up to {100 * share:.2g} % of the"
    light = "red" if share > 0.2 else "amber"  # a fifth: the answer is then about the gaps as much as about the change
    first = told[0]
    title = f"{much} rows lack something that decisions need"
    return (Assumption(light, title, f"Most often {first.cause}: {first.text}."),)  # type: ignore[arg-type]
