"""Program + one record -> Outcome, fast: Python generated for each region and compiled when it is first asked for (S12)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.compiled.code import TOO_DEEP
from engine.compiled.fast import Block, Fast, Template
from engine.compiled.gaps import OpenRegion
from engine.compiled.here import Here
from engine.compiled.joined import Region
from engine.compiled.memory import Memory
from engine.compiled.open import OpenPolicy
from engine.compiled.places import Places
from engine.compiled.reading import UnusualError
from engine.compiled.slots import Slot, slots
from engine.decision import Outcome
from engine.record import Record
from engine.reference import Evaluation
from policy_dsl.cel.values import CelError
from policy_dsl.program import Program

Modalities = frozenset[str] | None

INLINE = 64  # more policies than these stand in blocks, which regions share
BLOCK = 8
MAX_ALIASES = 4096  # different sets of modalities that callers name, known ones or not

UNUSUAL = (KeyError, TypeError, OverflowError, UnusualError, CelError)
"""What a complete record's function raises where the record is not one."""


class WithGaps(Protocol):
    """Decides records in which something is missing, in one region."""

    def decide(self, record: Record) -> Outcome: ...

    def at_stake(self, record: Record) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Walked:
    """By the reference, where a region is too deep to be compiled."""

    program: Program
    region: str

    def decide(self, record: Record) -> Outcome:
        return Evaluation(self.program, record, self.region).outcome()

    def at_stake(self, record: Record) -> frozenset[str]:
        return Evaluation(self.program, record, self.region).at_stake


class Scalar:
    """Decides one record at a time, as `engine.reference` does. Safe to share between threads.

    Two ways lead to the same outcome. A record in which nothing is missing or unusual takes straight-line code of its region
    and modalities; any other one is brought into states (`engine.compiled.open`). `Outcome.verdicts` is empty: a policy's
    verdict is found where somebody asks for it.
    """

    def __init__(self, program: Program, inline: int = INLINE) -> None:
        """`inline`: up to how many policies a region has a function of its own; more share blocks with other regions."""
        self._program, self._inline = program, inline
        self._modalities = frozenset(spec.modality for spec in program.inputs if spec.modality is not None)
        self._places = Places(program)
        self._memory = Memory()
        self._lock = threading.RLock()
        self._fast: dict[tuple[str, Modalities], Fast] = {}
        self._functions: dict[tuple[str, Modalities], Fast] = {}
        self._templates: dict[Any, Template] = {}
        self._blocks: dict[Any, Block] = {}
        self._slots: dict[Modalities, dict[str, Slot]] = {}
        self._open: dict[str, WithGaps] = {}
        self._policies: dict[tuple[int, int], OpenPolicy] = {}

    def decide(self, record: Record, region: str) -> Outcome:
        """Raises ValueError for a region that the program lacks."""
        if record.skipped or record.stated_only:
            return self.decide_with_gaps(record, region)
        return self._complete(record.scores, record.facts, region, record.at, record.modalities) or (
            self.decide_with_gaps(record, region)
        )

    def decide_raw(
        self,
        scores: Mapping[str, Any],
        facts: Mapping[str, Any],
        region: str,
        at: int | None = None,
        modalities: Iterable[str] | None = None,
    ) -> Outcome:
        """As `decide`, without a record where none is needed. `at`: microseconds since 1970 UTC.

        Nothing checks that the pack has dates where `at` is None, or that no name stands in `scores` and in `facts`: as in a
        Record, the place where a name belongs counts.
        """
        if modalities is not None and not isinstance(modalities, frozenset):
            modalities = frozenset(modalities)
        found = self._complete(scores, facts, region, at, modalities)
        return found or self.decide_with_gaps(Record(scores, facts, at, modalities), region)

    def decide_with_gaps(self, record: Record, region: str) -> Outcome:
        """The way of records with gaps; it takes any. Raises ValueError for a region that the program lacks."""
        return self._open_in(region).decide(record)

    def at_stake(self, record: Record, region: str) -> frozenset[str]:
        """The skipped inputs that could still change the decision, some of them at least; empty where none could (ruling R4).

        Raises ValueError for a region that the program lacks.
        """
        return self._open_in(region).at_stake(record)

    def _open_in(self, region: str) -> WithGaps:
        found = self._open.get(region)
        if found is None:
            with self._lock:
                found = self._open.setdefault(region, self._open_region(region))
        return found

    # -- complete records --------------------------------------------------------------------------------------------

    def _complete(
        self, scores: Mapping[str, Any], facts: Mapping[str, Any], region: str, at: int | None, modalities: Modalities
    ) -> Outcome | None:
        """None where the record is incomplete or unusual."""
        try:
            function = self._fast[region, modalities]
        except KeyError:
            function = self._compiled(region, modalities)
        try:
            return function(scores, facts, at)
        except UNUSUAL:
            return None

    def _compiled(self, region: str, modalities: Modalities) -> Fast:
        known = None if modalities is None else modalities & self._modalities
        with self._lock:
            if (region, known) not in self._functions:
                self._functions[region, known] = self._function(region, known)
            if len(self._fast) >= MAX_ALIASES:
                self._fast.clear()
            self._fast[region, modalities] = found = self._functions[region, known]
            return found

    def _function(self, region: str, modalities: Modalities) -> Fast:
        stands = Region(self._program, region)
        heres = self._heres(region)
        key = tuple((here.number, here.place) for here in heres), stands.numbers, modalities
        try:
            if key not in self._templates:
                found = self._slots.setdefault(modalities, slots(self._program.inputs, modalities))
                self._templates[key] = self._template(heres, stands, found, modalities)
            return self._templates[key].bind(stands, self._memory)
        except TOO_DEEP:
            return lambda *_: None

    def _template(self, heres: list[Here], stands: Region, found: dict[str, Slot], modalities: Modalities) -> Template:
        if len(heres) <= self._inline:
            return Template.inline(heres, stands.consequences, found)
        return Template.of_blocks(self._shared(heres, found, modalities), stands.consequences, found)

    def _shared(self, heres: list[Here], found: dict[str, Slot], modalities: Modalities) -> list[Block]:
        blocks = []
        for start in range(0, len(heres), BLOCK):
            some = heres[start : start + BLOCK]
            key = tuple((here.number, here.place) for here in some), modalities
            if key not in self._blocks:
                self._blocks[key] = Block(some, found)
            blocks.append(self._blocks[key])
        return blocks

    def _heres(self, region: str) -> list[Here]:
        """The policies that apply in the region."""
        place = self._program.regions.index(region)
        places = [(number, policy.places[place], policy) for number, policy in enumerate(self._program.policies)]
        return [Here(number, variant, policy) for number, variant, policy in places if variant >= 0]

    # -- records with gaps -------------------------------------------------------------------------------------------

    def _open_region(self, region: str) -> WithGaps:
        stands = Region(self._program, region)
        try:
            policies = [self._open_policy(here) for here in self._heres(region)]
            return OpenRegion(stands, policies, self._places, self._memory)
        except TOO_DEEP:
            return Walked(self._program, region)

    def _open_policy(self, here: Here) -> OpenPolicy:
        key = here.number, here.place
        if key not in self._policies:
            self._policies[key] = OpenPolicy(here, self._places, self._memory)
        return self._policies[key]
