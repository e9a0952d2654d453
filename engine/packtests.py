"""A pack's own `test` and `tests` blocks -> results, and which rungs stand tested at their boundary (ruling R16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.decision import Outcome, Status, Verdict
from engine.explain import rated
from engine.record import Record
from engine.reference import Evaluation
from policy_dsl import nodes as n
from policy_dsl.cel.literals import unquote
from policy_dsl.env import Env
from policy_dsl.outcomes import option_values, scalar
from policy_dsl.places import expand, to_micros
from policy_dsl.program import Program
from policy_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Case:
    """One expectation: a record, where, and what must come out."""

    policy: str | None
    title: str
    given: Mapping[str, Any]
    at: int | None
    region: str
    status: str | None
    outcomes: tuple[n.Outcome, ...]
    because: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Result:
    """`problem` is None where the expectation holds."""

    case: Case
    problem: str | None


@dataclass
class Coverage:
    """For each rung's statement, whether some test has its score at the threshold, and one millionth below."""

    at: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)

    def see(self, evaluation: Evaluation) -> None:
        for judgement in evaluation.judgements:
            for rung in rated(judgement):
                if rung.low == rung.high and rung.margin in (0, -1):
                    (self.at if rung.margin == 0 else self.below).add(rung.clause)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A rung's statement and what its boundary lacks: `at`, `below`, both or nothing."""

    policy: str
    clause: str
    source: str
    lacks: tuple[str, ...]


def run_tests(items: Sequence[n.Item], program: Program, env: Env) -> tuple[tuple[Result, ...], tuple[Boundary, ...]]:
    """Runs every test of the pack. The pack has been checked: its tests name what exists."""
    coverage = Coverage()
    results = tuple(_run(case, program, coverage) for case in cases(items, env))
    return results, tuple(_boundaries(program, coverage))


def cases(items: Sequence[n.Item], env: Env) -> Iterator[Case]:
    for item in items:
        if isinstance(item, n.Test):
            given = {given.name.text: _given(given.value) for given in item.given}
            for expect in item.expect:
                yield from _cases(item, given, expect, env, expect.span)
        elif isinstance(item, n.Tests) and item.rows:
            heading = [cell.text for cell in item.rows[0].cells]
            for row in item.rows[1:]:
                cells = dict(zip(heading, row.cells, strict=False))
                yield from _row_cases(item, cells, env, row.span)


def _cases(item: n.Test | n.Tests, given: Mapping[str, Any], expect: n.Expect, env: Env, span: Span) -> Iterator[Case]:
    facts = dict(given)
    at = facts.pop("at", None)
    for region in expand(expect.regions, env) or ("GLOBAL",):
        yield Case(
            policy=item.policy.text if item.policy else None,
            title=item.title.value,
            given=facts,
            at=at,
            region=region,
            status=expect.status.text if expect.status else None,
            outcomes=expect.outcomes,
            because=expect.because.text if expect.because else None,
            span=span,
        )


def _row_cases(item: n.Tests, cells: Mapping[str, n.Name], env: Env, span: Span) -> Iterator[Case]:
    given = {
        name: _moment_of(cell.text) if name == "at" else _cell(cell.text)
        for name, cell in cells.items()
        if name not in ("region", "expect") and cell.text != "-"
    }
    regions = (
        tuple(n.Name(word.strip(), cells["region"].span) for word in cells["region"].text.split(","))
        if "region" in cells
        else ()
    )
    yield from _cases(item, given, parse_expect(cells["expect"], regions), env, span)


def parse_expect(cell: n.Name, regions: tuple[n.Name, ...]) -> n.Expect:
    """An `expect` cell, `degraded block and review`, as the statement it is short for."""
    words = cell.text.replace(",", " and ").split(" and ")
    status = None
    first, _, rest = words[0].strip().partition(" ")
    if first in ("decided", "degraded", "unavailable"):
        status = n.Name(first, cell.span)
        words[0] = rest
    outcomes = tuple(n.Outcome(n.Name(word.strip(), cell.span), (), cell.span) for word in words if word.strip())
    return n.Expect(regions, status, outcomes, None, cell.span)


def _moment_of(text: str) -> int:
    """A date of a checked table, in UTC."""
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def _cell(text: str) -> Any:
    """`?` is missing, a text in quotes a text, `[a, b]` a list; else a number, a truth value or a word."""
    if text in ("?", "missing"):
        return None
    if text[:1] in "\"'":
        return unquote(text)
    if text.startswith("["):
        return [_cell(word.strip()) for word in text[1:-1].split(",") if word.strip()]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return {"true": True, "false": False}.get(text, text)


def _given(value: n.Value | n.ListValue | n.Date) -> Any:
    match value:
        case n.Name(text="missing"):
            return None
        case n.ListValue(items=items):
            return [scalar(item) for item in items]
        case n.Date(value=moment):
            return to_micros(moment)
        case _:
            return scalar(value)


def _run(case: Case, program: Program, coverage: Coverage) -> Result:
    """A test that states no time must hold at every time (ruling R11)."""
    times = [case.at] if case.at is not None or not program.dates else [program.dates[0] - 1, *program.dates]
    for at in times:
        names = {spec.name for spec in program.inputs if spec.is_fact}
        scores = {name: value for name, value in case.given.items() if name not in names}
        facts = {name: value for name, value in case.given.items() if name in names}
        evaluation = Evaluation(program, Record(scores, facts, at, stated_only=True), case.region, experiments=False)
        coverage.see(evaluation)
        problem = _problem(case, evaluation)
        if problem:
            return Result(case, problem if case.at is not None or at is None else f"{problem} at {_moment(at)}")
    return Result(case, None)


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _problem(case: Case, evaluation: Evaluation) -> str | None:
    if case.policy is None:
        return _mismatch(case, evaluation.program, evaluation.outcome())
    judgement = next((j for j in evaluation.judgements if j.policy.name == case.policy), None)
    if judgement is None:
        return f"the policy does not apply in {case.region}"
    return _mismatch(case, evaluation.program, judgement.verdict)


def _mismatch(case: Case, program: Program, seen: Verdict | Outcome) -> str | None:
    status = str(seen.status) if isinstance(seen, Outcome) else str(Status.DEGRADED if seen.open else Status.DECIDED)
    if case.status is not None and status != case.status:
        return f"expected {case.status}, seen {status}: {_told(program, seen)}"
    if case.status is None and seen.enforcement is None:  # an outage is no `allow` (S11)
        return f"expected {_words(case.outcomes)}, seen {status}, missing {', '.join(seen.missing)}"
    enforcements = {item.name: rank for rank, item in enumerate(program.enforcements)}
    wanted = max((enforcements.get(outcome.name.text, 0) for outcome in case.outcomes), default=0)
    routes = {
        outcome.name.text for outcome in case.outcomes if any(r.name == outcome.name.text for r in program.routes)
    }
    sanctions = {
        outcome.name.text for outcome in case.outcomes if any(s.name == outcome.name.text for s in program.sanctions)
    }
    if (seen.enforcement or 0, {r.route for r in seen.routes}, {s.name for s in seen.sanctions}) != (
        wanted,
        routes,
        sanctions,
    ):
        return f"expected {_words(case.outcomes)}, seen {_told(program, seen)}"
    return _wrong_options(case, program, seen) or _wrong_reason(case, seen)


def _wrong_options(case: Case, program: Program, seen: Verdict | Outcome) -> str | None:
    """A route's queue and priority and a sanction's options, where the expectation writes them; others may be anything."""
    tiers = [tier.name for tier in program.severities]
    given: list[tuple[str, Mapping[str, Any]]]
    given = [(r.route, {"queue": r.queue, "priority": tiers[r.priority]}) for r in seen.routes]
    given += [(s.name, dict(s.options)) for s in seen.sanctions]
    for outcome in case.outcomes:
        wanted = option_values(outcome.options)
        found = [options for name, options in given if name == outcome.name.text]
        if wanted and not any(wanted.items() <= options.items() for options in found):
            told = " and ".join(_optioned(outcome.name.text, options) for options in found)
            return f"expected {_optioned(outcome.name.text, wanted)}, seen {told}"
    return None


def _optioned(name: str, options: Mapping[str, Any]) -> str:
    """`review(queue: legal, priority: P1)`."""
    return f"{name}({', '.join(f'{key}: {value}' for key, value in options.items())})"


def _wrong_reason(case: Case, seen: Verdict | Outcome) -> str | None:
    if case.because is None:
        return None
    clauses = seen.fired if isinstance(seen, Outcome) else seen.clauses
    decided = [
        clause
        for clause in clauses
        if clause == case.because or clause.startswith((f"{case.because}.", f"{case.because}@"))
    ]
    return None if decided else f"expected because {case.because}, seen {', '.join(clauses) or 'no clause'}"


def _words(outcomes: Sequence[n.Outcome]) -> str:
    return " and ".join(outcome.name.text for outcome in outcomes) or "nothing"


def _told(program: Program, seen: Verdict | Outcome) -> str:
    """`reduce and review (nudity.risk.reduce+review@GLOBAL)`."""
    enforcement = [program.enforcements[seen.enforcement].name] if seen.enforcement else []
    words = [*enforcement, *dict.fromkeys(r.route for r in seen.routes), *(s.name for s in seen.sanctions)]
    clauses = seen.fired if isinstance(seen, Outcome) else seen.clauses
    told = " and ".join(words) or program.enforcements[0].name
    missing = f", missing {', '.join(seen.missing)}" if seen.missing else ""
    return f"{told} ({', '.join(clauses) or 'no clause spoke'}{missing})"


def _boundaries(program: Program, coverage: Coverage) -> Iterator[Boundary]:
    seen: set[str] = set()
    for policy in program.policies:
        for variant in policy.variants:
            for cut in (cut for ladder in variant.ladders for rung in ladder.rungs for cut in rung.cuts):
                if cut.threshold is None or cut.guard.arm is not None or cut.clause in seen:
                    continue
                seen.add(cut.clause)
                lacks = [
                    name for name, done in (("at", coverage.at), ("below", coverage.below)) if cut.clause not in done
                ]
                yield Boundary(policy.name, cut.clause, cut.source, tuple(lacks))
