"""LIM108, LIM112, LIM116: options that an outcome does not have, has twice, or has with another kind of value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import a, finding, hint
from policy_dsl.checks.outcome_lists import outcome_lists
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.env import Env

# What a route's options are, in words.
ROUTE = {"queue": "text", "priority": "severity"}


def options(context: Context) -> Iterator[Diagnostic]:
    for found in outcome_lists(context):
        for outcome in found.outcomes:
            if outcome.options and context.env.kind_of(outcome.name.text):
                yield from _of(outcome, context.env)


def _of(outcome: n.Outcome, env: Env) -> Iterator[Diagnostic]:
    known = known_options(outcome.name.text, env)
    seen: dict[str, n.Option] = {}
    for option in outcome.options:
        name = option.name.text
        if name not in known:
            yield _unknown(outcome, option, known, env)
        elif name in seen:
            label = Label(seen[name].span, "the first one")
            yield finding("LIM112", f"the option `{name}` stands twice", option.span, "leave one of them out", [label])
        elif kind_of_value(option.value) not in _accepted(known[name]):
            yield _wrong(option, known[name])
        seen.setdefault(name, option)


def known_options(outcome: str, env: Env) -> Mapping[str, str]:
    """Each option of an outcome and the kind of its value: text, number, bool or severity."""
    match env.kind_of(outcome):
        case "route":
            return ROUTE
        case "sanction":
            return {key: _kind(value) for key, value in env.manifest.sanctions[outcome].options.items()}
    return {}


def _unknown(outcome: n.Outcome, option: n.Option, known: Mapping[str, str], env: Env) -> Diagnostic:
    name, kind = outcome.name.text, env.kind_of(outcome.name.text)
    if not known:
        return finding("LIM108", f"the {kind} `{name}` takes no options", option.span, "leave the brackets out")
    message = f"the {kind} `{name}` has no option `{option.name.text}`"
    return finding("LIM108", message, option.name.span, hint(option.name.text, known, "it has"))


def _wrong(option: n.Option, wanted: str) -> Diagnostic:
    forms = {
        "text": 'a text such as `"hate-de"`',
        "number": "a number",
        "bool": "`true` or `false`",
        "severity": "a severity such as `P1`",
    }
    seen = a(kind_of_value(option.value))
    return finding("LIM116", f"`{option.name.text}` takes {forms[wanted]}, not {seen}", option.value.span)


def _accepted(wanted: str) -> tuple[str, ...]:
    return {"text": ("text", "word"), "severity": ("text", "word")}.get(wanted, (wanted,))


def kind_of_value(value: n.Value) -> str:
    match value:
        case n.Text():
            return "text"
        case n.Number():
            return "number"
        case n.Name(text="true" | "false"):
            return "bool"
        case _:
            return "word"


def _kind(value: object) -> str:
    return "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
