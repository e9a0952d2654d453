"""A record with gaps in one region -> Outcome: what each policy says in the record's state, then the join."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import CodeType, FunctionType
from typing import Any

from engine.compiled.joined import Arms, Region
from engine.compiled.open import RUNTIME, OpenPolicy, Places, condition_text, globals_of
from engine.compiled.said import Said
from engine.compiled.states import ERROR, FALSE, NA, TRUE, is_unknown, mask_of, unknown
from engine.compiled.truths import missing
from engine.decision import Outcome
from engine.record import Missing, Record, typed
from engine.reference import Evaluation
from engine.skipping import harmless
from policy_dsl import program as p
from policy_dsl.cel.partial import Unknown
from policy_dsl.cel.pycode import Constants
from policy_dsl.cel.serial import from_json
from policy_dsl.program import MICRO, Input

MEMORY = 4096
NOTHING = object()


class Reader:
    """Reads one input of any record (S2, rulings R5, R21, R22)."""

    def __init__(self, number: int, spec: Input) -> None:
        self.number, self.spec, self.bit = number, spec, 1 << number
        self.facts_first = spec.is_fact
        self.lost: Any = (0, MICRO, self.bit) if spec.kind == "score" else missing(spec, spec.name)
        self.default = NOTHING if spec.default is None else self.typed(spec.default)
        self.exact = {"bool": bool, "string": str, "enum": str}.get(spec.kind)

    def read(self, record: Record) -> Any:
        """Its value; `lost` where it is missing, NA where it does not apply."""
        name = self.spec.name
        first, second = (record.facts, record.scores) if self.facts_first else (record.scores, record.facts)
        if name in first:
            return self.typed(first[name])
        if name in second:
            return self.typed(second[name])
        return self.absent(record) if self.default is NOTHING else self.default

    def absent(self, record: Record) -> Any:
        spec = self.spec
        stated = record.stated_only and not spec.is_fact
        away = spec.modality is not None and record.modalities is not None and spec.modality not in record.modalities
        return NA if stated or away or spec.optional else self.lost

    def typed(self, value: Any) -> Any:
        if type(value) is float and self.spec.kind == "score" and 0.0 <= value <= 1.0:
            return int(value * 1_000_000.0 + 0.5)
        if type(value) is bool and self.spec.kind == "bool":
            return value
        if value is None:
            return self.lost
        found = typed(self.spec, value)
        if isinstance(found, Missing):
            return self.lost
        return frozenset(found) if isinstance(found, list) else found


class OpenRegion:
    """All policies of one region, on any record."""

    def __init__(self, region: Region, policies: Sequence[OpenPolicy], places: Places) -> None:
        self.region, self.places = region, places
        self.live = [policy for policy in policies if not policy.here.policy.shadow]
        self.experiments = [policy for policy in policies if policy.here.policy.experiments]
        self.consequences = [ReactionCode(item, places) for item in region.consequences]
        self.readers = [Reader(number, spec) for number, spec in enumerate(places.program.inputs)]
        self.size = len(places.index)
        self.outcomes: dict[Any, Any] = {}
        self.safe: dict[Any, bool] = {}

    def decide(self, record: Record) -> Outcome:
        values, mask = self._read(record)
        skipped = self.places.mask(name for name in record.skipped if name in self.places.specs)
        return self._decide(record, values, mask, skipped)

    def _read(self, record: Record) -> tuple[list[Any], int]:
        """The values, and the mask of those that are missing or do not apply."""
        values: list[Any] = [None] * self.size
        mask = 0
        for reader in self.readers:
            value = values[reader.number] = reader.read(record)
            if value is NA or value is reader.lost:
                mask |= reader.bit
        return values, mask

    def _decide(self, record: Record, values: list[Any], mask: int, skipped: int) -> Outcome:
        saids = tuple([policy.said(values, mask, record.at, skipped) for policy in self.live])
        if skipped and any(said.undetermined for said in saids) and not self._harmless(record, saids, values, mask):
            return self._decide(replace(record, skipped=frozenset()), values, mask, 0)
        arms = tuple(arm for policy in self.experiments for arm in policy.arms(values, mask)) if self.experiments else ()
        try:
            reacting = self.outcomes[saids, arms]
        except KeyError:
            reacting = self._fill(saids, arms)
        if isinstance(reacting, Outcome):
            return reacting
        truths = tuple(self.consequences[number].truth(values, mask, record.at) for number in reacting)
        found = self.outcomes.get((saids, arms, truths))
        return found or self._reacted(saids, arms, reacting, truths)

    def _fill(self, saids: tuple[Said, ...], arms: Arms) -> Any:
        if len(self.outcomes) >= MEMORY:
            self.outcomes.clear()
        reacting = self.region.reacting(saids)
        self.outcomes[saids, arms] = found = reacting or self.region.outcome(saids, (), arms)
        return found

    def _reacted(self, saids: tuple[Said, ...], arms: Arms, reacting: Mapping[int, int], truths: tuple[int, ...]) -> Outcome:
        said = []
        for (number, level), truth in zip(reacting.items(), truths, strict=True):
            if truth == TRUE:
                said.append(self.region.consequence(number, level))
            elif is_unknown(truth) or truth == ERROR:
                said.append(self.region.open_consequence(sorted(self.places.names(mask_of(truth))) if truth != ERROR else ()))
        found = self.outcomes[saids, arms, truths] = self.region.outcome(saids, said, arms)
        return found

    def _harmless(self, record: Record, saids: tuple[Said, ...], values: list[Any], mask: int) -> bool:
        """Whether the decision is the same for every value of what was skipped (ruling R4)."""
        key = saids, tuple(code.truth(values, mask, record.at) for code in self.consequences)
        if key not in self.safe:
            if len(self.safe) >= MEMORY:
                self.safe.clear()
            judgements = [policy.judgement(said.state) for policy, said in zip(self.live, saids, strict=True)]
            self.safe[key] = harmless(Evaluation(self.places.program, record, self.region.code), judgements)
        return self.safe[key]


class ReactionCode:
    """Whether a consequence's guard and condition hold."""

    def __init__(self, item: p.Consequence, places: Places) -> None:
        self.item, self.places = item, places
        places.derived(item.scores)
        self.condition = self._compile() if item.when is not None else None

    def _compile(self) -> Callable[[list[Any], int], int]:
        assert self.item.when is not None
        constants = Constants()
        constants.globals |= RUNTIME
        derived = {score.name: score.expr for score in self.item.scores}
        lines = self.places.score_lines(self.item.scores, derived, constants)
        text = condition_text(from_json(self.item.when), self.places, derived, constants)
        source = "def truth(v, u):\n" + "".join(f"    {line}\n" for line in (*lines, f"return {text}"))
        code = next(c for c in compile(source, "<limen>", "exec").co_consts if isinstance(c, CodeType))
        return FunctionType(code, {name: constants.globals[name] for name in globals_of(code) if name in constants.globals})

    def truth(self, values: list[Any], mask: int, at: int | None) -> int:
        guard = self._guard(values, at)
        if guard == FALSE or self.condition is None:
            return guard
        when = self.condition(values, mask)
        if is_unknown(guard):
            return FALSE if when == FALSE else unknown(mask_of(guard) | (mask_of(when) if is_unknown(when) else 0))
        return when

    def _guard(self, values: list[Any], at: int | None) -> int:
        guard = self.item.guard
        if guard.start is not None and (at is None or at < guard.start):
            return FALSE
        if guard.end is not None and (at is None or at >= guard.end):
            return FALSE
        lost = 0
        for name, allowed in guard.within:
            value = values[self.places.index[name]]
            if type(value) is Unknown:
                inside = [item in allowed for item in self.places.specs[name].values]
                if not any(inside):
                    return FALSE
                lost |= 0 if all(inside) else 1 << self.places.index[name]
            elif value not in allowed:
                return FALSE
        return unknown(lost) if lost else TRUE
