"""A Program -> one SELECT over a scored log, and the table of thresholds that it joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from engine.sql import thresholds
from engine.sql.arms import arms
from engine.sql.dialects import Dialect, Name
from engine.sql.inputs import GONE, Held, Reader
from engine.sql.joined import Joining, Speaker, named
from engine.sql.ladders import Ladders
from engine.sql.layers import Layers
from engine.sql.placed import Placed
from engine.sql.policies import Policy
from engine.sql.says import Vocabulary
from engine.sql.terms import (
    E,
    among,
    case,
    column,
    compare,
    differ,
    equal,
    every,
    function,
    is_null,
    null,
    number,
    opposite,
    some,
    text,
    truth,
)
from engine.sql.thresholds import LAID_OUT, OFF, PERIODS, Numbers, Periods
from engine.sql.views import Sql, View
from policy_dsl.program import Program
from scorers.content import Modality

ROWS, PLACES, PLACED = "log_rows", "places", "placed"
NEEDS_EVALUATOR = "needs evaluator"
"""The status of a row that SQL does not decide: it skipped a scorer, and ruling R4 asks what any value of it would do."""


@dataclass(frozen=True, slots=True)
class Source:
    """The log. `columns` maps the program's names (inputs, `id`, `region`, `at`, `modalities`, `skipped`) to the table's columns;
    what it lacks is absent in every row. `shares` are scores in [0, 1]; the others are whole millionths.
    """

    table: str
    columns: Mapping[str, str]
    shares: frozenset[str] = frozenset()

    @staticmethod
    def of(program: Program, dialect: Name, table: str = "scored_log", *, skipped: bool = False) -> Source:
        """A log with a column for every input, named as Limen writes them (in BigQuery `text_hate` for `text.hate`)."""
        names = ["id", "region", "at", "modalities", *(["skipped"] if skipped else [])]
        names += [spec.name for spec in program.inputs]
        dotted = Dialect(dialect).dotted_columns
        return Source(table, {name: name if dotted else name.replace(".", "_") for name in names})


class _Inputs(Mapping[str, Held]):
    """Inputs, read where they are first asked for."""

    def __init__(self, program: Program, reader: Reader) -> None:
        self._specs = {spec.name: spec for spec in program.inputs}
        self._reader = reader
        self._held: dict[str, Held] = {}

    def __getitem__(self, name: str) -> Held:
        if name not in self._held:
            self._held[name] = self._reader.held(self._specs[name])
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)


@dataclass
class Query:
    """Builds the query of one program in one dialect. Raises SqlUnsupportedError."""

    program: Program
    dialect: Dialect
    source: Source
    thresholds: str = thresholds.TABLE
    layers: Layers = field(default_factory=Layers)
    views: list[View] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = {str(m) for m in Modality} | {spec.modality for spec in self.program.inputs if spec.modality}
        self.reader = Reader(self.dialect, self.layers, self.source.columns, self.source.shares, tuple(sorted(known)))
        self.periods = Periods(self.program.dates)
        self.numbers = Numbers(self.layers)
        period = self.layers.base("period") if self.program.dates else number(0)
        self.sql = Sql(self.dialect, self.layers, _Inputs(self.program, self.reader), self.program.dates, period)

    def text(self) -> str:
        return self.select().sql(dialect=self.dialect.name, pretty=True)

    def select(self) -> exp.Select:
        settled = self.layers.settled(self.outputs())
        steps, outputs = settled.entries(PLACED), settled.outputs
        last = steps[-1][0] if steps else PLACED
        query = exp.select(*(exp.alias_(value, name, quoted=True) for name, value in outputs.items())).from_(last)
        entries: list[tuple[str, exp.Expression]] = [
            (PLACES, self.places()),
            (PERIODS, self.period_rows()),
            (LAID_OUT, self.numbers.laid_out(self.thresholds)),
            (ROWS, self.rows()),
            (PLACED, self.placed()),
            *steps,
        ]
        for name, entry in entries:
            fenced = self.dialect.fenced or None
            query = query.with_(name, as_=entry, materialized=fenced, copy=False)
        return query

    # -- the decision --------------------------------------------------------------------------------------------------

    def outputs(self) -> dict[str, E]:
        speakers = [self.speaker(i) for i in range(len(self.program.policies))]
        standing = {
            i: equal(self.layers.base(f"consequence_{i}"), number(1)) for i in range(len(self.program.consequences))
        }
        joining = Joining(self.program, self.sql, speakers, standing, self.views)
        enforcement = joining.enforcement()
        consequences = joining.consequences(enforcement)
        levels = joining.levels(consequences)
        status = self.layers.let("status", self.status(joining.status(enforcement, levels, consequences)))
        silent = among(status, [text("unavailable"), text(NEEDS_EVALUATOR)])
        found = {"id": self.given("id"), "region": self.given("region"), "status": status}
        found["enforcement"] = case([(silent, null())], named(self.program, enforcement))
        found["routes"] = case([(silent, text(""))], joining.routes(levels))
        usable = opposite(among(status, [text(NEEDS_EVALUATOR)]))
        for speaker in speakers:
            shown = case([(every([usable, self.valid]), speaker.shown(self.program))], null())
            found[
                f"policy.{speaker.policy.name}" if self.dialect.dotted_columns else f"policy_{speaker.policy.name}"
            ] = shown
        return found

    def speaker(self, index: int) -> Speaker:
        policy = self.program.policies[index]
        variant = self.layers.base(f"variant_{index}")
        placed = Placed(policy, variant)
        view = View(self.sql, policy.name, policy.variants[0].scores, arms(self.sql, policy))
        self.views.append(view)
        words = Vocabulary.of(policy)
        ladders = Ladders(placed, view, words, self.numbers, self.periods)
        built = Policy(placed, view, words, ladders)
        verdict = built.verdict
        opened = self.layers.let("open", some([differ(verdict.missing, number(0)), verdict.error]))
        applies = compare(">=", variant, number(0)) if -1 in policy.places else truth(True)
        return Speaker(policy, applies, verdict.proposal.enforcement, dict(built.levels(verdict.proposal)), opened)

    def status(self, decided: E) -> E:
        """Of invalid rows, of skipped ones, of those in an unknown region, of all others."""
        branches = [(opposite(self.valid), text("unavailable")), (self.skipping(), text(NEEDS_EVALUATOR))]
        if self.program.unknown_region == "GLOBAL":
            strange = differ(self.given("region"), self.layers.base("place"))
            branches.append((every([strange, equal(decided, text("decided"))]), text("degraded")))
        return case(branches, self.layers.let("decided", decided))

    @property
    def valid(self) -> E:
        """A row that has a place, a time where the pack has dates, and no unheard-of modality."""
        conditions = [opposite(is_null(self.layers.base("place"))), opposite(self.reader.modality_problem())]
        if self.program.dates:
            conditions.append(opposite(is_null(self.layers.base("period"))))
        return self.layers.let("valid", every(conditions))

    def skipping(self) -> E:
        names = sorted({name for view in self.views for name in view.bits.index})
        held = ((name, self.sql.inputs[name]) for name in names)
        return some(every([equal(one.status, number(GONE)), self.reader.skipped(name)]) for name, one in held)

    def given(self, name: str) -> E:
        return self.reader.column(name) or null()

    # -- where the row stands ------------------------------------------------------------------------------------------

    def rows(self) -> exp.Select:
        """The log's columns under names of the query's own, with the row's region in the program and its period."""
        raw = {name: column(self.source.columns[name], "log") for name in self.reader.raw}
        own = [exp.alias_(raw[name], held.name, quoted=True) for name, held in self.reader.raw.items()]
        derived = [exp.alias_(self.place(), "place", quoted=True)]
        if self.program.dates:
            derived.append(exp.alias_(self.period(), "period", quoted=True))
        return exp.select(*own, *derived).from_(
            exp.alias_(exp.to_table(self.source.table), "log", table=True, quoted=True)
        )

    def place(self) -> E:
        """The region by whose rules the row is decided (ruling R20); NULL: by none."""
        if "region" not in self.source.columns:
            return null()
        region = column(self.source.columns["region"], "log")
        known = among(region, [text(name) for name in self.program.regions])
        named_ = exp.and_(opposite(is_null(region)), differ(region, text("")))
        return case(
            [(known, region), (named_, text("GLOBAL"))]
            if self.program.unknown_region == "GLOBAL"
            else [(known, region)],
            null(),
        )

    def period(self) -> E:
        """How many of the program's dates the row's time has reached; NULL without a time."""
        if "at" not in self.source.columns:
            return exp.cast(null(), "bigint")
        at = column(self.source.columns["at"], "log")
        before = [(compare("<", at, self.dialect.moment(date)), number(i)) for i, date in enumerate(self.program.dates)]
        return case([(is_null(at), null()), *before], number(len(self.program.dates)))

    def places(self) -> exp.Select:
        """Which variant of each policy a region has, and which consequences stand there."""
        names = ["region", *(f"variant_{i}" for i in range(len(self.program.policies)))]
        names += [f"consequence_{i}" for i in range(len(self.program.consequences))]
        chains = {region: self._chain(region) for region in self.program.regions}
        found = []
        for place, region in enumerate(self.program.regions):
            variants = [policy.places[place] for policy in self.program.policies]
            standing = [int(any(code in item.regions for code in chains[region])) for item in self.program.consequences]
            found.append((region, *variants, *standing))
        return values(names, found)

    def _chain(self, region: str) -> list[str]:
        parents = dict(zip(self.program.regions, self.program.parents, strict=True))
        codes = [region]
        while (parent := parents[codes[-1]]) is not None:
            codes.append(parent)
        return codes

    def period_rows(self) -> exp.Select:
        return values(["period", "start"], list(enumerate(self.periods.starts)))

    def placed(self) -> exp.Select:
        """Rows with their region's variants and thresholds."""
        numbers = [
            exp.alias_(function("COALESCE", column(name, LAID_OUT), number(OFF)), name, quoted=True)
            for name in self.numbers.columns.values()
        ]
        own = [f"variant_{i}" for i in range(len(self.program.policies))]
        own += [f"consequence_{i}" for i in range(len(self.program.consequences))]
        kept = [column(name, PLACES) for name in own]
        period = column("period", ROWS) if self.program.dates else number(0)
        here = exp.and_(
            equal(column("region", LAID_OUT), column("place", ROWS)), equal(column("period", LAID_OUT), period)
        )
        rows = exp.Column(this=exp.Star(), table=exp.to_identifier(ROWS))
        return (
            exp.select(rows, *kept, *numbers)
            .from_(ROWS)
            .join(PLACES, on=equal(column("region", PLACES), column("place", ROWS)), join_type="left")
            .join(LAID_OUT, on=here, join_type="left")
        )


def values(names: Sequence[str], found: Sequence[Sequence[object]]) -> exp.Select:
    """A relation written out."""
    quoted = [exp.to_identifier(name, quoted=True) for name in names]
    tuples = [exp.convert(tuple(row)) for row in found]
    alias = exp.TableAlias(this=exp.to_identifier("given"), columns=quoted)
    return exp.select("*").from_(exp.Values(expressions=tuples, alias=alias))
