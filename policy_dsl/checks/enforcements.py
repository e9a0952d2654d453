"""LIM111 to LIM115: enforcements, routes and sanctions where they cannot stand, or twice."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import a, finding, listed
from policy_dsl.checks.outcome_lists import OutcomeList, outcome_lists
from policy_dsl.checks.unknown_outcome import enforcements_named
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.outcomes import option_values


def enforcements(context: Context) -> Iterator[Diagnostic]:
    for found in outcome_lists(context):
        if found.kind == "cap":
            yield from _only_routes(context, found)
        elif found.kind == "consequence":
            yield from _no_enforcement(context, found)
        else:
            yield from _one_enforcement(context, found)
        yield from _once(context, found)
    for name in enforcements_named(context):
        kind = context.env.kind_of(name.text)
        if kind in ("route", "sanction"):
            tell = f"the enforcements are {listed(context.env.manifest.enforcements)}"
            yield finding(
                "LIM113", f"`{name.text}` is {a(kind)}, and only an enforcement can stand here", name.span, tell
            )


def _of_kind(context: Context, found: OutcomeList, *kinds: str) -> list[n.Outcome]:
    return [outcome for outcome in found.outcomes if context.env.kind_of(outcome.name.text) in kinds]


def _one_enforcement(context: Context, found: OutcomeList) -> Iterator[Diagnostic]:
    stated = _of_kind(context, found, "enforcement")
    for first, other in ((stated[0], other) for other in stated[1:] if other.name != stated[0].name):
        stronger = max(first, other, key=lambda outcome: context.env.rank(outcome.name.text)).name.text
        message = (
            f"`{first.name.text}` and `{other.name.text}` are both enforcements, and only one can happen to the content"
        )
        label = Label(first.span, "the first one")
        yield finding("LIM111", message, other.span, f"keep one of them; `{stronger}` is the stronger", [label])


def _only_routes(context: Context, found: OutcomeList) -> Iterator[Diagnostic]:
    for outcome in _of_kind(context, found, "enforcement", "sanction"):
        kind = context.env.kind_of(outcome.name.text) or ""
        tell = f"the routes are {listed(context.env.manifest.routes)}" if context.env.manifest.routes else None
        message = f"`{outcome.name.text}` is {a(kind)}, and behind `at most …` only routes can follow"
        yield finding("LIM114", message, outcome.span, tell)


def _no_enforcement(context: Context, found: OutcomeList) -> Iterator[Diagnostic]:
    for outcome in _of_kind(context, found, "enforcement"):
        message = (
            f"a consequence cannot propose the enforcement `{outcome.name.text}`: the decision is made when it is read"
        )
        yield finding(
            "LIM115", message, outcome.span, "it may add routes and sanctions; an enforcement belongs in a `rule`"
        )


def _once(context: Context, found: OutcomeList) -> Iterator[Diagnostic]:
    """Routes may stand several times, for several queues."""
    seen: dict[tuple[str, object], n.Outcome] = {}
    for outcome in found.outcomes:
        kind = context.env.kind_of(outcome.name.text)
        if kind is None or (found.kind in ("cap", "consequence") and kind == "enforcement"):
            continue
        queue = option_values(
            [o for o in outcome.options if o.name.text == "queue" and not isinstance(o.value, n.Number)]
        )
        key = (outcome.name.text, queue.get("queue") if kind == "route" else None)
        if key in seen:
            label = Label(seen[key].span, "the first one")
            yield finding(
                "LIM112", f"`{outcome.name.text}` stands twice", outcome.span, "leave one of them out", [label]
            )
        seen.setdefault(key, outcome)
