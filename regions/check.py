"""Regions, groups and regimes -> what keeps them from being a tree, each problem as one line."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from regions.errors import remedy
from regions.regime import Regime
from regions.region import GLOBAL, Region
from regions.suggest import nearest

# Both are words of the language, so that a policy can write them; a code has no underscore, as in ISO 3166.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")  # the part of BCP 47 (RFC 5646) that CLDR uses
_EXPECTED = ("title", "regions", "duty", "citation")

Groups = tuple[tuple[str, tuple[str, ...]], ...]
Suggest = Callable[[str], str | None]


def problems(
    regions: tuple[Region, ...], groups: Groups, regimes: tuple[Regime, ...], spellings: Mapping[str, str]
) -> Iterator[str]:
    """Every problem, in a stable order; `spellings` (what people write -> region code) feed the suggestions."""
    codes = frozenset(region.code for region in regions)
    names = frozenset(name for name, _ in groups) - codes
    suggest = partial(nearest, known=spellings)
    yield from _roots(regions)
    yield from _repeats("region", [region.code for region in regions])
    yield from _cycles(regions)
    for region in regions:
        yield from _region(region, codes, names, suggest)
    yield from _repeats("group", [name for name, _ in groups])
    for name, members in groups:
        yield from _group(name, codes)
        yield from _members(name, members, codes, names, suggest)
    yield from _repeats("regime", [regime.id for regime in regimes])
    for regime in regimes:
        yield from _regime(regime, codes, suggest)


def _roots(regions: tuple[Region, ...]) -> Iterator[str]:
    roots = [region.code for region in regions if region.parent is None]
    if GLOBAL not in roots:
        yield f"the tree has no root `{GLOBAL}`"
    yield from (
        f"region `{code}` has no parent, only `{GLOBAL}` may stand at the top" for code in roots if code != GLOBAL
    )


def _repeats(kind: str, names: list[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in names:
        before = seen.get(name.casefold())
        if before == name:
            yield f"{kind} `{name}` is already there, a pack may add a {kind} but not change one"
        elif before is not None:
            yield f"{kind} `{name}` differs from `{before}` only in letter case, choose another name"
        seen.setdefault(name.casefold(), name)


def _cycles(regions: tuple[Region, ...]) -> Iterator[str]:
    parents: dict[str, str | None] = {}
    for region in regions:
        parents.setdefault(region.code, region.parent)
    for cycle in sorted({_cycle(code, parents) for code in parents} - {()}):
        path = " -> ".join(f"`{code}`" for code in (*cycle, cycle[0]))
        yield f"region `{cycle[0]}` is its own ancestor: {path}, expected a chain that ends in `{GLOBAL}`"


def _cycle(code: str, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """The cycle that `code` runs into, its smallest code first; empty where the chain ends."""
    path: list[str] = []
    at: str | None = code
    while at is not None and at in parents and at not in path:
        path.append(at)
        at = parents[at]
    if at is None or at not in path:
        return ()
    ring = path[path.index(at) :]
    start = ring.index(min(ring))
    return tuple(ring[start:] + ring[:start])


def _region(region: Region, codes: frozenset[str], groups: frozenset[str], suggest: Suggest) -> Iterator[str]:
    if not _CODE.fullmatch(region.code):
        yield f"`{region.code}` is no region code, expected a letter, then letters, digits and inner hyphens such as `US-CA`"
    if region.parent in groups:
        yield f"region `{region.code}` has the group `{region.parent}` for a parent, expected one region"
    elif region.parent is not None and region.parent not in codes:
        yield f"region `{region.code}` has the unknown parent `{region.parent}`{remedy(suggest(region.parent))}"
    for tag in region.languages:
        if not _LANGUAGE.fullmatch(tag):
            yield f"region `{region.code}` has the language `{tag}`, expected a BCP-47 tag such as `pt-BR`"


def _group(name: str, codes: frozenset[str]) -> Iterator[str]:
    if not _GROUP.fullmatch(name):
        yield f"`{name}` is no group name, expected a letter, then letters, digits, `_` and inner hyphens such as `gulf_states`"
    if name.casefold() in {code.casefold() for code in codes}:
        yield f"group `{name}` is named like a region, choose another name"


def _members(
    name: str, members: tuple[str, ...], codes: frozenset[str], groups: frozenset[str], suggest: Suggest
) -> Iterator[str]:
    if not members:
        yield f"group `{name}` has no members, expected at least one region"
    for code, times in Counter(members).items():
        if times > 1:
            yield f"group `{name}` lists `{code}` {times} times, list it once"
        if code in groups:
            yield f"group `{name}` lists the group `{code}`, list the regions of `{code}` instead"
        elif code not in codes:
            yield f"group `{name}` has the unknown member `{code}`{remedy(suggest(code))}"


def _regime(regime: Regime, codes: frozenset[str], suggest: Suggest) -> Iterator[str]:
    where = f"regime `{regime.id}`"
    yield from (f"{where} has an empty `{key}`" for key in _EXPECTED if not getattr(regime, key))
    for code in regime.regions:
        if code not in codes:
            yield f"{where} has the unknown region `{code}`{remedy(suggest(code))}"
    if regime.deadline_hours is not None and regime.deadline_hours <= 0:
        yield f"{where} has the deadline {regime.deadline_hours} h, expected at least 1 or none"
    if regime.in_force_until is not None and regime.in_force_until <= regime.in_force_from:
        yield f"{where} ends on {regime.in_force_until}, expected a day after its start {regime.in_force_from}"
    if not regime.url.startswith("https://"):
        yield f"{where} has the address `{regime.url}`, expected one that starts with `https://`"
