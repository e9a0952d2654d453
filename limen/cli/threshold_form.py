"""The common JSON threshold form -> `JsonPolicy` values, and from them the text of rule files."""

# ruff: noqa: TRY004 - pydantic collects ValueErrors alone
from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from policy_dsl.manifest import NAME
from policy_dsl.shape import RESERVED
from policy_dsl.suggest import suggest

STEP = Decimal("0.000001")
LARGEST = 2**63
KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a truth value",
    type(None): "null",
    float: "no number",
}


class FormError(ValueError):
    """Objects that are not of the form; the message has a line for each problem."""


class JsonPolicy(BaseModel):
    """`{"policy", "regions", "thresholds": {action: score}, "exceptions": [names], "actions": {action: {effect: value}}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: str
    regions: list[str] = ["GLOBAL"]
    thresholds: dict[str, Decimal] = Field(min_length=1)
    exceptions: list[str] = []
    actions: dict[str, dict[str, bool | int | Decimal | str]] = {}

    @field_validator("policy", mode="before")
    @classmethod
    def _is_name(cls, value: Any) -> str:
        return _name(value)

    @field_validator("regions", "exceptions", mode="before")
    @classmethod
    def _are_names(cls, value: Any) -> list[str]:
        """One name stands for a list of one; a repeated one counts once."""
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list):
            raise ValueError(f"expected a list of names, seen {_kind(value)}")
        return list(dict.fromkeys(map(_name, names)))

    @field_validator("regions")
    @classmethod
    def _is_somewhere(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("expected at least one region, seen an empty list")
        return value

    @field_validator("thresholds", mode="before")
    @classmethod
    def _are_scores(cls, value: Any) -> dict[str, Decimal]:
        if not isinstance(value, dict) or not value:
            raise ValueError(f'expected an object such as {{"remove": 0.95}}, seen {_kind(value)}')
        return {_name(action): _threshold(action, threshold) for action, threshold in value.items()}

    @field_validator("actions", mode="before")
    @classmethod
    def _are_effects(cls, value: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(value, dict):
            raise ValueError(f'expected an object such as {{"remove": {{"notify_user": true}}}}, seen {_kind(value)}')
        return {_name(action): _effects(action, effects) for action, effects in value.items()}


def read_form(data: Any) -> list[JsonPolicy]:
    """One policy or a list of them, numbers with a point as Decimal. Raises FormError."""
    items = data if isinstance(data, list) else [data]
    try:
        policies = TypeAdapter(list[JsonPolicy]).validate_python(items)
    except ValidationError as error:
        raise FormError("\n".join(_told(problem) for problem in error.errors())) from None
    names = [policy.policy for policy in policies]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise FormError(f"two policies are named `{twice}`")
    return policies


def _told(problem: Any) -> str:
    index, *path = problem["loc"]
    where = ".".join(str(part) for part in path)
    place = f"policy {index + 1}" + (f", `{where}`" if where else "")
    match problem["type"]:
        case "extra_forbidden":
            near = suggest(str(path[-1]), JsonPolicy.model_fields)
            known = ", ".join(f"`{name}`" for name in JsonPolicy.model_fields)
            return f"{place}: unknown key, " + (f"did you mean `{near}`" if near else f"expected one of {known}")
        case "missing":
            return f"{place}: the key is missing"
        case "model_type":
            return f'{place}: expected an object such as {{"policy": "spam", "thresholds": {{"remove": 0.95}}}}'
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"


def _kind(value: Any) -> str:
    empty = "an empty " if value in ({}, []) else ""
    known = KINDS.get(type(value), "a number")
    return empty + known.rpartition(" ")[2] if empty else known


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a name, seen {_kind(value)}")
    if not NAME.fullmatch(value):
        raise ValueError(f"`{value[:40]}` is no name: expected letters, digits, `_` and `-`, such as `hate-speech`")
    if value in RESERVED:
        raise ValueError(f"`{value}` is a word of the language and cannot be a name")
    return value


def _threshold(action: str, value: Any) -> Decimal:
    told = f"the threshold of `{action}` is"
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError(f"{told} {_kind(value)}, expected a number in [0, 1]")
    if value == 0:
        raise ValueError(f"{told} 0, which every content reaches: expected at least {STEP}")
    if not 0 < value <= 1:
        hint = f": did you mean {Decimal(value) / 100}" if 1 < value <= 100 else ""
        raise ValueError(f"{told} {value:.6g}, and scores lie in [0, 1]{hint}")
    if value % STEP:
        raise ValueError(f"{told} {value:.12g}: at most six decimal places are kept")
    return Decimal(value)


def _effects(action: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"the effects of `{action}` are {_kind(value)}, expected an object of names and values")
    for effect, setting in value.items():
        _name(effect)
        if not isinstance(setting, (bool, int, Decimal, str)):
            raise ValueError(
                f"the effect `{effect}` of `{action}` is {_kind(setting)}, expected a number, a text or a truth value"
            )
        if isinstance(setting, (int, Decimal)) and not -LARGEST < setting < LARGEST:
            raise ValueError(f"the effect `{effect}` of `{action}` is a number of more than 64 bits")
    return value


def rule_text(policy: JsonPolicy, score: str, context: str) -> str:
    """The rule file of a policy whose thresholds cut `score` and whose exceptions are values of `context`."""
    return "\n".join([*_policy(policy, score, context), "", *_tests(policy, score), ""])


def _policy(policy: JsonPolicy, score: str, context: str) -> Iterator[str]:
    yield f"policy {policy.policy} {{"
    yield f'title "{policy.policy}"'
    yield 'owner "PLACEHOLDER: the team that answers for this policy"'
    yield "severity P2"
    yield f"regions {', '.join(policy.regions)}"
    yield f"\nthresholds on {score} {{"
    yield from (f"{action} >= {_plain(threshold)}" for action, threshold in _rungs(policy))
    yield "}"
    for name in policy.exceptions:
        yield "\n# imported by name only: check what it should ask and grant"
        yield f'exception {name} {{\nwhen {context} == "{name}"\nthen waive\n}}'
    for action, effects in policy.actions.items():
        if effects:
            yield f"\neffects {action} {{"
            yield from (f"{key} = {_literal(value)}" for key, value in effects.items())
            yield "}"
    yield "}"


def _rungs(policy: JsonPolicy) -> list[tuple[str, Decimal]]:
    return sorted(policy.thresholds.items(), key=lambda item: -item[1])


def _literal(value: bool | int | Decimal | str) -> str:
    if isinstance(value, Decimal):
        return _plain(value)
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Decimal) -> str:
    """Without an exponent and without zeros at the end."""
    return f"{value.normalize():f}"


def _tests(policy: JsonPolicy, score: str) -> Iterator[str]:
    """A row at each threshold and one millionth below; of actions at one threshold only the manifest knows the stronger."""
    levels = [
        (threshold, [action for action, _ in group]) for threshold, group in groupby(_rungs(policy), lambda r: r[1])
    ]
    below = [actions for _, actions in levels[1:]] + [["allow"]]
    rows = [(threshold, actions) for threshold, actions in levels]
    rows += [(threshold - STEP, actions) for (threshold, _), actions in zip(levels, below, strict=True)]
    yield f'tests {policy.policy} "boundaries" {{'
    yield f"region | {score} | expect"
    region = policy.regions[0]
    yield from (f"{region} | {_plain(value)} | {actions[0]}" for value, actions in rows if len(actions) == 1)
    yield "}"
