"""A record with gaps in one region -> Outcome: what each policy says in the record's state, then the join."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.compiled.code import bound, compiled
from engine.compiled.joined import Arms, Region
from engine.compiled.memory import Memory
from engine.compiled.open import OpenPolicy
from engine.compiled.places import RUNTIME, Places
from engine.compiled.said import Said
from engine.compiled.states import ERROR, FALSE, TRUE, is_unknown, mask_of, unknown
from engine.decision import Outcome
from engine.record import Record
from engine.reference import Evaluation
from engine.skipping import at_stake
from policy_dsl import program as p
from policy_dsl.cel.partial import Unknown
from policy_dsl.cel.pycode import Constants
from policy_dsl.cel.serial import from_json


class OpenRegion:
    """All policies of one region, on any record."""

    def __init__(self, region: Region, policies: Sequence[OpenPolicy], places: Places, memory: Memory) -> None:
        self.region, self.places, self.memory = region, places, memory
        self.live = [policy for policy in policies if not policy.policy.shadow]
        self.experiments = [policy for policy in policies if policy.policy.experiments]
        self.consequences = [ReactionCode(item, places) for item in region.consequences]
        self.read = places.read
        self.size = len(places.index)
        self.outcomes, self.stakes = memory.dictionary(), memory.dictionary()

    def decide(self, record: Record) -> Outcome:
        values, mask = self.read(record, self.size)
        skipped = self.places.mask(name for name in record.skipped if name in self.places.specs)
        return self._decide(record, values, mask, skipped)

    def staked(self, record: Record, values: list[Any], mask: int) -> bool:
        """Whether what was skipped could change the decision; of the record, its time and what was skipped count."""
        skipped = self.places.mask(name for name in record.skipped if name in self.places.specs)
        saids = tuple([policy.said(values, mask, record.at, skipped) for policy in self.live])
        return any(said.undetermined for said in saids) and bool(self._stakes(record, saids, values, mask))

    def _decide(self, record: Record, values: list[Any], mask: int, skipped: int) -> Outcome:
        saids = tuple([policy.said(values, mask, record.at, skipped) for policy in self.live])
        if skipped and any(said.undetermined for said in saids) and self._stakes(record, saids, values, mask):
            return self._decide(replace(record, skipped=frozenset()), values, mask, 0)
        arms = (
            tuple(arm for policy in self.experiments for arm in policy.arms(values, mask)) if self.experiments else ()
        )
        return self.joined(saids, arms, lambda number: self.consequences[number].truth(values, mask, record.at))

    def joined(self, saids: tuple[Said, ...], arms: Arms, truth: Callable[[int], int]) -> Outcome:
        """What the policies that are not in shadow come to; `truth` is asked for consequences, by number."""
        try:
            reacting = self.outcomes[saids, arms]
        except KeyError:
            reacting = self._fill(saids, arms)
        if isinstance(reacting, Outcome):
            return reacting
        truths = tuple(truth(number) for number in reacting)
        found = self.outcomes.get((saids, arms, truths))
        return found or self._reacted(saids, arms, reacting, truths)

    def _fill(self, saids: tuple[Said, ...], arms: Arms) -> Any:
        found = self.region.reacting(saids) or self.region.outcome(saids, (), arms)
        self.memory.keep(self.outcomes, (saids, arms), found)
        return found

    def _reacted(
        self, saids: tuple[Said, ...], arms: Arms, reacting: Mapping[int, int], truths: tuple[int, ...]
    ) -> Outcome:
        said = []
        for (number, level), truth in zip(reacting.items(), truths, strict=True):
            if truth == TRUE:
                said.append(self.region.consequence(number, level))
            elif is_unknown(truth) or truth == ERROR:
                said.append(
                    self.region.open_consequence(sorted(self.places.names(mask_of(truth))) if truth != ERROR else ())
                )
        found = self.region.outcome(saids, said, arms)
        self.memory.keep(self.outcomes, (saids, arms, truths), found)
        return found

    def at_stake(self, record: Record) -> frozenset[str]:
        """As `Evaluation.at_stake`."""
        values, mask = self.read(record, self.size)
        skipped = self.places.mask(name for name in record.skipped if name in self.places.specs)
        saids = tuple([policy.said(values, mask, record.at, skipped) for policy in self.live])
        found = self._stakes(record, saids, values, mask) if any(said.undetermined for said in saids) else None
        return found or record.skipped.intersection(self._decide(record, values, mask, skipped).missing)

    def _stakes(self, record: Record, saids: tuple[Said, ...], values: list[Any], mask: int) -> frozenset[str]:
        """The skipped inputs that could change what the policies come to (ruling R4)."""
        key = saids, tuple(code.truth(values, mask, record.at) for code in self.consequences)
        found: frozenset[str] | None = self.stakes.get(key)
        if found is None:
            judgements = [policy.judgement(said.state) for policy, said in zip(self.live, saids, strict=True)]
            found = at_stake(Evaluation(self.places.program, record, self.region.code), judgements)
            self.memory.keep(self.stakes, key, found)
        return found


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
        text = self.places.condition_text(from_json(self.item.when), derived, constants)
        return bound(compiled("truth(v, u)", [*lines, f"return {text}"]), constants.globals)

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
