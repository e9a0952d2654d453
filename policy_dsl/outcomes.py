"""Outcomes as written -> what they propose, and the name under which a rung is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering

from policy_dsl import nodes as n
from policy_dsl.env import Env
from policy_dsl.program import Proposal, RouteUse, SanctionUse, Scalar


@total_ordering
@dataclass(frozen=True, slots=True)
class RungKey:
    """`remove+review`: enforcement, then routes and sanctions by name, with their options. Sorted strongest first."""

    rank: int
    name: str

    def __lt__(self, other: RungKey) -> bool:
        return (-self.rank, self.name) < (-other.rank, other.name)


def rung_key(outcomes: Sequence[n.Outcome], env: Env) -> RungKey:
    order = {"enforcement": 0, "route": 1, "sanction": 2}
    parts = sorted((order.get(env.kind_of(outcome.name.text) or "", 3), spell(outcome)) for outcome in outcomes)
    return RungKey(proposal(outcomes, env).enforcement, "+".join(text for _, text in parts))


def spell(outcome: n.Outcome) -> str:
    """`review(queue=hate-de)`."""
    options = ",".join(f"{name}={value}" for name, value in sorted(option_values(outcome.options).items()))
    return f"{outcome.name.text}({options})" if options else outcome.name.text


def proposal(outcomes: Sequence[n.Outcome], env: Env) -> Proposal:
    """Routes and sanctions are sorted; an outcome that the manifest lacks (a finding) proposes nothing."""
    routes, sanctions, rank = set(), {}, 0
    for outcome in outcomes:
        name, options = outcome.name.text, option_values(outcome.options)
        match env.kind_of(name):
            case "enforcement":
                rank = max(rank, env.rank(name))
            case "route":
                priority = options.get("priority")
                level = env.severity_rank(str(priority)) if priority is not None else None
                routes.add(RouteUse(name, str(options.get("queue", env.manifest.routes[name].queue)), level))
            case "sanction":
                sanctions[name] = SanctionUse(name, {**env.manifest.sanctions[name].options, **options})
    ordered = sorted(routes, key=lambda use: (use.route, use.queue, -1 if use.priority is None else use.priority))
    return Proposal(rank, tuple(ordered), tuple(sanctions[name] for name in sorted(sanctions)))


def option_values(options: Sequence[n.Option | n.Assign]) -> dict[str, Scalar]:
    """Values as written: texts, numbers, `true` and `false`, other words as texts."""
    return {option.name.text: scalar(option.value) for option in options}


def scalar(value: n.Value) -> Scalar:
    match value:
        case n.Text(value=text):
            return text
        case n.Number():
            return value.value
        case n.Name(text="true" | "false" as word):
            return word == "true"
        case n.Name(text=word):
            return word
