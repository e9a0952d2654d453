"""Two programs -> the thresholds and clauses that differ, by name and by the regions where they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias

from policy_dsl import program as p
from policy_dsl.program import MICRO, Policy, Program, Variant
from simulator.result import Change
from simulator.settings import shown

Key: TypeAlias = tuple[str, str]
Statement: TypeAlias = tuple[Any, str]
"""What is compared, and what people are told."""
ByRegion: TypeAlias = dict[str, Statement]
"""What a clause comes to in each region that has it."""

_PACK = ("enforcements", "routes", "sanctions", "severities", "inputs", "scorers", "unknown_region")
_REGIONS_SHOWN = 6


def changes(a: Program, b: Program) -> tuple[Change, ...]:
    """Where rows are decided otherwise there is a change; where something is said with other words or on another line, none."""
    found = [_of_pack(name, getattr(a, name), getattr(b, name)) for name in _PACK]
    stated = [_clauses(program) for program in (a, b)]
    keys = dict.fromkeys((*stated[0], *stated[1]))
    changed = [
        c
        for what, where in keys
        for c in _compared(what, where, stated[0].get((what, where), {}), stated[1].get((what, where), {}))
    ]
    return tuple([change for change in found if change] + changed)


# Clauses


def _clauses(program: Program) -> dict[Key, ByRegion]:
    """By kind and name, what each clause comes to in each region."""
    found: dict[Key, ByRegion] = {}
    for policy in program.policies:
        head: Statement = ((policy.severity, policy.shadow, _bare(policy.experiments)), _policy(policy, program))
        said = [_gathered(_said(policy.name, variant, program)) for variant in policy.variants]
        for region, place in zip(program.regions, policy.places, strict=True):
            for key, statement in {("policy", policy.name): head, **said[place]}.items() if place >= 0 else ():
                found.setdefault(key, {})[region] = statement
    for item in program.consequences:
        found[("consequence", item.clause)] = {"": (_bare(item), _proposed(item.proposal, program))}
    return found


def _gathered(said: Iterator[tuple[Key, Statement]]) -> dict[Key, Statement]:
    """All that a clause says: it may stand there more than once, for experiment arms."""
    found: dict[Key, Statement] = {}
    for key, (what, text) in said:
        before, texts = found.get(key, ((), ""))
        found[key] = ((*before, what), f"{texts}, {text}" if texts and text not in texts.split(", ") else texts or text)
    return found


def _policy(policy: Policy, program: Program) -> str:
    return program.severities[policy.severity].name + (", in shadow" if policy.shadow else "")


def _said(policy: str, variant: Variant, program: Program) -> Iterator[tuple[Key, Statement]]:
    yield from _cuts(variant)
    for rule in variant.rules:
        yield ("rule", rule.clause), (_bare(rule), _proposed(rule.proposal, program))
    for grant in variant.grants:
        cap = "waived" if grant.cap is None else f"at most {program.enforcements[grant.cap].name}"
        yield ("exception", grant.clause), (_bare(grant), cap)
    for item in variant.adjustments:
        yield ("adjustment", item.clause), (_bare(item), f"{item.delta / MICRO:+g}")
    for raised in variant.priorities:
        yield ("priority", raised.clause), (_bare(raised), program.severities[raised.priority].name)
    for score in variant.scores:
        yield ("score", score.name), (score.expr, "stated")
    for default in (*(one for item in variant.on_missing for one in item.defaults), *variant.on_error):
        yield ("default", default.clause or policy), (_bare(default), _proposed(default.proposal, program))
    for effect in variant.effects:
        values = ", ".join(str(one.value) for one in effect.values)
        yield (
            ("effect", f"{policy}.{program.enforcements[effect.enforcement].name}.{effect.key}"),
            (effect.values, values),
        )


def _cuts(variant: Variant) -> Iterator[tuple[Key, Statement]]:
    for ladder in variant.ladders:
        for rung in ladder.rungs:
            for cut in rung.cuts:
                yield ("threshold", cut.clause), ((cut.threshold, cut.guard, rung.proposal), shown(cut.threshold))


def _proposed(proposal: p.Proposal, program: Program) -> str:
    parts = [program.enforcements[proposal.enforcement].name] if proposal.enforcement else []
    parts += [f"{use.route}({use.queue})" for use in proposal.routes] + [use.name for use in proposal.sanctions]
    return " and ".join(parts) or "nothing"


def _bare(value: Any) -> Any:
    """Without the line where it is written, and why."""
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    blank: dict[str, Any] = {"source": "", "reason": None}
    inner = {f.name: blank[f.name] if f.name in blank else _bare(getattr(value, f.name)) for f in fields(value)}
    return replace(value, **inner)


# Differences


def _of_pack(name: str, a: Any, b: Any) -> Change | None:
    """A part of the manifest."""
    if a == b:
        return None
    return Change("manifest", name.replace("_", " "), "as in A", "as in B")


def _compared(what: str, where: str, a: ByRegion, b: ByRegion) -> Iterator[Change]:
    """A change for each pair of before and after, with its regions where it does not hold in all that have the clause."""
    pairs: dict[tuple[str | None, str | None], list[str]] = {}
    regions = dict.fromkeys((*a, *b))
    for region in regions:
        one, two = a.get(region), b.get(region)
        if (one and one[0]) != (two and two[0]):
            pairs.setdefault(_words(one, two), []).append(region)
    for (before, after), places in pairs.items():
        yield Change(what, where if len(places) == len(regions) else f"{where} in {_regions(places)}", before, after)


def _words(a: Statement | None, b: Statement | None) -> tuple[str | None, str | None]:
    """What people are told; where the words are the same, so that they see that something else is not."""
    before, after = a and a[1], b and b[1]
    return (f"{before} (as in A)", f"{after} (as in B)") if before is not None and before == after else (before, after)


def _regions(places: list[str]) -> str:
    more = len(places) - _REGIONS_SHOWN
    return ", ".join(places[:_REGIONS_SHOWN]) + (f" and {more} more regions" if more > 0 else "")
