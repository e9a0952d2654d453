"""The engine: a pack or a bundle, loaded whole, and decisions by it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from engine.decision import Outcome, Status
from engine.loader import Loaded, Loader
from engine.log import logger
from engine.plan import MODES, Mode, Plan, draw
from engine.planner import Names, Planner, units
from engine.record import RECORD_KEYS, InvalidRecordError, Record, read_record, shown
from engine.reference import Evaluation
from engine.region import NO_REGION, unknown_region
from engine.rendering import Decision
from policy_dsl.program import Program
from scorers.batching.counts import Counts
from scorers.cache import ScoreCache, Store
from scorers.content import Content
from scorers.registry import Configured, Registry
from scorers.runner import Runner, Scored
from scorers.scorer import Plugin

if TYPE_CHECKING:
    import pyarrow as pa

Evaluator = Literal["scalar", "reference", "columnar"]
log = logger()


class Engine:
    """Decides by one pack. Safe to share between threads; `reload` swaps the pack between two decisions, never within one."""

    def __init__(
        self,
        loader: Loader,
        evaluator: Evaluator = "scalar",
        mode: Mode = "decisive",
        sample: float = 0.0,
        store: Store | None = None,
    ) -> None:
        """Raises what `Loader.load` raises, and ValueError for another mode or a share outside of [0, 1]."""
        self._loader, self._evaluator = loader, evaluator
        self._mode, self._sample = _mode(mode), _share(sample)
        self._scores = ScoreCache(store)
        self._lock = threading.Lock()
        self._state = _State(loader.load(), evaluator, self._scores)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        scorers: Iterable[Plugin] = (),
        registry: Registry | None = None,
        evaluator: Evaluator = "scalar",
        cache: str | Path | None = None,
        mode: Mode = "decisive",
        sample: float = 0.0,
        store: Store | None = None,
    ) -> Engine:
        """Loads a pack's folder or a `bundle.json`.

        `scorers` are plugins beside the installed ones; `registry` stands in for all of them. `cache` is a folder where
        compiled packs are kept by content. `mode` says which scorers `moderate` asks: `decisive`, those that could still
        change the decision; `complete`, all. `sample` in [0, 1]: the share of contents for which all are asked in either
        mode, drawn by a hash of the content. `store` keeps scores, so that one is computed once; None: in this process.
        Raises PackInvalidError, PackError, BundleError, OSError, ValueError.
        """
        plugins = registry or Registry.installed(extra=scorers)
        return cls(
            Loader(Path(path), plugins, Path(cache) if cache is not None else None), evaluator, mode, sample, store
        )

    def reload(self) -> bool:
        """Loads the path again and swaps it in whole; True where the pack changed. On an error the old one goes on (S9).

        Files whose text did not change are neither parsed nor lowered again.
        """
        with self._lock:
            loaded = self._loader.load()
            changed = loaded.digest != self._state.loaded.digest
            self._state = _State(loaded, self._evaluator, self._scores)
            log.info("pack_loaded", pack=loaded.program.pack, digest=loaded.digest, changed=changed)
            return changed

    @property
    def program(self) -> Program:
        return self._state.loaded.program

    @property
    def digest(self) -> str:
        return self._state.loaded.digest

    @property
    def problems(self) -> tuple[str, ...]:
        """Scorers that a bundle names and that could not be set up here: their outputs are missing in every decision."""
        return self._state.loaded.problems

    @overload
    def decide(self, *, scores: Mapping[str, Any] | None = ..., facts: Mapping[str, Any] | None = ..., region: str, at: datetime | str | None = ..., modalities: Iterable[str] | None = ..., id: str | None = ...) -> Decision: ...  # fmt: skip

    @overload
    def decide(self, *, scores: Mapping[str, Any] | None = ..., facts: Mapping[str, Any] | None = ..., region: list[str] | tuple[str, ...], at: datetime | str | None = ..., modalities: Iterable[str] | None = ..., id: str | None = ...) -> tuple[Decision, ...]: ...  # fmt: skip

    def decide(
        self,
        *,
        scores: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        region: str | list[str] | tuple[str, ...],
        at: datetime | str | None = None,
        modalities: Iterable[str] | None = None,
        id: str | None = None,
    ) -> Decision | tuple[Decision, ...]:
        """One decision, or one per region where `region` is a sequence. Bad data gives `unavailable`, never an exception.

        `scores` hold numbers in [0, 1] and the scorers' other outputs, `facts` the manifest's inputs, each by full name.
        """
        raw = {"id": id, "region": region, "at": at, "scores": scores, "facts": facts}
        if modalities is not None:
            raw["modalities"] = tuple(modalities)
        found = self._state.decide(raw)
        return found[0] if isinstance(region, str) else found

    def decide_record(self, raw: Mapping[str, Any]) -> tuple[Decision, ...]:
        """The decisions about a record as JSON gives it: one per region."""
        return self._state.decide(raw)

    def decide_records(self, raws: Sequence[Mapping[str, Any]]) -> list[tuple[Decision, ...]]:
        """The decisions about each record: by columns, all at once, where the evaluator is `columnar`."""
        return self._state.decide_all(raws)

    def decide_table(self, table: pa.Table | pa.RecordBatch) -> pa.Table:
        """Decides every row of a table that is shaped like a scored log; columns in, columns out.

        An integer column of a score holds millionths, a floating one shares in [0, 1]; NULL, like a column that is not there, is
        an absent input. Gives `id` and `region` as they were (where the table has them), then `status`, `enforcement` (NULL where
        unavailable), `routes` (lists of route, queue, priority), `sanctions` and `fired` (lists of names), `effects` (JSON),
        `missing` (a list of names) and `reason`. Raises ColumnarError for a table of another shape; needs the extra `simulate`.
        """
        from engine.columnar.decided import decide_table  # noqa: PLC0415 - needs an extra

        return decide_table(self._state.loaded.program, table)

    async def moderate(
        self,
        content: Content,
        *,
        region: str,
        at: datetime | str | None = None,
        deadline_ms: float | None = None,
        mode: Mode | None = None,
    ) -> Decision:
        """Runs the scorers on one content and decides in one region; `at` None is now. See `moderate_all` for more of each."""
        return (await self.moderate_all([(content, region, at)], deadline_ms=deadline_ms, mode=mode))[0][0]

    async def moderate_all(
        self,
        items: Sequence[tuple[Content, str | Sequence[str], datetime | str | None]],
        *,
        deadline_ms: float | None = None,
        mode: Mode | None = None,
    ) -> tuple[tuple[Decision, ...], ...]:
        """Runs the scorers over a batch and decides each content, one decision per region. `at` None is now.

        `mode` None is the engine's. `deadline_ms`: what the scorers have not said that many milliseconds after the call is
        missing. Raises ValueError for another mode.
        """
        deadline = None if deadline_ms is None else time.monotonic() + deadline_ms / 1000
        state, now = self._state, datetime.now(UTC)
        plans = [draw(content, _mode(mode or self._mode), self._sample) for content, _, _ in items]
        asked = [_Asked(state, content, region, now if at is None else at) for content, region, at in items]
        found = await state.planner.gather(
            [
                (one.content, one.at_stake if plan.way == "decisive" else None)
                for one, plan in zip(asked, plans, strict=True)
            ],
            deadline,
        )
        _log_missing([scored for scored, _ in found])
        return tuple(
            one.decide(scored, replace(plan, skipped=skipped))
            for one, plan, (scored, skipped) in zip(asked, plans, found, strict=True)
        )

    @property
    def scorers(self) -> tuple[Configured, ...]:
        """Those of the loaded pack, cheapest first."""
        return self._state.runner.scorers

    def statistics(self) -> Mapping[str, Counts]:
        """What each scorer of the loaded pack was asked, and what came of it, since the pack was loaded."""
        return self._state.runner.statistics()


class _Asked:
    """One content with what the caller said about it."""

    def __init__(self, state: _State, content: Content, region: Any, at: datetime | str) -> None:
        self.state, self.content, self.region, self.at = state, content, region, at

    def raw(self, scored: Scored, skipped: Iterable[str]) -> dict[str, Any]:
        """As a record. A fact named like an output that nobody was asked for is refused, as beside one that has a value."""
        raw = raw_record(self.content, scored, self.region, self.at, self.state.loaded.program)
        doubled = dict.fromkeys(raw["facts"].keys() & skipped)
        return raw | {"scores": {**raw["scores"], **doubled}, "skipped": frozenset(skipped)}

    def at_stake(self, scored: Scored, uncalled: Names) -> Names:
        return self.state.at_stake(self.raw(scored, uncalled))

    def decide(self, scored: Scored, plan: Plan) -> tuple[Decision, ...]:
        return self.state.decide(self.raw(scored, self.state.outputs(self.content, plan.skipped)), scored, plan)


def _log_missing(scored: Sequence[Scored]) -> None:
    """An outage shows in the log as well as in the decisions: each reason once a batch, with the outputs that share it."""
    shared: Counter[tuple[tuple[str, ...], str]] = Counter()
    for found in scored:
        for reason in set(found.missing.values()):
            shared[tuple(sorted(name for name, why in found.missing.items() if why == reason)), reason] += 1
    for (outputs, reason), contents in sorted(shared.items()):
        log.warning("output_missing", reason=reason, outputs=list(outputs), contents=contents)


def raw_record(content: Content, scored: Scored, region: Any, at: datetime | str, program: Program) -> dict[str, Any]:
    """What the scorers found and the caller said, as a record; a missing output is null."""
    facts = dict(content.facts)
    declared = {spec.name: spec for spec in program.inputs if spec.is_fact}
    if content.language and "content.language" in declared:
        facts.setdefault("content.language", _language(content.language, declared["content.language"].values))
    if content.tags and "content.tags" in declared:
        facts.setdefault("content.tags", list(content.tags))
    scores = {**scored.values, **dict.fromkeys(scored.missing)}
    modalities = [str(modality) for modality in content.modalities]
    return {
        "id": content.id or None,
        "region": region,
        "at": at,
        "modalities": modalities,
        "scores": scores,
        "facts": facts,
    }


def _language(code: str, values: tuple[str, ...]) -> str:
    """The manifest's value for a language: the code, its first part (`pt` for `pt-BR`), or `other` where there is one."""
    for candidate in (code, code.split("-", maxsplit=1)[0].lower(), "other"):
        if candidate in values:
            return candidate
    return code


class _Evaluates(Protocol):
    """What decides records in the regions of one program."""

    def decide(self, record: Record, region: str) -> Outcome: ...

    def at_stake(self, record: Record, region: str) -> Names: ...


class _Reference:
    """Decides by walking the program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def decide(self, record: Record, region: str) -> Outcome:
        return Evaluation(self._program, record, region).outcome()

    def at_stake(self, record: Record, region: str) -> Names:
        return Evaluation(self._program, record, region).at_stake


class _ByColumns:
    """Decides many records at once by their columns; what a single one could miss is for `engine.scalar` to say."""

    def __init__(self, program: Program) -> None:
        from engine.columnar import Columnar  # noqa: PLC0415 - needs an extra
        from engine.scalar import Scalar  # noqa: PLC0415

        self._columnar, self._scalar, self._lock = Columnar([program]), Scalar(program), threading.Lock()

    def decide(self, record: Record, region: str) -> Outcome:
        return next(outcome for _, outcome in self.decide_all([(record, region)]))

    def decide_all(self, asked: Sequence[tuple[Record, str]]) -> Iterator[tuple[tuple[Record, str], Outcome]]:
        """Verdicts are left out: a policy's is found where somebody asks for it."""
        from engine.columnar import RecordFrame  # noqa: PLC0415 - needs an extra

        with self._lock:
            ids = self._columnar.ids(RecordFrame([record for record, _ in asked], [region for _, region in asked]))
            found = [self._columnar.outcomes[number][0] for number in ids]
        yield from zip(asked, (replace(outcome, verdicts=()) for outcome in found), strict=True)

    def at_stake(self, record: Record, region: str) -> Names:
        return self._scalar.at_stake(record, region)


class _State:
    """One loaded pack, its evaluator and its planner."""

    def __init__(self, loaded: Loaded, evaluator: Evaluator, scores: ScoreCache) -> None:
        self.loaded = loaded
        self.regions = frozenset(loaded.program.regions)
        self.inputs = {spec.name: spec for spec in loaded.program.inputs}
        self.units = units(loaded.program)
        self.runner = Runner(loaded.scorers, cache=scores)
        self.planner = Planner(loaded.program, self.runner)
        self.evaluator = _evaluator(loaded.program, evaluator)

    def decide(
        self, raw: Mapping[str, Any], scored: Scored | None = None, plan: Plan | None = None
    ) -> tuple[Decision, ...]:
        """One decision per region; of a record that cannot be used, each says why."""
        return self.told(raw, self.read(raw), self.evaluator.decide, scored, plan)

    def decide_all(self, raws: Sequence[Mapping[str, Any]]) -> list[tuple[Decision, ...]]:
        """As `decide` for each, but by columns where that is the evaluator."""
        if not isinstance(self.evaluator, _ByColumns):
            return [self.decide(raw) for raw in raws]
        read = [self.read(raw) for raw in raws]
        usable = [(record, region) for regions, record in read if isinstance(record, Record) for region in regions]
        asked = [(record, place) for record, region in usable if (place := self.place(region)) is not None]
        found = {(id(record), place): outcome for (record, place), outcome in self.evaluator.decide_all(asked)}
        return [self.told(raw, one, lambda r, p: found[id(r), p]) for raw, one in zip(raws, read, strict=True)]

    def read(self, raw: Mapping[str, Any]) -> tuple[tuple[str, ...], Record | str]:
        """Its regions and the record; or, of one that cannot be used, why."""
        codes: tuple[str, ...] = ()
        try:
            codes = _regions(raw.get("region"))
            return codes, read_record(raw, self.loaded.program)
        except InvalidRecordError as error:
            return codes, str(error)

    def told(
        self,
        raw: Mapping[str, Any],
        read: tuple[tuple[str, ...], Record | str],
        decide: Callable[[Record, str], Outcome],
        scored: Scored | None = None,
        plan: Plan | None = None,
    ) -> tuple[Decision, ...]:
        regions, record = read
        if isinstance(record, str):
            unusable = [Outcome(region, Status.UNAVAILABLE, None, reason=record) for region in regions or (None,)]
            return tuple(self.decision(raw, None, outcome, scored, plan) for outcome in unusable)
        return tuple(self.decision(raw, record, self.outcome(record, r, decide), scored, plan) for r in regions)

    def at_stake(self, raw: Mapping[str, Any]) -> Names:
        """The skipped inputs of a record that could change its decisions; none of one that cannot be used."""
        try:
            codes, record = _regions(raw.get("region")), read_record(raw, self.loaded.program)
        except InvalidRecordError:
            return frozenset()
        places = {place for region in codes if (place := self.place(region)) is not None}
        found = [self.evaluator.at_stake(record, place) for place in places]
        return frozenset().union(self.units & record.skipped if places else (), *found)

    def outputs(self, content: Content, scorers: Iterable[str]) -> Names:
        """What these scorers say about a content."""
        named = [scorer for scorer in self.runner.scorers if scorer.name in set(scorers)]
        return frozenset(name for s in named for name, output in s.outputs.items() if output.applies_to(content))

    def place(self, region: str) -> str | None:
        """The region of the program by whose rules a region is decided (ruling R20); None: by none."""
        if region in self.regions:
            return region
        return "GLOBAL" if self.loaded.program.unknown_region == "GLOBAL" else None

    def outcome(self, record: Record, region: str, decide: Callable[[Record, str], Outcome]) -> Outcome:
        """An unknown region is refused, or decided as GLOBAL and degraded."""
        place = self.place(region)
        if place == region:
            return decide(record, region)
        reason = unknown_region(region, self.loaded.program)
        if place is None:
            return Outcome(region, Status.UNAVAILABLE, None, reason=reason)
        found = decide(record, place)
        status = Status.DEGRADED if found.status is Status.DECIDED else found.status
        return replace(found, region=region, status=status, reason=f"{reason}: decided as GLOBAL")

    def decision(
        self,
        raw: Mapping[str, Any],
        record: Record | None,
        outcome: Outcome,
        scored: Scored | None,
        plan: Plan | None,
    ) -> Decision:
        names = {*record.scores, *record.facts} if record else set()
        return Decision(
            id=raw.get("id"),
            outcome=outcome,
            program=self.loaded.program,
            digest=self.loaded.digest,
            record=record,
            scorers=dict(scored.scorers) if scored else {},
            why_missing=dict(scored.missing) if scored else {},
            unknown=tuple(sorted(names - self.inputs.keys() | raw.keys() - RECORD_KEYS)),
            evaluate=self.evaluator.decide,
            plan=plan,
        )


def _mode(mode: str) -> Mode:
    found = next((known for known in MODES if known == mode), None)
    if found is None:
        raise ValueError(f"`mode` is {shown(mode)}, expected `decisive` or `complete`")
    return found


def _share(sample: float) -> float:
    if not 0 <= sample <= 1:
        raise ValueError(f"`sample` is {shown(sample)}, expected a share from 0 to 1")
    return sample


def _evaluator(program: Program, evaluator: Evaluator) -> _Evaluates:
    if evaluator == "reference":
        return _Reference(program)
    if evaluator == "columnar":
        return _ByColumns(program)
    from engine.scalar import Scalar  # noqa: PLC0415 - compiles code: only where it is used

    return Scalar(program)


def _regions(region: Any) -> tuple[str, ...]:
    """The distinct codes, in order. Raises InvalidRecordError."""
    if region is None:
        raise InvalidRecordError(NO_REGION)
    codes = [region] if isinstance(region, str) else region
    if not isinstance(codes, (list, tuple)) or not codes or not all(isinstance(code, str) and code for code in codes):
        raise InvalidRecordError(
            f"`region` is {shown(region)}, expected a region code such as `DE`, or a list of codes"
        )
    return tuple(dict.fromkeys(codes))
