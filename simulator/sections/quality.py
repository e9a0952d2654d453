"""A cube with labels -> the report's rows on labels, quality and views: A, B, and B - A."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from policy_dsl.program import Program
from simulator.cube import OUTCOME, Cube
from simulator.labels import Bools, Floats, Method, Sample, outcome_model
from simulator.quality import METHODS, Judge, looked, metrics, view_metrics
from simulator.result import ALL, Assumption, Labelled, Metric, Slice
from simulator.sections.acting import DEFAULT, Acting, Cells, labelled, sides
from simulator.sections.counts import left_open
from simulator.unseen import Unseen

FEW: tuple[Method, ...] = ("snipw",)  # of slices and views: one estimate each
OPEN = 0.01  # of the rows: more of them left open, and quality is another, where violations are few in a hundred


@dataclass(frozen=True, slots=True)
class QualitySection:
    """Fields of `result.Result`."""

    labels: tuple[Labelled, ...] = ()
    quality: tuple[Metric, ...] = ()
    views: tuple[Metric, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


def quality(cube: Cube, programs: Sequence[Program], acting: Acting = DEFAULT) -> QualitySection:
    """Of the two programs of the cube's outcomes, for each policy that has labels; over all rows, and by slices of at least
    `acting.minimum` labelled rows. ValueError where `acting` names an enforcement that a program lacks."""
    labels: list[Labelled] = []
    figures: list[Metric] = []
    views: list[Metric] = []
    assumptions: list[Assumption] = []
    for policy in labelled(cube):
        found = _Policy(cube, policy, sides(cube, programs, policy, acting), acting)
        labels.append(found.labelled())
        figures += found.figures()
        views += found.views()
        assumptions.append(found.assumed())
        assumptions += found.left_open()
    if views:
        assumptions.append(VIEWS)
    if labels:
        assumptions.append(TRUTH)
    return QualitySection(tuple(labels), tuple(figures), tuple(views), tuple(assumptions))


TRUTH = Assumption(
    "amber",
    "labels are taken for the truth",
    "Where reviewers err, precision, recall and rates of wrong decisions are those against the reviewers, not against the policy.",
)
VIEWS = Assumption(
    "amber",
    "views are those that the log has",
    "What was taken down early has few views, whatever A and B would have done with it; what a decision does to views is not modelled.",
)


class _Policy:
    """One policy's figures."""

    def __init__(self, cube: Cube, policy: str, acts: tuple[Bools, Bools], acting: Acting) -> None:
        self._cube, self._policy, self._acts, self._acting = cube, policy, acts, acting
        self._fold = _fold(cube, policy)
        self._cells = Cells.of(cube, policy, *([self._fold] if self._fold else []))
        self._looked = self._look(self._cells)

    def _on(self, cells: Cells) -> tuple[Bools, Bools]:
        a, b = (cells.by_outcome(side) for side in self._acts)
        return a, b

    def _look(self, cells: Cells) -> Unseen | None:
        return looked(cells.rows, *self._on(cells))

    def labelled(self) -> Labelled:
        rows = self._cells.rows.rows
        blank = rows[:, 0] if self._looked is None else rows[self._looked.cells, 0]
        return Labelled(
            self._policy,
            int(rows.sum()),
            int(rows[:, 1:].sum()),
            int(rows[:, 2].sum()),
            self._cells.rows.weighted,
            int(blank.sum()),
            self._acting.least,
            self._acting.routes,
        )

    def figures(self) -> Iterator[Metric]:
        yield from self._metrics(ALL, self._cells, METHODS, self._model())
        for dimension in self._cube.cohorts:
            cells = Cells.of(self._cube, self._policy, dimension)
            for code in np.unique(cells.codes[:, 1]).tolist():
                part = cells.select(cells.codes[:, 1] == code)
                if part.rows.rows[:, 1:].sum() >= self._acting.minimum:
                    yield from self._metrics(_slice(self._cube, dimension, code), part, FEW, None)

    def _metrics(
        self, where: Slice, cells: Cells, methods: tuple[Method, ...], model: Floats | None
    ) -> Iterator[Metric]:
        on_a, on_b = self._on(cells)
        judge = self._judge(cells.rows, (on_a, on_b), model, None)
        a, b = metrics(on_a, self._acting.beta), metrics(on_b, self._acting.beta)
        for name in a:
            beta = self._acting.beta if name == "f_beta" else None
            for basis, compared in judge.told(a[name], b[name], methods):
                yield Metric(where, self._policy, name, basis, compared, beta)

    def _judge(self, sample: Sample, acts: tuple[Bools, Bools], model: Floats | None, seen: Unseen | None) -> Judge:
        return Judge.of(sample, *acts, model, self._acting.level, self._acting.minimum, seen)

    def views(self) -> Iterator[Metric]:
        """Over all rows, where any has views."""
        sample = self._cells.views
        if not sample.size.any():
            return
        on_a, on_b = self._on(self._cells)
        judge = self._judge(sample, (on_a, on_b), None, self._looked)
        a, b = view_metrics(on_a), view_metrics(on_b)
        for name in a:
            for basis, compared in judge.told(a[name], b[name], FEW):
                yield Metric(ALL, self._policy, name, basis, compared)

    def _model(self) -> Floats | None:
        if self._fold is None or self._looked is None:
            return None
        codes = self._cells.codes
        return outcome_model(self._cells.rows, codes[:, 0], codes[:, 1], self._acting.minimum)

    def assumed(self) -> Assumption:
        sample, seen = self._cells.rows, self._looked
        rows, known, drawn = int(sample.rows.sum()), int(sample.rows[:, 1:].sum()), int(sample.drawn.sum())
        title = f"labels of `{self._policy}`"
        if sample.everyone:
            return Assumption("green", title, f"Each of the {rows:,} rows has one.")
        if seen is None:
            text = f"{known:,} of {rows:,} rows have one, and the chance of a review is not known (`review.propensity`): figures are not identified, only bounded."
            return Assumption("red", f"{title} do not tell of other rows", text)
        weights = float(sample.weight.sum())
        text = (
            f"{drawn:,} of {rows:,} rows were reviewed with a known chance; by it they stand for {weights:,.0f} rows."
        )
        if known > drawn:
            text += f" {known - drawn:,} more labels came without a chance and count only for themselves."
        if seen.why:
            return Assumption(
                "red", f"{title} leave a part open", f"{text} Not everything is identified: {'; '.join(seen.why)}."
            )
        return Assumption("green" if known == drawn else "amber", title, text)

    def left_open(self) -> Iterator[Assumption]:
        """Where a score that was skipped could make the policy act."""
        cells = self._cube.margin(OUTCOME)
        unknown = [any(left_open(outcome, self._policy) for outcome in pair) for pair in self._cube.outcomes]
        rows = int(cells.sums["rows"][np.array(unknown, np.bool_)[cells.of(OUTCOME)]].sum()) if unknown else 0
        if rows:
            yield Assumption(
                "red" if rows > OPEN * self._cube.rows else "amber",
                f"`{self._policy}` is open on {rows:,} of {self._cube.rows:,} rows",
                "A score was skipped when they were decided, and might make it act: its quality is told as if it did not.",
            )


def _slice(cube: Cube, dimension: str, code: int) -> Slice:
    value = cube.values[dimension][code]
    return Slice(dimension, None if value is None else str(value))


def _fold(cube: Cube, policy: str) -> str | None:
    """The dimension that splits the reviewed rows most evenly in parts, to fit a model on some and use it on others."""
    shares = {}
    for dimension in cube.cohorts:
        cells = Cells.of(cube, policy, dimension)
        drawn = np.bincount(cells.codes[:, 1], cells.rows.drawn.sum(axis=1))
        if np.count_nonzero(drawn) > 1:
            shares[dimension] = float(drawn.max() / drawn.sum())
    return min(shares, key=lambda dimension: shares[dimension]) if shares else None
