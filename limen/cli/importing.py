"""`limen import FILE.json`: the common JSON threshold form -> rule files."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from limen.cli.errors import CannotError, reason
from limen.cli.lines import ObjectError, opened, parse_json
from limen.cli.packs import show
from limen.cli.threshold_form import FormError, JsonPolicy, read_form, rule_text
from policy_dsl.manifest import DOTTED
from policy_dsl.printer import FormatError, format_source
from policy_dsl.source import Source

PLACE = "{policy}"


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
    """Turn the common JSON threshold form into rule files, with tests at the boundaries."""
    for option, value in (("--score", score.replace(PLACE, "x")), ("--context", context)):
        if not DOTTED.fullmatch(value):
            raise CannotError(f"{option}: `{value}` is no input's name, expected words joined by dots")
    policies = _read(file)
    scores = {policy.policy: score.replace(PLACE, policy.policy.replace("-", "_")) for policy in policies}
    texts = {policy.policy: _text(policy, scores[policy.policy], context) for policy in policies}
    if str(output) == "-":
        typer.echo("\n".join(texts.values()), nl=False)
    else:
        _write(output, texts)
    if policies:
        _tell(policies, sorted(set(scores.values())), context)


def _read(file: Path) -> list[JsonPolicy]:
    with opened(file) as stream:
        raw = stream.read()
    try:
        return read_form(parse_json(raw, _decimal))
    except ObjectError as error:
        raise CannotError(f"`{file}` {error}") from None
    except FormError as error:
        raise CannotError(f"`{file}` is not of the form:\n  " + str(error).replace("\n", "\n  ")) from None


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ObjectError(f"holds the number {text[:40]}, which is out of range") from None


def _text(policy: JsonPolicy, score: str, context: str) -> str:
    """The rule file in its canonical form; a name that is a word of the language cannot be written there."""
    source = Source(f"{policy.policy}.limen", rule_text(policy, score, context))
    try:
        return format_source(source)
    except FormatError as error:
        show(error.diagnostics, {source.path: source}, "text", err=True)
        raise CannotError(
            f"the policy `{policy.policy}` cannot be written as a rule file, for the reasons above"
        ) from None


def _write(output: Path, texts: dict[str, str]) -> None:
    paths = {name: output / f"{name}.limen" for name in texts}
    taken = next((path for path in paths.values() if path.exists()), None)
    if taken:
        raise CannotError(f"`{taken}` exists: nothing was written")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            paths[name].write_text(text, encoding="utf-8", newline="\n")
            typer.echo(f"wrote {paths[name]}")
    except OSError as error:
        raise CannotError(f"cannot write into `{output}`: {reason(error)}") from None


def _tell(policies: list[JsonPolicy], scores: list[str], context: str) -> None:
    """What the manifest must declare, and what the form leaves open."""
    exceptions = sorted({name for policy in policies for name in policy.exceptions})
    typer.echo("limen: the manifest must declare, under `inputs`:", err=True)
    for name in scores:
        typer.echo(f"  {name}: {{type: score}}", err=True)
    if not exceptions:
        return
    typer.echo(f"  {context}: {{type: enum, values: [none, {', '.join(exceptions)}], default: none}}", err=True)
    typer.echo(
        f"limen: the form does not say what an exception means: each waives its policy where {context} is its name; check them",
        err=True,
    )
