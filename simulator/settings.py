"""`POLICY.SCORE.ACTION[@REGION]=X` -> a Program in which that rung's threshold is X (`limen simulate --set`, `limen sweep`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from policy_dsl import program as p
from policy_dsl.program import MICRO, Program
from policy_dsl.suggest import suggest

FORM = "`POLICY.SCORE.ACTION[@REGION]=X`"
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+|[0-9]+\.")
_STATED = re.compile(r"[^\[~%]+")


class SettingError(ValueError):
    """A setting that names nothing, or no threshold; one line for the user."""


@dataclass(frozen=True, slots=True)
class Target:
    """A rung: `score` by its full name, `action` as `Rung.name`. `region` None: everywhere, else there and below."""

    policy: str
    score: str
    action: str
    region: str | None = None

    def __str__(self) -> str:
        """As `--set` reads it."""
        name = f"{self.policy}.{local(self.policy, self.score)}.{self.action}"
        return name if self.region is None else f"{name}@{self.region}"


@dataclass(frozen=True, slots=True)
class Setting:
    """`threshold` in millionths; None switches the rung off."""

    target: Target
    threshold: int | None

    def __str__(self) -> str:
        return f"{self.target}={shown(self.threshold)}"


def apply_settings(program: Program, settings: Sequence[str]) -> Program:
    """The program after each of the texts, in order. Raises SettingError.

    A setting changes every statement of its rung, those of `for` blocks, dates and experiment arms included; with
    `@REGION` those that hold in the region and below. What switches the rung off for less than the setting names (a region
    below, a `for` block) stays off (as ruling R19 has it for adjustments): a symbol that is lawful in one place is not caught
    there because a threshold moved everywhere.
    """
    for text in settings:
        found = parse(program, text)
        program = with_threshold(program, found.target, found.threshold)
    return program


def parse(program: Program, text: str) -> Setting:
    """One setting's text, resolved. Raises SettingError."""
    left, equals, value = text.rpartition("=")
    if not equals or not left.strip():
        raise SettingError(f"`{text}` is no setting, expected {FORM}")
    name, _, region = left.strip().rpartition("@") if "@" in left else (left.strip(), "", "")
    policy, dot, rest = name.partition(".")
    if not dot:
        raise SettingError(f"`{text}` is no setting, expected {FORM}")
    try:
        known = policy_of(program, policy)
        return Setting(_named(program, known, rest, region or None), threshold(value.strip(), text))
    except SettingError as error:
        raise SettingError(str(error) if f"`{text}`" in str(error) else f"`{text}`: {error}") from None


def threshold(value: str, text: str) -> int | None:
    """Millionths of a decimal in [0, 1] with at most six places; None for `off`. Raises SettingError."""
    if value == "off":
        return None
    if not _NUMBER.fullmatch(value):
        raise SettingError(f"`{text}`: `{value}` is no threshold, expected a number in [0, 1] or `off`")
    micros = Decimal(value) * MICRO
    if micros > MICRO:
        near = f": did you mean `{shown(int(micros) // 100)}`" if micros <= 100 * MICRO else ""
        raise SettingError(f"`{text}`: scores lie in [0, 1]{near}")
    if micros != int(micros):
        raise SettingError(f"`{text}`: a threshold has at most six decimal places")
    return int(micros)


def shown(micros: int | None) -> str:
    """A threshold as rule files write it, `off` for None."""
    if micros is None:
        return "off"
    return f"{micros // MICRO}.{micros % MICRO:06d}".rstrip("0").rstrip(".")


def local(policy: str, score: str) -> str:
    """A score as the policy's file names it: its own derived ones without the policy before it."""
    return score.removeprefix(f"{policy}.")


def policy_of(program: Program, name: str) -> p.Policy:
    """Raises SettingError for a name that the pack lacks."""
    found = next((policy for policy in program.policies if policy.name == name), None)
    if found is None:
        raise SettingError(_unknown("policy", name, [policy.name for policy in program.policies]))
    return found


def resolve(program: Program, policy: str, score: str | None, action: str | None, region: str | None) -> list[Target]:
    """The rungs that the names leave: all of the policy where neither score nor action is given. Raises SettingError."""
    found = policy_of(program, policy)
    known = rungs_of(found)
    if not known:
        raise SettingError(f"the policy `{policy}` has no thresholds")
    scores = list(dict.fromkeys(on for on, _ in known)) if score is None else [_score(found, score)]
    known = [(on, name) for on, name in known if on in scores]
    if action is not None:
        wanted = _action([name for _, name in known], action)
        known = [(on, name) for on, name in known if name == wanted]
    _check_region(program, found, region)
    targets = [Target(policy, on, name, region) for on, name in known]
    reached = [target for target in targets if cuts_of(program, target)]
    if not reached:
        raise SettingError(f"`{targets[0]}`: the policy states no such rung in `{region}`, so there is none to set")
    return reached


def rungs_of(policy: p.Policy) -> list[tuple[str, str]]:
    """Every (score, rung) of any region, in the order of the ladders."""
    pairs = ((ladder.score, rung.name) for v in policy.variants for ladder in v.ladders for rung in ladder.rungs)
    return list(dict.fromkeys(pairs))


def cuts_of(program: Program, target: Target) -> list[p.Cut]:
    """The statements that hold where the target reaches, each once; also those that it leaves `off`."""
    policy = policy_of(program, target.policy)
    numbers = {policy.places[place] for place in places_of(program, policy, target.region)}
    found = [rung for number in sorted(numbers) for rung in _rungs(policy.variants[number], target)]
    return list({cut.clause: cut for rung in found for cut in rung.cuts}.values())


def places_of(program: Program, policy: p.Policy, region: str | None) -> list[int]:
    """Where the policy applies, at the region and below (None: everywhere), as numbers of `Program.regions`."""
    applying = (place for place, number in enumerate(policy.places) if number >= 0)
    return [place for place in applying if region is None or region in chain_of(program, program.regions[place])]


def chain_of(program: Program, region: str) -> tuple[str, ...]:
    """The region and what it inherits from, most specific first."""
    parents = dict(zip(program.regions, program.parents, strict=True))
    codes = [region]
    while (parent := parents[codes[-1]]) is not None:
        codes.append(parent)
    return tuple(codes)


def with_threshold(program: Program, target: Target, micros: int | None) -> Program:
    """The program with the target's rung at `micros`, or off (None). Raises SettingError where it reaches no rung."""
    policy = policy_of(program, target.policy)
    _check_region(program, policy, target.region)
    if not cuts_of(program, target):
        raise SettingError(f"`{target}`: the policy states no such rung in `{target.region}`, so there is none to set")
    variants, places, edited = list(policy.variants), list(policy.places), dict[int, int]()
    for place in places_of(program, policy, target.region):
        number = policy.places[place]
        if number not in edited:
            edited[number] = len(variants)
            variants.append(_edit(program, policy.variants[number], target, micros))
        places[place] = edited[number]
    new = replace(policy, variants=tuple(variants), places=tuple(places))
    return replace(program, policies=tuple(new if item is policy else item for item in program.policies))


def is_set(program: Program, target: Target, cut: p.Cut) -> bool:
    """Whether a setting of the target changes the statement: all do that give a threshold; one that says `off` only where
    it says so for all that the target names, or for more.
    """
    if cut.threshold is not None:
        return True
    if cut.guard.within or cut.guard.arm:
        return False
    stated = stated_in(target, cut)
    return program.parents[program.regions.index(stated)] is None or (
        target.region is not None and stated in chain_of(program, target.region)
    )


def stated_in(target: Target, cut: p.Cut) -> str:
    """The region whose block holds the statement: `nudity.risk.remove@DE[content.surface=live]` -> DE."""
    found = _STATED.match(cut.clause.split(f".{target.action}@", 1)[1])
    assert found is not None
    return found.group()


def _edit(program: Program, variant: p.Variant, target: Target, micros: int | None) -> p.Variant:
    def cut(one: p.Cut) -> p.Cut:
        return replace(one, threshold=micros) if is_set(program, target, one) else one

    def rung(one: p.Rung) -> p.Rung:
        return replace(one, cuts=tuple(map(cut, one.cuts))) if one.name == target.action else one

    def ladder(one: p.Ladder) -> p.Ladder:
        return replace(one, rungs=tuple(map(rung, one.rungs))) if one.score == target.score else one

    return replace(variant, ladders=tuple(map(ladder, variant.ladders)))


def _rungs(variant: p.Variant, target: Target) -> Iterator[p.Rung]:
    ladders = (ladder for ladder in variant.ladders if ladder.score == target.score)
    return (rung for ladder in ladders for rung in ladder.rungs if rung.name == target.action)


def _named(program: Program, policy: p.Policy, rest: str, region: str | None) -> Target:
    """`SCORE.ACTION`, where both may hold dots: the longest score that it begins with."""
    names = {name: on for on, _ in rungs_of(policy) for name in (on, local(policy.name, on))}
    if not names:
        raise SettingError(f"the policy `{policy.name}` has no thresholds")
    score = max((name for name in names if rest.startswith(f"{name}.")), key=len, default=None)
    if score is None:
        _score(policy, rest if rest in names else rest.rpartition(".")[0] or rest)
        raise SettingError(f"`{policy.name}.{rest}` names no action, expected {FORM}")
    found = resolve(program, policy.name, names[score], rest[len(score) + 1 :], region)
    return found[0]


def _score(policy: p.Policy, name: str) -> str:
    names = {alias: on for on, _ in rungs_of(policy) for alias in (on, local(policy.name, on))}
    if name not in names:
        shorter = [local(policy.name, on) for on in dict.fromkeys(names.values())]
        raise SettingError(_unknown(f"score with thresholds in `{policy.name}`", name, shorter))
    return names[name]


def _action(names: Sequence[str], wanted: str) -> str:
    """A rung's name; `reduce and review` for `reduce+review` in any order, and without options where that is clear."""
    exact = [name for name in dict.fromkeys(names) if _parts(name) == _parts(wanted)]
    bare = [name for name in dict.fromkeys(names) if _parts(re.sub(r"\([^)]*\)", "", name)) == _parts(wanted)]
    if not exact and len(bare) != 1:
        raise SettingError(_unknown("action", wanted, list(dict.fromkeys(names))))
    return (exact or bare)[0]


def _parts(name: str) -> frozenset[str]:
    return frozenset(part.strip() for part in re.split(r"\+|\sand\s", name))


def _check_region(program: Program, policy: p.Policy, region: str | None) -> None:
    if region is not None and region not in program.regions:
        raise SettingError(_unknown("region", region, program.regions))
    if region is not None and not places_of(program, policy, region):
        raise SettingError(f"the policy `{policy.name}` does not apply in `{region}`")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = suggest(name, names)
    if near is not None:
        return f"unknown {what} `{name}`: did you mean `{near}`"
    some = ", ".join(f"`{other}`" for other in names[:12]) + (", ..." if len(names) > 12 else "")
    return f"unknown {what} `{name}`, expected one of {some}"
