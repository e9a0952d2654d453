"""The engine: a pack or a bundle, loaded whole, and decisions by it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, overload

from engine.decision import Outcome, Status
from engine.loader import Loaded, Loader
from engine.log import logger
from engine.record import RECORD_KEYS, InvalidRecordError, Record, read_record, shown
from engine.reference import decide as decide_by_reference
from engine.rendering import Decision
from policy_dsl.program import Program
from policy_dsl.suggest import suggest
from scorers.content import Content
from scorers.registry import Registry
from scorers.runner import Runner, Scored
from scorers.scorer import Plugin

Evaluator = Literal["scalar", "reference"]
log = logger()


class Engine:
    """Decides by one pack. Safe to share between threads; `reload` swaps the pack between two decisions, never within one."""

    def __init__(self, loader: Loader, evaluator: Evaluator = "scalar") -> None:
        """Raises what `Loader.load` raises."""
        self._loader, self._evaluator = loader, evaluator
        self._lock = threading.Lock()
        self._state = _State(loader.load(), evaluator)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        scorers: Iterable[Plugin] = (),
        registry: Registry | None = None,
        evaluator: Evaluator = "scalar",
        cache: str | Path | None = None,
    ) -> Engine:
        """Loads a pack's folder or a `bundle.json`.

        `scorers` are plugins beside the installed ones; `registry` stands in for all of them. `cache` is a folder where
        compiled packs are kept by content. Raises PackInvalidError, PackError, BundleError, OSError.
        """
        plugins = registry or Registry.installed(extra=scorers)
        return cls(Loader(Path(path), plugins, Path(cache) if cache is not None else None), evaluator)

    def reload(self) -> bool:
        """Loads the path again and swaps it in whole; True where the pack changed. On an error the old one goes on (S9).

        Files whose text did not change are neither parsed nor lowered again.
        """
        with self._lock:
            loaded = self._loader.load()
            changed = loaded.digest != self._state.loaded.digest
            self._state = _State(loaded, self._evaluator)
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

    async def moderate(self, content: Content, *, region: str, at: datetime | str | None = None) -> Decision:
        """Runs the scorers on one content and decides in one region; `at` None is now. See `moderate_all` for more of each."""
        return (await self.moderate_all([(content, region, at)]))[0][0]

    async def moderate_all(
        self, items: Sequence[tuple[Content, str | Sequence[str], datetime | str | None]]
    ) -> tuple[tuple[Decision, ...], ...]:
        """Runs the scorers once over a batch and decides each content, one decision per region. `at` None is now."""
        state = self._state
        scored = await state.runner.run([content for content, _, _ in items])
        _log_missing(scored)
        now = datetime.now(UTC)
        return tuple(
            state.decide(raw_record(content, found, region, now if at is None else at, state.loaded.program), found)
            for (content, region, at), found in zip(items, scored, strict=True)
        )


def _log_missing(scored: Sequence[Scored]) -> None:
    """An outage shows in the log as well as in the decisions: each reason once a batch."""
    reasons = Counter(f"{name}: {reason}" for found in scored for name, reason in found.missing.items())
    for reason, contents in sorted(reasons.items()):
        log.warning("output_missing", reason=reason, contents=contents)


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


class _State:
    """One loaded pack and its evaluator."""

    def __init__(self, loaded: Loaded, evaluator: Evaluator) -> None:
        self.loaded = loaded
        self.regions = frozenset(loaded.program.regions)
        self.inputs = {spec.name for spec in loaded.program.inputs}
        self.runner = Runner(loaded.scorers)
        self.evaluate = _evaluator(loaded.program, evaluator)

    def decide(self, raw: Mapping[str, Any], scored: Scored | None = None) -> tuple[Decision, ...]:
        """One decision per region; of a record that cannot be used, each says why."""
        regions: tuple[str | None, ...] = (None,)
        try:
            regions = codes = _regions(raw.get("region"))
            record = read_record(raw, self.loaded.program)
        except InvalidRecordError as error:
            unusable = [Outcome(region, Status.UNAVAILABLE, None, reason=str(error)) for region in regions]
            return tuple(self.decision(raw, None, outcome, scored) for outcome in unusable)
        return tuple(self.decision(raw, record, self.outcome(record, region), scored) for region in codes)

    def outcome(self, record: Record, region: str) -> Outcome:
        """Ruling R20: an unknown region is refused, or decided as GLOBAL and degraded."""
        if region in self.regions:
            return self.evaluate(record, region)
        near = suggest(region, self.loaded.program.regions)
        reason = f"unknown region `{region[:40]}`" + (f", did you mean `{near}`" if near else "")
        if self.loaded.program.unknown_region != "GLOBAL":
            return Outcome(region, Status.UNAVAILABLE, None, reason=reason)
        found = self.evaluate(record, "GLOBAL")
        status = Status.DEGRADED if found.status is Status.DECIDED else found.status
        return replace(found, region=region, status=status, reason=f"{reason}: decided as GLOBAL")

    def decision(
        self, raw: Mapping[str, Any], record: Record | None, outcome: Outcome, scored: Scored | None
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
            unknown=tuple(sorted(names - self.inputs | raw.keys() - RECORD_KEYS)),
            evaluate=self.evaluate,
        )


def _evaluator(program: Program, evaluator: Evaluator) -> Callable[[Record, str], Outcome]:
    if evaluator == "reference":
        return lambda record, region: decide_by_reference(program, record, region)
    from engine.scalar import Scalar  # noqa: PLC0415 - compiles code: only where it is used

    return Scalar(program).decide


def _regions(region: Any) -> tuple[str, ...]:
    """The distinct codes, in order. Raises InvalidRecordError."""
    if region is None:
        raise InvalidRecordError("`region` is missing: give a region code such as `DE`, or a list of codes")
    codes = [region] if isinstance(region, str) else region
    if not isinstance(codes, (list, tuple)) or not codes or not all(isinstance(code, str) and code for code in codes):
        raise InvalidRecordError(
            f"`region` is {shown(region)}, expected a region code such as `DE`, or a list of codes"
        )
    return tuple(dict.fromkeys(codes))
