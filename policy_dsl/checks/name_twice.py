"""LIM120: a name that is defined twice, for names are never shadowed (rulings R18, R20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic, Label

_KINDS: Mapping[type, str] = {
    n.Policy: "a policy", n.Score: "a score", n.Let: "a `let`", n.Rule: "a rule", n.ExceptionClause: "an exception",
    n.Adjust: "an adjustment", n.Consequence: "a consequence", n.Experiment: "an experiment",
}  # fmt: skip
Named = n.Policy | n.Score | n.Let | n.Rule | n.ExceptionClause | n.Adjust | n.Consequence | n.Experiment

Defined = tuple[str, n.Name]


def name_twice(context: Context) -> Iterator[Diagnostic]:
    top = [_defined(item) for item in context.items if isinstance(item, Named)]
    yield from _repeated(top, {})
    yield from _prefixes(context)
    shared = {name.text: (what, name) for what, name in reversed(top) if what != _KINDS[n.Policy]}
    for policy in context.policies:
        found = [_defined(item.node) for item in context.statements(policy) if isinstance(item.node, Named)]
        experiments = [item for item in policy.body if isinstance(item, n.Experiment)]
        yield from _repeated([*found, *map(_defined, experiments)], shared)
        for experiment in experiments:
            yield from _repeated([("a variant", variant.name) for variant in experiment.variants], {})


def _defined(item: Named) -> Defined:
    return _KINDS[type(item)], item.name


def _repeated(found: list[Defined], shared: Mapping[str, Defined]) -> Iterator[Diagnostic]:
    seen = dict(shared)
    for what, name in sorted(found, key=lambda pair: pair[1].span):
        if name.text in seen:
            kind, first = seen[name.text]
            message = f"`{name.text}` is already the name of {kind}"
            where = "" if first.span.path == name.span.path else f" in {first.span.path}"
            yield finding(
                "LIM120", message, name.span, "give one of the two another name", [Label(first.span, f"{kind}{where}")]
            )
        else:
            seen[name.text] = (what, name)


def _prefixes(context: Context) -> Iterator[Diagnostic]:
    """Policies, scorers and the first words of inputs share one namespace, as `image.nudity` and `image.risk` would."""
    inputs = {name.partition(".")[0]: name for name in context.env.inputs}
    for policy in context.policies:
        name = policy.name.text
        if name in context.env.manifest.scorers:
            message = f"`{name}` is already the name of a scorer"
        elif name in inputs:
            message = f"`{name}` already begins the name of an input, `{inputs[name]}`"
        else:
            continue
        yield finding(
            "LIM120", message, policy.name.span, "give the policy another name, such as `" + name + "_policy`"
        )
