"""Programs + batches of a scored log -> the outcome of every row: by signatures, each decided once by the exact evaluator (S12).

What one policy says depends on a row through few things: which thresholds each score reaches, which values its conditions tell
apart. They are the axes of the policy's table (`engine.columnar.table`), computed by columns; what a combination of cells comes
to, the evaluator of single rows says (`engine.compiled.open`), once. Then the policies' verdicts are the axes of one more
table, whose entries are the joined decisions. Several programs share all of this: of K variants of a pack each row is read once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.columnar.alike import policy_without_thresholds, without_thresholds
from engine.columnar.axes import ValueAxis
from engine.columnar.compiled import Compiled, Same, Truth, read_value, time_of
from engine.columnar.frame import MISSING, Frame, Ints, TableFrame
from engine.columnar.needs import Axes, Needs
from engine.columnar.quiet import Quiet, QuietTable
from engine.columnar.silence import may_hold
from engine.columnar.table import Axis, Table
from engine.compiled.gaps import ReactionCode
from engine.compiled.here import Here
from engine.compiled.reading import Arms
from engine.compiled.said import Said
from engine.decision import Outcome, Sanctioned, Status, Verdict
from engine.record import NA, InvalidRecordError, read_record
from engine.region import NO_REGION, unknown_region
from policy_dsl import program as p
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.serial import from_json
from policy_dsl.program import Input, Program
from scorers.content import Modality

Detail: TypeAlias = Literal["full", "counts"]
ROWS = 131_072  # of a frame
NO_SKIPS: frozenset[str] = frozenset()
AT_STAKE = "what was skipped could change the decision"
"""With "counts": the reason of an outcome in which inputs that the log's own pack did not need are missing after all."""


Row: TypeAlias = tuple[list[Any], int, bool]
"""A row's inputs, the bits of those that are missing or do not apply, and whether any is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """What a policy of one program says. Of one policy each is there once: equal ones are the same."""

    said: Said
    verdict: Verdict
    arms: tuple[tuple[str, str], ...]


class Columnar:
    """Decides the rows of tables by K programs at once; not safe to share between threads.

    With `detail` "full", two rows have one outcome id only where their Outcomes are equal, verdicts included; regions count. With
    "counts", ids tell apart what is counted: status, enforcement, routes, sanctions and missing inputs, of the decision and of each
    policy; neither an Outcome nor its verdicts then have a region, effects, clauses or exceptions. So equal decisions are equal
    objects, whatever rows they were found by.
    """

    def __init__(self, programs: Sequence[Program], detail: Detail = "full") -> None:
        """Raises ColumnarError for a program that cannot be evaluated by columns."""
        self.programs, self.detail = tuple(programs), detail
        same, bare = Same(), [without_thresholds(program) for program in programs]
        self._alike = [bare.index(one) for one in bare]
        self.reads = [[other.inputs for other in programs].index(program.inputs) for program in programs]
        self.compiled = [Compiled(program, same) for program in programs]
        self._axes = Axes()
        self.needed: list[tuple[Compiled, Needs]] = []
        self.arms: list[Axis] = []
        self.read: set[str] = {"region", "skipped"}
        names = dict.fromkeys(policy.name for program in programs for policy in program.policies)
        self._slots = {name: Slot(self, name) for name in sorted(names)}
        self._reactions = [
            Reaction(self, compiled, number) for compiled in self.compiled for number in _asking(compiled)
        ]
        self._modalities = _bits(programs)
        self._known = frozenset(map(str, Modality)) | self._modalities.keys()
        self.table = self._quiet_table(Decisions(self, self._slots, self._last_axes()))

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a scored log that decisions depend on."""
        dated = {"at"} if any(program.dates for program in self.programs) else set()
        parted = {"modalities"} if self._modalities else set()
        return frozenset(self.read | dated | parted)

    @property
    def outcomes(self) -> Sequence[tuple[Outcome, ...]]:
        """By outcome id, one for each program; grows while rows come."""
        return self.table.values

    def outcome_ids(self, batch: pa.RecordBatch) -> Ints:
        """The outcome id of each row. Raises ColumnarError for a table that is none of a scored log's shape."""
        ids = [self.ids(frame) for frame in self.frames(batch)]
        return np.concatenate(ids) if ids else np.empty(0, np.int32)

    def _quiet_table(self, whole: Table) -> QuietTable:
        quiet, facts = Quiet(), []
        parts: list[Slot | Reaction] = [*self._slots.values(), *self._reactions]
        for part in parts:
            for compiled, needs in part.needed:
                quiet.add(needs)
                own = needs.facts
                if self.detail == "full" or part.speaks(self._slots):
                    facts.append((compiled, own))
                if self.detail == "counts":
                    quiet.facts |= {id(spec): spec for spec in (needs.specs[name] for name in own.asked)}
        where = ValueAxis(
            lambda frame: frame.regions,
            lambda region: (self._where(region), *(slot.variants(region) for slot in self._slots.values())),
        )
        axes = [where, *self.axes(facts), *self.arms]
        if any(program.dates for program in self.programs):
            axes.append(self._axes.time(()))
        return QuietTable(whole, quiet, axes, self._modalities, self.columns)

    def frames(self, batch: pa.RecordBatch) -> Iterator[TableFrame]:
        for start in range(0, batch.num_rows, ROWS):
            yield TableFrame(batch.slice(start, ROWS), self._modalities, self._known)

    def ids(self, frame: Frame) -> Ints:
        return self.table.cells(frame)

    # -- axes --------------------------------------------------------------------------------------------------------

    def axes(self, needed: Sequence[tuple[Compiled, Needs]]) -> list[Axis]:
        """One for each thing that is needed."""
        for _, needs in needed:
            self.read |= needs.columns
        self.needed += needed
        return self._axes.of((needs, compiled.spans(needs.scores)) for compiled, needs in needed)

    @property
    def skips(self) -> Axis:
        found: Axis = self._axes.once("skipped", lambda: ValueAxis(lambda frame: frame.skipped))
        return found

    def _last_axes(self) -> list[Axis]:
        found: list[Axis] = [slot.table for slot in self._slots.values()]
        found += [reaction.table for reaction in self._reactions]
        found += [ValueAxis(lambda frame: frame.regions, self._where), self.skips]
        if any(program.dates for program in self.programs):
            found.append(self._axes.time(()))  # whether there is a time at all
        if self._modalities:
            found.append(ValueAxis(lambda frame: frame.strange))
        return found

    def _where(self, region: str | None) -> Hashable:
        """What of a region matters once the policies have spoken."""
        if self.detail == "full" or region is None:
            return region
        places = [(compiled, compiled.place(region)) for compiled in self.compiled]
        return tuple(
            None if place is None else (place == region, compiled.consequences(place)) for compiled, place in places
        )

    # -- the joined decision -----------------------------------------------------------------------------------------

    def decide(self, frame: Frame, row: int, said: Mapping[str, tuple[Spoken | None, ...]]) -> tuple[Outcome, ...]:
        """One Outcome for each program; `said` gives what each policy says, by name, in all programs that have it."""
        found: list[Outcome] = []
        skipped = skipped_in(frame, row)
        for k, base in enumerate(self._alike):
            same = base < k and not skipped
            same = same and all(slot.same(said[name], base, k) for name, slot in self._slots.items())
            found.append(found[base] if same else self._outcome(k, frame, row, said))
        return tuple(found)

    def _outcome(self, k: int, frame: Frame, row: int, said: Mapping[str, tuple[Spoken | None, ...]]) -> Outcome:
        compiled = self.compiled[k]
        region = frame.regions.values[frame.regions.codes[row]]
        told = region if self.detail == "full" else None
        fault = NO_REGION if region is None else _fault(compiled.program, frame, row)
        if region is None or fault:
            return Outcome(told, Status.UNAVAILABLE, None, reason=fault)
        place = compiled.place(region)
        reason = None if place == region else unknown_region(region, compiled.program)
        if place is None:
            return Outcome(told, Status.UNAVAILABLE, None, reason=reason)
        found = self._joined(k, frame, row, place, said)
        if reason is None:
            return found
        status = Status.DEGRADED if found.status is Status.DECIDED else found.status
        return replace(found, region=told, status=status, reason=found.reason or f"{reason}: decided as GLOBAL")

    def _joined(
        self, k: int, frame: Frame, row: int, place: str, said: Mapping[str, tuple[Spoken | None, ...]]
    ) -> Outcome:
        compiled = self.compiled[k]
        slots = [self._slots[name] for name in compiled.names(place)]
        spoken = [slot.of(k, said[slot.name]) for slot in slots]
        at, skipped, staked = time_of(frame, row), skipped_in(frame, row), False
        if skipped and compiled.region(place).staked(
            compiled.record(frame, row, skipped), *compiled.values(frame, row)
        ):
            spoken = [slot.spoken(k, frame, row, NO_SKIPS) for slot in slots]
            staked = True
        base = self.compiled[self._alike[k]]
        region = base.region(place)
        saids = tuple([one.said for one in spoken if not one.verdict.shadow])
        arms = tuple([arm for one in spoken for arm in one.arms])
        joined = region.joined(
            saids, arms, lambda number: region.consequences[number].truth(*base.values(frame, row), at)
        )
        verdicts = tuple([one.verdict for one in spoken])
        if self.detail == "full":
            return replace(joined, verdicts=verdicts)
        return Outcome(
            region=None,
            status=joined.status,
            enforcement=joined.enforcement,
            routes=joined.routes,
            sanctions=joined.sanctions,
            verdicts=verdicts,
            missing=joined.missing,
            arms=joined.arms,
            reason=AT_STAKE if staked else None,
        )


class Decisions(Table):
    """The joined decisions, by what each policy says."""

    def __init__(self, columnar: Columnar, slots: Mapping[str, Slot], axes: Sequence[Axis]) -> None:
        super().__init__(axes, lambda *_: None)
        self._columnar, self._slots = columnar, slots

    def filled(self, frame: Frame, rows: npt.NDArray[np.int64]) -> Ints:
        cells = {
            name: (slot.table.values, slot.table.cells(frame)[rows].tolist()) for name, slot in self._slots.items()
        }
        found = []
        for i, row in enumerate(rows.tolist()):
            said = {name: values[numbers[i]] for name, (values, numbers) in cells.items()}
            outcomes = self._columnar.decide(frame, row, said)
            found.append(self._id(outcomes, tuple(map(_brief, outcomes))))
        return np.array(found, np.int32)


def _brief(outcome: Outcome) -> Hashable:
    """As good as the whole to tell outcomes apart, and sooner compared: verdicts are there once."""
    return (
        outcome.region,
        outcome.status,
        outcome.enforcement,
        outcome.routes,
        outcome.sanctions,
        outcome.effects,
        tuple(map(id, outcome.verdicts)),
        outcome.fired,
        outcome.missing,
        outcome.arms,
        outcome.reason,
    )


class Slot:
    """One policy, by name, in all programs that have it."""

    def __init__(self, columnar: Columnar, name: str) -> None:
        self.name, self._columnar = name, columnar
        self._policies = [
            next((policy for policy in program.policies if policy.name == name), None) for program in columnar.programs
        ]
        self._compiled = columnar.compiled
        self._numbers = {k: number for number, (k, _, _) in enumerate(self._present())}
        self._known: dict[tuple[int, int, int], Spoken] = {}
        self._once: dict[Hashable, Spoken] = {}
        self._like = [self._first_like(k) for k in range(len(self._policies))]
        self._shapes = self._shaped()
        facts, needed, arms = Facts(columnar), [], []
        start, self._speaks = len(columnar.needed), False
        for compiled, policy in {id(policy): (c, policy) for _, c, policy in self._present()}.values():
            for variant in sorted(set(policy.places) - {-1}):
                here = compiled.here(policy, variant)
                needed.append((compiled, self._needs(compiled, here, facts)))
                self._speaks |= any(may_hold(rule, compiled.specs, here.derived) for rule in here.rules)
                arms += [_arm_axis(compiled, experiment) for experiment in policy.experiments]
        where: list[Axis] = [ValueAxis(lambda frame: frame.regions, self.variants), columnar.skips]
        columnar.arms += arms
        self.table = Table([*where, *columnar.axes(needed), *arms, facts.table()], self._say)
        self.needed = columnar.needed[start:]

    def speaks(self, slots: Mapping[str, Slot]) -> bool:  # noqa: ARG002 - as a Reaction
        """Whether it may propose anything where no scorer found anything."""
        return self._speaks

    def _first_like(self, k: int) -> int:
        """The first program in which the policy is the same, and so are the inputs."""
        programs = self._columnar.programs
        alike = (
            j for j in range(k) if self._policies[j] == self._policies[k] and programs[j].inputs == programs[k].inputs
        )
        return next(alike, k)

    def _shaped(self) -> list[int]:
        """The first program in which the policy is the same but for thresholds: what acts comes to the same in both."""
        bare = [None if policy is None else policy_without_thresholds(policy) for policy in self._policies]
        shapes = list(zip(bare, (program.inputs for program in self._columnar.programs), strict=True))
        return [shapes.index(one) for one in shapes]

    def _present(self) -> list[tuple[int, Compiled, p.Policy]]:
        return [(k, self._compiled[k], policy) for k, policy in enumerate(self._policies) if policy is not None]

    def variants(self, region: str | None) -> Hashable:
        return tuple(compiled.variant(policy, region) for _, compiled, policy in self._present())

    def _needs(self, compiled: Compiled, here: Here, facts: Facts) -> Needs:
        """Those of one variant; what depends on facts alone goes into `facts`."""
        needs = Needs(compiled.specs, here.variant.scores)
        for guard in here.every_guard:
            facts.guard(compiled, guard)
            needs.dates |= {date for date in (guard.start, guard.end) if date is not None}
        for condition in (*here.rules, *here.grants, *here.adjustments, *here.priorities):
            if any(needs.is_score(name) for name in needs.names(condition)):
                needs.condition(condition)
            else:
                facts.condition(compiled, condition)
        for ladder, thresholds in zip(here.variant.ladders, compiled.open(here).thresholds, strict=True):
            needs.ladder(ladder.score, thresholds)
        facts.mixed(compiled, needs)
        self._columnar.read |= here.units
        return needs

    def _say(self, frame: Frame, row: int) -> tuple[Spoken | None, ...]:
        region, skipped = frame.regions.values[frame.regions.codes[row]], skipped_in(frame, row)
        found: dict[int, Spoken | None] = {}
        read: dict[Hashable, Row] = {}
        for k, compiled, policy in self._present():
            if self._like[k] == k:
                found[k] = None if compiled.variant(policy, region) < 0 else self.spoken(k, frame, row, skipped, read)
        return tuple([found[self._like[k]] for k in self._numbers])

    def spoken(
        self, k: int, frame: Frame, row: int, skipped: frozenset[str], read: dict[Hashable, Row] | None = None
    ) -> Spoken:
        """What the policy of one program says about a row where it applies; `read` keeps the row's values for the next one."""
        compiled, policy = self._compiled[k], self._policies[k]
        assert policy is not None
        region = frame.regions.values[frame.regions.codes[row]]
        here, at = compiled.here(policy, compiled.variant(policy, region)), time_of(frame, row)
        names = here.every_input
        key = self._columnar.reads[k], names
        if read is None or key not in read:
            values, mask, lost = compiled.row(frame, row, names)
            if read is not None:
                read[key] = values, mask, lost
        else:
            values, mask, lost = read[key]
        unasked = compiled.places.mask(name for name in skipped if name in compiled.specs) if skipped else 0
        quick = None if lost or unasked else compiled.quick(here)
        bits = None if quick is None else quick.bits(values, at)
        if quick is None or bits is None:
            opened = compiled.opened(here, values)
            return self._spoken(k, opened.said(values, mask, at, unasked), opened.arms(values, mask))
        known = self._shapes[k], here.place, bits
        if known not in self._known:
            counts = self._columnar.detail == "counts"
            said = quick.layout.said(bits) if counts else compiled.opened(here, values).said(values, mask, at, unasked)
            self._known[known] = self._spoken(k, said, quick.layout.arms_of(bits))
        return self._known[known]

    def _spoken(self, k: int, said: Said, arms: tuple[tuple[str, str], ...]) -> Spoken:
        policy = self._policies[k]
        assert policy is not None
        if self._columnar.detail == "counts":
            verdict = _counted(said, policy)
        else:
            assert said.verdict is not None
            verdict = replace(said.verdict, shadow=policy.shadow)
        key = self._shapes[k], self._key(said, verdict, arms)  # of another severity, say, a policy is not the same
        return self._once.setdefault(key, Spoken(said, verdict, arms))

    def _key(self, said: Said, verdict: Verdict, arms: Hashable) -> Hashable:
        """All of it that is told apart. Whether an undetermined policy is at stake depends on what it saw."""
        state = said.state if said.undetermined else ()
        if self._columnar.detail == "full":
            return verdict, tuple(sorted(said.effects.items())), arms, state
        lacking = verdict.missing, bool(verdict.errors)
        return verdict.enforcement, verdict.routes, verdict.sanctions, lacking, said.speaks, arms, state

    def of(self, k: int, said: tuple[Spoken | None, ...]) -> Spoken:
        """What it says in a program where it applies."""
        found = said[self._numbers[k]]
        assert found is not None
        return found

    def same(self, said: tuple[Spoken | None, ...], j: int, k: int) -> bool:
        """Whether it says the same in both programs, which have the same policies."""
        return j not in self._numbers or said[self._numbers[j]] is said[self._numbers[k]]


class Facts:
    """What a policy's conditions and guards see of everything but scores, as one axis."""

    def __init__(self, columnar: Columnar) -> None:
        self._columnar = columnar
        self._needs: dict[Compiled, Needs] = {}
        self._truths: dict[Hashable, tuple[Compiled, Truth, frozenset[str]]] = {}
        self._guards: dict[int, tuple[Input, set[tuple[str, ...]]]] = {}
        self._mixed: dict[Axis, None] = {}

    def _of(self, compiled: Compiled) -> Needs:
        if compiled not in self._needs:
            self._needs[compiled] = Needs(compiled.specs)
        return self._needs[compiled]

    def condition(self, compiled: Compiled, expr: Expr) -> None:
        needs = self._of(compiled)
        names = frozenset(needs.names(expr))
        key = (expr, *sorted(id(compiled.specs[name]) for name in names))
        if key not in self._truths:
            needs.condition(expr)
            self._truths[key] = compiled, compiled.truth(expr), names

    def guard(self, compiled: Compiled, guard: p.Guard) -> None:
        for name, allowed in guard.within:
            spec = compiled.specs[name]
            self._of(compiled).guard(p.Guard(within=((name, allowed),)))
            self._guards.setdefault(id(spec), (spec, set()))[1].add(allowed)

    def mixed(self, compiled: Compiled, needs: Needs) -> None:
        """Takes from `needs` what is no score: their cells are kept as they are."""
        own = Needs(compiled.specs)
        for name in [name for name in needs.asked if not needs.is_score(name)]:
            own.asked[name] = needs.asked.pop(name)
        self._mixed |= dict.fromkeys(self._columnar.axes([(compiled, own)]))

    def table(self) -> Table:
        axes = self._columnar.axes(list(self._needs.items()))
        groups: dict[Compiled, tuple[list[Truth], frozenset[str]]] = {}
        for compiled, truth, names in self._truths.values():
            truths, before = groups.get(compiled, ([], frozenset()))
            groups[compiled] = [*truths, truth], before | names
        guards = [(spec, sorted(allowed)) for spec, allowed in self._guards.values()]
        mixed = list(self._mixed)

        def fill(frame: Frame, row: int) -> Hashable:
            said = []
            for compiled, (truths, names) in groups.items():
                values, mask = compiled.values(frame, row, names)
                said.append(tuple([truth(values, mask) for truth in truths]))
            asked = tuple(_within(read_value(frame, spec, row), allowed) for spec, allowed in guards)
            return tuple(said), asked, tuple([int(axis.cells(frame)[row]) for axis in mixed])

        return Table(tuple(dict.fromkeys([*axes, *mixed])), fill)


class Reaction:
    """A consequence of one program: whether its guard and its condition hold."""

    def __init__(self, columnar: Columnar, compiled: Compiled, number: int) -> None:
        item = compiled.program.consequences[number]
        needs = Needs(compiled.specs, item.scores)
        needs.guard(item.guard)
        if item.when is not None:
            needs.condition(from_json(item.when))
        code, start = ReactionCode(item, compiled.places), len(columnar.needed)
        self._policies = item.policies

        def fill(frame: Frame, row: int) -> int:
            return code.truth(*compiled.values(frame, row), time_of(frame, row))

        self.table = Table(columnar.axes([(compiled, needs)]), fill)
        self.needed = columnar.needed[start:]

    def speaks(self, slots: Mapping[str, Slot]) -> bool:
        """Whether it may react to anything where no scorer found anything."""
        names = slots if self._policies is None else self._policies
        return any(name in slots and slots[name].speaks(slots) for name in names)


def _counted(said: Said, policy: p.Policy) -> Verdict:
    """Without what differs between rows that are counted as one; of errors, that there are some."""
    sanctions = [Sanctioned(name, tuple(sorted(options.items()))) for name, options in sorted(said.sanctions.items())]
    return Verdict(
        policy=policy.name,
        enforcement=said.enforcement,
        routes=said.routes,
        sanctions=tuple(sanctions),
        missing=said.missing,
        errors=("erred",) if said.verdict is not None and said.verdict.errors else (),
        shadow=policy.shadow,
        undetermined=said.undetermined,
    )


def _asking(compiled: Compiled) -> list[int]:
    """The consequences that ask for more than the joined decision."""
    items = enumerate(compiled.program.consequences)
    return [number for number, item in items if item.when is not None or item.guard != p.ALWAYS]


def _within(value: Any, allowed: Sequence[tuple[str, ...]]) -> Hashable:
    """All that guards can tell of a value."""
    return None if value is MISSING else tuple(value in values for values in allowed)


def _arm_axis(compiled: Compiled, experiment: p.Experiment) -> Axis:
    spec, arm = compiled.specs[experiment.unit], Arms(experiment)

    def of(value: Any) -> int:
        if value is MISSING or value is NA:
            return 0
        return arm(sorted(value) if isinstance(value, frozenset) else value)

    return ValueAxis(lambda frame: frame.discrete(spec), of)


def skipped_in(frame: Frame, row: int) -> frozenset[str]:
    found = frame.skipped
    return NO_SKIPS if found is None else found.values[found.codes[row]]


def _fault(program: Program, frame: Frame, row: int) -> str | None:
    """Why no decision can be based on a row; None where one can."""
    strange = frame.strange
    names = () if strange is None else strange.values[strange.codes[row]]
    if not names and (not program.dates or time_of(frame, row) is not None):
        return None
    try:
        raw = {"at": None if time_of(frame, row) is None else "2026-01-01T00:00:00Z", "modalities": list(names)}
        read_record(raw, program)
    except InvalidRecordError as error:
        return str(error)
    return None


def _bits(programs: Sequence[Program]) -> dict[str, int]:
    names = sorted({spec.modality for program in programs for spec in program.inputs if spec.modality is not None})
    return {name: 1 << number for number, name in enumerate(names)}
