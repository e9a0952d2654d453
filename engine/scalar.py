"""Program + one record -> Outcome, fast: generated Python, compiled once for each place (S12)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from engine.compiled.fast import Fast, Template
from engine.compiled.gaps import OpenRegion
from engine.compiled.here import Here
from engine.compiled.joined import Region
from engine.compiled.open import OpenPolicy, Places
from engine.compiled.reading import UnusualError
from engine.compiled.slots import slots
from engine.decision import Outcome
from engine.record import Record
from policy_dsl.cel.values import CelError
from policy_dsl.program import Program

class Scalar:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.places = Places(program)
        self._fast: dict[tuple[str, Set[str] | None], Fast] = {}
        self._open = {}
        self._policies = {}

    def decide(self, record: Record, region: str) -> Outcome:
        if not record.skipped and not record.stated_only:
            found = self.complete(record.scores, record.facts, region, record.at, record.modalities)
            if found is not None: return found
        return self.decide_with_gaps(record, region)

    def decide_with_gaps(self, record, region):
        o = self._open.get(region)
        if o is None:
            place = self.program.regions.index(region)
            heres = [Here(n, pol.places[place], pol) for n, pol in enumerate(self.program.policies) if pol.places[place] >= 0]
            for h in heres:
                if (h.number,h.place) not in self._policies: self._policies[h.number,h.place]=OpenPolicy(h,self.places)
            o = self._open[region] = OpenRegion(Region(self.program, region), [self._policies[h.number,h.place] for h in heres], self.places)
        return o.decide(record)

    def complete(self, scores, facts, region, at, modalities):
        try:
            return self._fast[region, modalities](scores, facts, at)
        except KeyError:
            if (region, modalities) in self._fast:
                return None
            self._fast[region, modalities] = self.compile(region, modalities)
            return self.complete(scores, facts, region, at, modalities)
        except (UnusualError, TypeError, OverflowError, CelError):
            return None

    def compile(self, region, modalities):
        place = self.program.regions.index(region)
        heres = [Here(n, pol.places[place], pol) for n, pol in enumerate(self.program.policies) if pol.places[place] >= 0]
        reg = Region(self.program, region)
        t = Template(heres, reg.consequences, slots(self.program.inputs, modalities))
        return t.bind(reg)
