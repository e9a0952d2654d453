"""`limen import FILE.json`: the common JSON threshold form -> rule files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from policy_dsl.printer import format_source
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from limen.cli.errors import CannotError
from limen.cli.lines import opened
from policy_dsl.source import Source
from policy_dsl.suggest import suggest

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*")


class JsonPolicy(BaseModel):
    """`{"policy", "regions", "thresholds": {action: score}, "exceptions": [names], "actions": {action: {effect: value}}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    policy: str
    regions: list[str] = Field(default=["GLOBAL"], min_length=1)
    thresholds: dict[str, Decimal] = Field(min_length=1)
    exceptions: list[str] = []
    actions: dict[str, dict[str, bool | int | Decimal | str]] = {}

    @field_validator("regions", mode="before")
    @classmethod
    def _one_region(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("thresholds")
    @classmethod
    def _are_scores(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for action, threshold in value.items():
            _word(action)
            if not 0 < threshold <= 1:
                hint = f": did you mean {threshold / 100}" if 1 < threshold <= 100 else ""
                raise ValueError(f"the threshold of `{action}` is {threshold}, and scores lie in [0, 1]{hint}")
            if threshold != round(threshold, 6):
                raise ValueError(f"the threshold of `{action}` is {threshold}: at most six decimal places are kept")
        return value

    @field_validator("policy")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return _word(value)

    @field_validator("regions", "exceptions")
    @classmethod
    def _are_names(cls, value: list[str]) -> list[str]:
        return [_word(item) for item in value]


def _word(name: str) -> str:
    if not WORD.fullmatch(name):
        raise ValueError(f"`{name}` is no name: expected letters, digits, `_` and `-`")
    return name


def import_(
    file: Annotated[
        Path, typer.Argument(help="One policy object or a list of them; `-` is standard input.", metavar="FILE.json")
    ],
    output: Annotated[
        Path, typer.Option(help="A folder for one rule file per policy; `-` writes them all to standard output.")
    ] = Path("-"),
    score: Annotated[
        str, typer.Option(help="The score that the thresholds cut; `{policy}` stands for the policy's name.")
    ] = "vendor.{policy}",
    context: Annotated[
        str, typer.Option(help="The enum input whose value an exception's name is.")
    ] = "content.context",
) -> None:
    """Turn the common JSON threshold form into rule files, with a test at each boundary."""
    policies = _read(file)
    texts = {
        policy.policy: format_source(Source(policy.policy, "\n".join(_lines(policy, score, context)) + "\n"))
        for policy in policies
    }
    if len(texts) < len(policies):
        raise CannotError(f"`{file}` has two policies of one name")
    if str(output) == "-":
        typer.echo("\n".join(texts.values()), nl=False)
    else:
        _write(output, texts)
    names = sorted({score.format(policy=name.replace("-", "_")) for name in texts})
    typer.echo(
        "limen: declare in the manifest: " + "; ".join(f"inputs: {name}: {{type: score}}" for name in names), err=True
    )
    if any(policy.exceptions for policy in policies):
        typer.echo(
            f"limen: the form does not say what an exception means: each waives its policy where {context} is its name; check them",
            err=True,
        )


def _read(file: Path) -> list[JsonPolicy]:
    with opened(file) as stream:
        raw = stream.read()
    try:
        data = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise CannotError(f"`{file}` is not JSON: {error}") from None
    items = data if isinstance(data, list) else [data]
    try:
        return TypeAdapter(list[JsonPolicy]).validate_python(_decimals(items))
    except ValidationError as error:
        raise CannotError("\n".join(f"`{file}`: {_told(problem)}" for problem in error.errors())) from None


def _decimals(items: list[Any]) -> list[Any]:
    """Thresholds written as whole numbers are numbers, too."""
    for item in items:
        thresholds = item.get("thresholds") if isinstance(item, dict) else None
        if isinstance(thresholds, dict):
            whole = {
                key: Decimal(value)
                for key, value in thresholds.items()
                if isinstance(value, int) and not isinstance(value, bool)
            }
            item["thresholds"] = {**thresholds, **whole}
    return items


def _told(problem: Any) -> str:
    index, *path = problem["loc"]
    where = ".".join(str(part) for part in path)
    place = f"policy {index + 1}" + (f", `{where}`" if where else "")
    if problem["type"] == "extra_forbidden":
        near = suggest(str(path[-1]), JsonPolicy.model_fields)
        return f"{place}: unknown key" + (
            f", did you mean `{near}`" if near else f", expected one of {', '.join(JsonPolicy.model_fields)}"
        )
    if problem["type"] == "missing":
        return f"{place}: the key is missing"
    return f"{place}: {problem['msg'].removeprefix('Value error, ')}"


def _lines(policy: JsonPolicy, score: str, context: str) -> Iterator[str]:
    name = score.format(policy=policy.policy.replace("-", "_"))
    rungs = sorted(policy.thresholds.items(), key=lambda item: -item[1])
    yield f"policy {policy.policy} {{"
    yield f'title "{policy.policy}"'
    yield 'owner "PLACEHOLDER: the team that answers for this policy"'
    yield "severity P2"
    yield f"regions {', '.join(policy.regions)}"
    yield f"\nthresholds on {name} {{"
    yield from (f"{action} >= {threshold:f}" for action, threshold in rungs)
    yield "}"
    for exception in policy.exceptions:
        yield f'\n# imported by name only: check what it should ask and grant\nexception {exception} {{\nwhen {context} == "{exception}"\nthen waive\n}}'
    for action, effects in policy.actions.items():
        yield f"\neffects {_word(action)} {{"
        yield from (f"{_word(key)} = {_literal(value)}" for key, value in effects.items())
        yield "}"
    yield "}\n"
    yield f'tests {policy.policy} "boundaries" {{\nregion | {name} | expect'
    yield from (f"{policy.regions[0]} | {threshold:f} | {action}" for action, threshold in rungs)
    yield from (
        f"{policy.regions[0]} | {threshold - Decimal('0.000001'):f} | {below}"
        for (_, threshold), below in _below(rungs)
    )
    yield "}"


def _below(rungs: list[tuple[str, Decimal]]) -> Iterator[tuple[tuple[str, Decimal], str]]:
    """Each rung and what speaks one millionth below it."""
    yield from zip(rungs, [action for action, _ in rungs[1:]] + ["allow"], strict=True)


def _literal(value: bool | int | Decimal | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else f"{value}"


def _write(output: Path, texts: dict[str, str]) -> None:
    taken = [output / f"{name}.limen" for name in texts if (output / f"{name}.limen").exists()]
    if taken:
        raise CannotError(f"`{taken[0]}` exists: nothing was written")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (output / f"{name}.limen").write_text(text, encoding="utf-8", newline="\n")
            typer.echo(f"wrote {output / f'{name}.limen'}")
    except OSError as error:
        raise CannotError(f"cannot write `{output}`: {error.strerror}") from None
