"""One program, with what the exact evaluator needs to decide a row of a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from engine.columnar.axes import Spans
from engine.columnar.errors import ColumnarError
from engine.columnar.frame import MISSING, NO_TIME, Frame
from engine.columnar.fused import Fused
from engine.compiled.code import TOO_DEEP, bound, compiled
from engine.compiled.gaps import OpenRegion
from engine.compiled.here import Here
from engine.compiled.joined import Region
from engine.compiled.memory import Memory
from engine.compiled.open import OpenPolicy
from engine.compiled.places import RUNTIME, Places
from engine.compiled.reader import Reader
from engine.record import NA as NOT_THERE
from policy_dsl import program as p
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.partial import NA
from policy_dsl.cel.pycode import Constants
from policy_dsl.program import Program

Truth = Callable[[list[Any], int], int]


class Compiled:
    """Everything is made when it is first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.specs = {spec.name: spec for spec in program.inputs}
        self.places = Places(program)
        self.memory = Memory()
        self._index = {code: number for number, code in enumerate(program.regions)}
        self._lost = [Reader(number, spec).lost for number, spec in enumerate(program.inputs)]
        self._open: dict[tuple[int, int], OpenPolicy] = {}
        self._regions: dict[str, OpenRegion] = {}
        self._spans: dict[Any, Spans] = {}
        self._numbers = {policy.name: number for number, policy in enumerate(program.policies)}
        self._consequences: dict[str, tuple[int, ...]] = {}

    def place(self, region: str | None) -> str | None:
        """The region of the program by whose rules a region is decided (ruling R20); None: by none."""
        if region is None or region in self._index:
            return region
        return "GLOBAL" if self.program.unknown_region == "GLOBAL" else None

    def variant(self, policy: p.Policy, region: str | None) -> int:
        """The variant of a policy where a row is decided; -1 where it does not apply."""
        place = self.place(region)
        return -1 if place is None else policy.places[self._index[place]]

    def applying(self, place: str) -> list[tuple[int, p.Policy]]:
        """The policies of a region, with their variants."""
        found = [(policy.places[self._index[place]], policy) for policy in self.program.policies]
        return [(variant, policy) for variant, policy in found if variant >= 0]

    def here(self, policy: p.Policy, variant: int) -> Here:
        """As if it were not in shadow: what it would have done is asked, too."""
        live = replace(policy, shadow=False) if policy.shadow else policy
        return Here(self._numbers[policy.name], variant, live)

    def consequences(self, place: str) -> tuple[int, ...]:
        """Those that hold in a region, by number."""
        if place not in self._consequences:
            self._consequences[place] = Region(self.program, place).numbers
        return self._consequences[place]

    def open(self, here: Here) -> OpenPolicy:
        """Raises ColumnarError for what is too deep to be compiled."""
        key = here.number, here.place
        if key not in self._open:
            try:
                self._open[key] = OpenPolicy(here, self.places, self.memory)
            except TOO_DEEP:
                raise _too_deep(here.policy.name) from None
        return self._open[key]

    def region(self, place: str) -> OpenRegion:
        if place not in self._regions:
            heres = [self.here(policy, variant) for variant, policy in self.applying(place) if not policy.shadow]
            try:
                self._regions[place] = OpenRegion(
                    Region(self.program, place), [self.open(here) for here in heres], self.places, self.memory
                )
            except TOO_DEEP:
                raise _too_deep("consequence") from None
        return self._regions[place]

    def spans(self, scores: Sequence[p.Score]) -> Spans:
        key = repr(scores)
        if key not in self._spans:
            fused = Fused.of(scores)
            self._spans[key] = Spans(fused, [self.specs[name] for name in fused.inputs])
        return self._spans[key]

    def truth(self, expr: Expr) -> Truth:
        """Of a condition that names no derived score."""
        constants = Constants()
        constants.globals |= RUNTIME
        try:
            text = self.places.condition_text(expr, {}, constants)
            return bound(compiled("truth(v, u)", [f"return {text}"]), constants.globals)
        except TOO_DEEP:
            raise _too_deep("condition") from None

    def values(self, frame: Frame, row: int, names: frozenset[str] | None = None) -> tuple[list[Any], int]:
        """A row's inputs as `Places.read` gives a record's: those that are named, or all."""
        values, mask = [None] * len(self.places.index), 0
        for number, spec in enumerate(self.program.inputs):
            if names is not None and spec.name not in names:
                continue
            found = read_value(frame, spec, row)
            if found is MISSING:
                found = self._lost[number]
                mask |= 1 << number
            elif found is NOT_THERE:
                found = NA
                mask |= 1 << number
            values[number] = found
        return values, mask


def _too_deep(what: str) -> ColumnarError:
    return ColumnarError(f"`{what}` is too deep to be compiled: decide with `--evaluator reference`")


def read_value(frame: Frame, spec: p.Input, row: int) -> Any:
    """The typed value of an input, MISSING or `engine.record.NA`; a score in millionths."""
    if spec.kind == "score":
        micro = int(frame.scores(spec)[row])
        return micro if micro >= 0 else MISSING if micro == -2 else NOT_THERE  # noqa: PLR2004 - kernel.MISSING
    if spec.kind in ("int", "double"):
        numbers = frame.numbers(spec)
        gap = 0 if numbers.gaps is None else int(numbers.gaps[row])
        if gap:
            return MISSING if gap == -2 else NOT_THERE  # noqa: PLR2004 - kernel.MISSING
        return int(numbers.values[row]) if spec.kind == "int" else float(numbers.values[row])
    found = frame.discrete(spec)
    return found.values[found.codes[row]]


def time_of(frame: Frame, row: int) -> int | None:
    at = int(frame.times[row])
    return None if at == NO_TIME else at
