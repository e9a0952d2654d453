"""LIM215, LIM216: a policy without tests, and a rung without a test at its boundary: at the threshold, and one millionth below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy_dsl import nodes as n
from policy_dsl.checks import table_cells
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import decimal, finding
from policy_dsl.checks.given_values import Given, read_cell
from policy_dsl.checks.numbers import exact, micros
from policy_dsl.checks.reads import inputs_read
from policy_dsl.checks.rungs import never_win
from policy_dsl.checks.score_value import score_value
from policy_dsl.checks.slots import Said, Situation, Slots, moments, slots
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.places import GLOBAL, expand
from policy_dsl.scores import lower_score


@dataclass(frozen=True, slots=True)
class Case:
    """What a test gives, where."""

    policy: str | None
    regions: tuple[str, ...]
    given: Mapping[str, Given]


def untested(context: Context) -> Iterator[Diagnostic]:
    named: dict[str | None, list[Case]] = {}
    for case in cases(context):
        named.setdefault(case.policy, []).append(case)
    for policy in context.policies:
        own = named.get(policy.name.text, [])
        if own:
            yield from _boundaries(context, policy, own)
        elif not _is_read(context, policy, named.get(None, [])):
            name = policy.name.text
            yield finding(
                "LIM215",
                f"no test is about the policy `{name}`",
                policy.name.span,
                f'write `test {name} "…" {{ given {{ … }} expect … }}`',
            )


def cases(context: Context) -> Iterator[Case]:
    for item in context.items:
        match item:
            case n.Test(policy=policy, given=given, expect=expects):
                values = {value.name.text: value.value for value in given}
                regions = [name for expect in expects for name in expect.regions]
                everywhere = any(not expect.regions for expect in expects)
                yield Case(policy.text if policy else None, _codes(context, regions, everywhere=everywhere), values)
            case n.Tests(policy=policy):
                for _, cells in table_cells.rows(item):
                    yield _case(context, policy, cells)
            case _:
                pass


def _case(context: Context, policy: n.Name | None, cells: Sequence[table_cells.Cell]) -> Case:
    texts = {cell.column: cell.cell for cell in cells}
    region = texts.pop(table_cells.REGION, None)
    names = [n.Name(word.strip()) for word in region.text.split(",")] if region else []
    given = {
        name: value
        for name, cell in texts.items()
        if cell.text != table_cells.ABSENT and (value := read_cell(cell)) is not None
    }
    return Case(policy.text if policy else None, _codes(context, names, everywhere=False), given)


def _codes(context: Context, names: Sequence[n.Name], *, everywhere: bool) -> tuple[str, ...]:
    codes = expand(names, context.env)
    return (*codes, GLOBAL) if everywhere or not codes else codes


def _is_read(context: Context, policy: n.Policy, unnamed: Sequence[Case]) -> bool:
    """Whether a test of the whole decision gives something that the policy reads."""
    read = inputs_read(context, policy) if unnamed else frozenset()
    return any(not read.isdisjoint(case.given) for case in unnamed)


def _boundaries(context: Context, policy: n.Policy, tests: Sequence[Case]) -> Iterator[Diagnostic]:
    """One finding a policy: `limen test --coverage` lists every rung."""
    lacking = list(_lacking(context, policy, tests))
    if lacking:
        said, values = lacking[0]
        more = len(lacking) - 1
        others = f", and {more} more {'rung lacks' if more == 1 else 'rungs lack'} one" if more else ""
        message = f"no test stands at the boundary of `{said.text}`{others}"
        tell = f"test it where `{said.ladder}` is {' and where it is '.join(values)}"
        yield finding("LIM216", message, said.span, tell)


def _lacking(context: Context, policy: n.Policy, tests: Sequence[Case]) -> Iterator[tuple[Said, list[str]]]:
    """The rungs that lack a test at their boundary; those that never win have none."""
    found = slots(context, policy)
    silent = never_win(found)
    for score, ladder in found.ladders.items():
        values = [(case, value) for case in tests if (value := _value(context, policy, score, case)) is not None]
        for said in (said for slot in ladder for said in found.by_slot[slot]):
            if said.threshold is not None and said.guard.arm is None and said not in silent:
                lacks = _lacks(context, found, said, values)
                if lacks:
                    yield said, lacks


def _lacks(context: Context, found: Slots, said: Said, values: Sequence[tuple[Case, int]]) -> list[str]:
    """Which of the two scores at a rung's boundary no test has."""
    threshold = said.threshold or 0
    near = [(case, value) for case, value in values if value in (threshold, threshold - 1)]
    seen = {value for case, value in near if _in_force(context, found, said, case)}
    return [decimal(value) for value in (threshold, threshold - 1) if value not in seen]


def _in_force(context: Context, found: Slots, said: Said, case: Case) -> bool:
    values = {
        name: spec.default
        for name, spec in context.env.inputs.items()
        if spec.kind == "enum" and isinstance(spec.default, str)
    }
    values |= {name: word for name, value in case.given.items() if (word := _word(value)) is not None}
    chains = [found.env.tree.chain(code) for code in case.regions]
    times = moments(found.by_slot[said.slot])
    return any(found.winner(said.slot, chain, Situation(values, at)) is said for chain in chains for at in times)


def _word(value: Given) -> str | None:
    return value.text if isinstance(value, n.Name) else value.value if isinstance(value, n.Text) else None


def _value(context: Context, policy: n.Policy, score: str, case: Case) -> int | None:
    """A ladder's score in a test; None where it does not apply or is missing."""
    known = {name: _micros(value) for name, value in case.given.items()}
    for name, expr in context.scope(policy).derived([score]):
        known[name] = score_value(lower_score(expr), known.get)
    return known.get(score)


def _micros(value: Given) -> int | None:
    number = exact(value.text) if isinstance(value, n.Number) else None
    return micros(number) if number is not None else None
