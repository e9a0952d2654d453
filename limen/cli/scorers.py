"""`limen scorers list` and `limen scorers show NAME`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from limen.cli.errors import CannotError
from policy_dsl.suggest import suggest
from scorers.registry import Registry
from scorers.scorer import Output, ScorerCard

app = typer.Typer(
    help="What is registered: outputs, modality, cost, version, device, licence.",
    no_args_is_help=True,
    add_completion=False,  # the whole command has none either
)
Format = Annotated[Literal["text", "json"], typer.Option(help="How it is written.")]


@app.command("list")
def list_(format: Format = "text") -> None:
    """Every registered scorer, a line each. Status 1 where a plugin does not load."""
    registry = Registry.installed()
    cards = registry.describe()
    if format == "json":
        typer.echo(json.dumps({"version": 1, "scorers": [_data(card) for card in cards]}, ensure_ascii=False, indent=2))
    else:
        Console(width=None if Console().is_terminal else 160).print(_table(cards))
    for problem in registry.problems:
        typer.echo(f"limen: scorer `{problem.scorer}`: {problem.message}", err=True)
    if registry.problems:
        raise typer.Exit(1)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scorer's name, as `limen scorers list` shows it.")],
    format: Format = "text",
) -> None:
    """One scorer in full: its outputs, its settings, its model card."""
    cards = {card.name: card for card in Registry.installed().describe()}
    if name not in cards:
        near = suggest(name, cards)
        raise CannotError(
            f"no scorer `{name}` is registered"
            + (f", did you mean `{near}`" if near else f", there are {', '.join(cards)}")
        )
    card = cards[name]
    typer.echo(json.dumps(_data(card), ensure_ascii=False, indent=2) if format == "json" else _told(card))


def _table(cards: tuple[ScorerCard, ...]) -> Table:
    table = Table("name", "version", "judges", "cost", "device", "licence", "outputs", "from")
    for card in cards:
        judges = ", ".join(card.modalities) or "facts"
        table.add_row(
            card.name, card.version, judges, card.cost, card.device, card.licence, "\n".join(card.outputs), card.source
        )
    return table


def _told(card: ScorerCard) -> str:
    lines = [f"{card.name} {card.version}: {card.summary}", f"  from {card.source}, licence {card.licence}"]
    lines.append(f"  judges {', '.join(card.modalities) or 'facts'}, cost {card.cost}, device {card.device}")
    lines.append("  outputs:")
    lines += [
        f"    {name}: {_type(output)}{': ' + output.description if output.description else ''}"
        for name, output in card.outputs.items()
    ]
    if card.settings:
        lines.append("  settings:")
        lines += [f"    {name}{': ' + text if text else ''}" for name, text in card.settings.items()]
    if card.card:
        lines.append(f"  model card: {card.card}")
    return "\n".join(lines)


def _type(output: Output) -> str:
    match str(output.kind):
        case "score":
            return "a score in [0, 1]"
        case "flag":
            return "true or false"
        case "count":
            return f"a whole number from {output.minimum}" + (
                f" to {output.maximum}" if output.maximum is not None else ""
            )
        case "choice":
            return "one of " + ", ".join(output.values)
    return "a text"


def _data(card: ScorerCard) -> dict[str, Any]:
    plain = {
        key: getattr(card, key) for key in ("name", "version", "licence", "cost", "device", "summary", "card", "source")
    }
    outputs = {
        name: {key: value for key, value in asdict(output).items() if key != "calibration"}
        for name, output in card.outputs.items()
    }
    return {**plain, "modalities": list(card.modalities), "outputs": outputs, "settings": dict(card.settings)}
