"""Regions as a tree: which code inherits from which, and which legal regimes hold where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Self

from regions.check import problems
from regions.errors import RegionError, UnknownRegionError
from regions.regime import Regime, utc_day
from regions.region import GLOBAL, Region, RegionSpec
from regions.suggest import nearest

__all__ = ["GLOBAL", "Regime", "Region", "RegionError", "RegionSpec", "RegionTree", "UnknownRegionError"]


@dataclass(frozen=True, slots=True)
class RegionTree:
    """Every region, the named groups beside the tree, and the legal regimes; immutable, hashable, picklable.

    To build one raises `RegionError` with every problem, so that a tree that exists is sound: one root, no cycle,
    no unknown parent, member or regime region. `aliases` (spelling, code) only feed `suggest`.
    """

    regions: tuple[Region, ...] = field(repr=False)
    group_items: tuple[tuple[str, tuple[str, ...]], ...] = ()
    all_regimes: tuple[Regime, ...] = field(default=(), repr=False)
    aliases: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    _by_code: dict[str, Region] = field(init=False, repr=False, compare=False)
    _chains: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered, groups = tuple(sorted(self.regions, key=lambda region: region.code)), tuple(sorted(self.group_items))
        found = tuple(problems(ordered, groups, self.all_regimes, self._spellings()))
        if found:
            raise RegionError(found)
        by_code = {region.code: region for region in ordered}
        object.__setattr__(self, "regions", ordered)
        object.__setattr__(self, "group_items", groups)
        object.__setattr__(self, "_by_code", by_code)
        object.__setattr__(self, "_chains", {code: _chain(code, by_code) for code in by_code})

    @property
    def codes(self) -> tuple[str, ...]:
        """Every region code, sorted."""
        return tuple(self._by_code)

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Group name -> member codes in the order stated; names sorted."""
        return MappingProxyType(dict(self.group_items))

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def region(self, code: str) -> Region:
        """The region of that code; `UnknownRegionError` otherwise."""
        if code not in self._by_code:
            raise UnknownRegionError(code, self.suggest(code))
        return self._by_code[code]

    def chain(self, code: str) -> tuple[str, ...]:
        """The code and its ancestors, most specific first: `("DE", "EU", "GLOBAL")`."""
        return self._chains[self.region(code).code]

    def depth(self, code: str) -> int:
        """Steps down from the root: 0 for `GLOBAL`, 2 for `DE`."""
        return len(self.chain(code)) - 1

    def is_within(self, code: str, ancestor: str) -> bool:
        """Whether `ancestor` is `code` itself or stands above it."""
        return self.region(ancestor).code in self.chain(code)

    def descendants(self, code: str) -> tuple[str, ...]:
        """The code itself, then every region below it, sorted."""
        top = self.region(code).code
        return (top, *(below for below, chain in self._chains.items() if top in chain[1:]))

    def expand(self, name: str) -> tuple[str, ...]:
        """A region's code as it is, a group's members; `UnknownRegionError` (a KeyError) for any other name."""
        if name in self.groups:
            return self.groups[name]
        return (self.region(name).code,)

    def suggest(self, name: str) -> str | None:
        """The region or group that `name` was probably meant for: letter case, alpha-3 code, English name, a slip."""
        return nearest(name, self._spellings() | {group: group for group, _ in self.group_items})

    def regimes(self, code: str, at: date) -> tuple[Regime, ...]:
        """The regimes in force for the region or an ancestor, the most specific region first, then by id.

        `at`: a UTC date, or a datetime with a time zone (`ValueError` without one).
        """
        chain, day = self.chain(code), utc_day(at)
        held = [regime for regime in self.all_regimes if regime.in_force(day) and set(chain) & set(regime.regions)]
        return tuple(sorted(held, key=lambda regime: (_distance(chain, regime), regime.id)))

    def extend(self, regions: Mapping[str, RegionSpec], groups: Mapping[str, Sequence[str]]) -> Self:
        """A new tree with what a pack adds; what ships keeps its place. `RegionError` names every problem."""
        added = tuple(Region(code, spec.name or code, spec.parent, spec.languages) for code, spec in regions.items())
        items = tuple((name, tuple(members)) for name, members in groups.items())
        return type(self)(self.regions + added, self.group_items + items, self.all_regimes, self.aliases)

    def _spellings(self) -> dict[str, str]:
        """What a person may write for a region -> its code; where two claim a spelling, the later line wins."""
        return {
            **{region.name: region.code for region in self.regions},
            **dict(self.aliases),
            **{region.code: region.code for region in self.regions},
        }


def _chain(code: str, by_code: Mapping[str, Region]) -> tuple[str, ...]:
    chain, parent = [code], by_code[code].parent
    while parent is not None:
        chain.append(parent)
        parent = by_code[parent].parent
    return tuple(chain)


def _distance(chain: tuple[str, ...], regime: Regime) -> int:
    return min(chain.index(code) for code in regime.regions if code in chain)
