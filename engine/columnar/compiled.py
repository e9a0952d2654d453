"""One program, with what the exact evaluator needs to decide a row of a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.columnar import kernel
from engine.columnar.errors import ColumnarError
from engine.columnar.frame import MISSING, NO_TIME, Frame
from engine.columnar.fused import Spans
from engine.compiled.code import TOO_DEEP, bound, compiled
from engine.compiled.fast import Block
from engine.compiled.gaps import OpenRegion
from engine.compiled.here import Here
from engine.compiled.joined import Region
from engine.compiled.layout import Layout
from engine.compiled.memory import Memory
from engine.compiled.open import OpenPolicy
from engine.compiled.places import RUNTIME, Places
from engine.compiled.reader import Reader
from engine.compiled.reading import ABSENT
from engine.compiled.slots import Presence, Slot
from engine.record import NA as NOT_THERE
from engine.record import Record
from engine.scalar import UNUSUAL
from policy_dsl import program as p
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.partial import NA
from policy_dsl.cel.pycode import Constants
from policy_dsl.program import MICRO, Program

Truth = Callable[[list[Any], int], int]


@dataclass(frozen=True, slots=True)
class Quick:
    """One policy on rows in which nothing is missing: `bits` finds which clauses act (None for what is unusual)."""

    bits: Callable[[list[Any], int | None], int | None]
    layout: Layout


class Same:
    """Inputs and derived scores that several programs have alike, as one object each."""

    def __init__(self) -> None:
        self._specs: dict[str, p.Input] = {}
        self._spans: dict[Any, Spans] = {}

    def __call__(self, spec: p.Input) -> p.Input:
        return self._specs.setdefault(repr(spec), spec)

    def spans(self, scores: tuple[p.Score, ...], specs: tuple[p.Input, ...]) -> Spans:
        return self._spans.setdefault((repr(scores), *map(id, specs)), Spans(scores, specs))


class Compiled:
    """Everything is made when it is first asked for."""

    def __init__(self, program: Program, same: Same) -> None:
        self.program, self._same = program, same
        self.specs = {spec.name: same(spec) for spec in program.inputs}
        self.places = Places(program)
        self.memory = Memory()
        self._index = {code: number for number, code in enumerate(program.regions)}
        self._lost = [Reader(number, spec).lost for number, spec in enumerate(program.inputs)]
        self._open: dict[tuple[int, int], OpenPolicy] = {}
        self._regions: dict[str, OpenRegion] = {}
        self._quick: dict[tuple[int, int], Quick | None] = {}
        self._heres: dict[tuple[str, int], Here] = {}
        self._picked: dict[frozenset[str] | None, list[tuple[int, p.Input]]] = {}
        self._numbers = {policy.name: number for number, policy in enumerate(program.policies)}
        self._consequences: dict[str, tuple[int, ...]] = {}
        self._applying: dict[str, tuple[str, ...]] = {}

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

    def names(self, place: str) -> tuple[str, ...]:
        """The policies of a region."""
        if place not in self._applying:
            self._applying[place] = tuple(policy.name for _, policy in self.applying(place))
        return self._applying[place]

    def here(self, policy: p.Policy, variant: int) -> Here:
        """As if it were not in shadow: what it would have done is asked, too."""
        key = policy.name, variant
        if key not in self._heres:
            live = replace(policy, shadow=False) if policy.shadow else policy
            self._heres[key] = Here(self._numbers[policy.name], variant, live)
        return self._heres[key]

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

    def opened(self, here: Here, values: list[Any]) -> OpenPolicy:
        """As `open`, with room in a row's values for the derived scores that it may have brought."""
        found = self.open(here)
        values.extend([None] * (len(self.places.index) - len(values)))
        return found

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

    def spans(self, scores: Sequence[p.Score]) -> Spans | None:
        """Derived scores by columns; None where there are none."""
        if not scores:
            return None
        return self._same.spans(tuple(scores), tuple(self.specs[name] for name in Spans.behind(scores)))

    def quick(self, here: Here) -> Quick | None:
        """None where there is no such code."""
        key = here.number, here.place
        if key not in self._quick:
            try:
                self._quick[key] = self._block(here)
            except TOO_DEEP:
                self._quick[key] = None
        return self._quick[key]

    def _block(self, here: Here) -> Quick:
        specs = enumerate(self.specs.values())
        slots = {spec.name: Slot(number, spec, _presence(spec)) for number, spec in specs}
        block = Block([here], slots)
        read = [(slots[name].index, slots[name].spec.kind == "score") for name in sorted(block.judged.inputs)]

        def bits(values: list[Any], at: int | None) -> int | None:
            try:
                found: int = block.function(*[_shared(values[number], score) for number, score in read], at)
            except UNUSUAL:
                return None
            return found

        return Quick(bits, block.judged.layouts[0])

    def truth(self, expr: Expr) -> Truth:
        """Of a condition that names no derived score."""
        constants = Constants()
        constants.globals |= RUNTIME
        try:
            text = self.places.condition_text(expr, {}, constants)
            return bound(compiled("truth(v, u)", [f"return {text}"]), constants.globals)
        except TOO_DEEP:
            raise _too_deep("condition") from None

    def record(self, frame: Frame, row: int, skipped: frozenset[str]) -> Record:
        """A record that says the same."""
        scores: dict[str, Any] = {}
        facts: dict[str, Any] = {}
        modalities = {spec.modality for spec in self.specs.values() if spec.modality is not None}
        for spec in self.specs.values():
            found = read_value(frame, spec, row)
            if found is NOT_THERE and spec.modality is not None and not spec.optional:
                modalities.discard(spec.modality)
            elif found is not NOT_THERE:
                (facts if spec.is_fact else scores)[spec.name] = _raw(spec, found)
        return Record(scores, facts, time_of(frame, row), frozenset(modalities), skipped)

    def values(self, frame: Frame, row: int, names: frozenset[str] | None = None) -> tuple[list[Any], int]:
        """A row's inputs as `Places.read` gives a record's: those that are named, or all."""
        return self.row(frame, row, names)[:2]

    def row(self, frame: Frame, row: int, names: frozenset[str] | None = None) -> tuple[list[Any], int, bool]:
        """As `values`, and whether something is missing."""
        values: list[Any] = [None] * len(self.places.index)
        mask, lost = 0, False
        for number, read in frame.kept((self, names), lambda: self._readers(frame, names)):
            found = read(row)
            if found is MISSING:
                found, lost = self._lost[number], True
                mask |= 1 << number
            elif found is NOT_THERE:
                found = NA
                mask |= 1 << number
            values[number] = found
        return values, mask, lost

    def _readers(self, frame: Frame, names: frozenset[str] | None) -> list[tuple[int, Callable[[int], Any]]]:
        if names not in self._picked:
            specs = enumerate(self.specs.values())
            self._picked[names] = [(number, spec) for number, spec in specs if names is None or spec.name in names]
        return [(number, reader(frame, spec)) for number, spec in self._picked[names]]


def _presence(spec: p.Input) -> Presence:
    return Presence.ALWAYS if spec.modality is None and not spec.optional else Presence.MAYBE


def _shared(value: Any, score: bool) -> Any:
    """As the code of complete records holds it."""
    if value is NA:
        return ABSENT
    return value / MICRO if score else value


def _raw(spec: p.Input, value: Any) -> Any:
    """As a caller gives it."""
    if value is MISSING:
        return None
    if isinstance(value, frozenset):
        return sorted(value)
    return value / MICRO if spec.kind == "score" else value


def _too_deep(what: str) -> ColumnarError:
    return ColumnarError(f"`{what}` is too deep to be compiled: decide with `--evaluator reference`")


def read_value(frame: Frame, spec: p.Input, row: int) -> Any:
    """The typed value of an input, MISSING or `engine.record.NA`; a score in millionths."""
    return reader(frame, spec)(row)


def reader(frame: Frame, spec: p.Input) -> Callable[[int], Any]:
    """`read_value` of one input, for many rows of a frame."""
    gaps = {kernel.MISSING: MISSING, kernel.NOT_APPLICABLE: NOT_THERE}
    if spec.kind == "score":
        micros = frame.scores(spec).item

        def score(row: int) -> Any:
            micro = micros(row)
            return micro if micro >= 0 else gaps[micro]

        return score
    if spec.kind in ("int", "double"):
        numbers = frame.numbers(spec)
        number, gap = numbers.values.item, None if numbers.gaps is None else numbers.gaps.item
        return number if gap is None else lambda row: gaps[gap(row)] if gap(row) else number(row)
    found = frame.discrete(spec)
    codes, values = found.codes.item, found.values
    return lambda row: values[codes(row)]


def time_of(frame: Frame, row: int) -> int | None:
    at = int(frame.times[row])
    return None if at == NO_TIME else at
