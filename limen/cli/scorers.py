"""`limen scorers list`, `limen scorers show NAME` and `limen scorers bench NAME`."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
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
    refuse_unknown(name, cards)
    card = cards[name]
    typer.echo(json.dumps(_data(card), ensure_ascii=False, indent=2) if format == "json" else _told(card))


def refuse_unknown(name: str, registered: Collection[str]) -> None:
    """Raises CannotError where no scorer has that name."""
    if name not in registered:
        near = suggest(name, registered)
        raise CannotError(
            f"no scorer `{name}` is registered"
            + (f", did you mean `{near}`" if near else f", there are {', '.join(registered)}")
        )


@app.command("bench")
def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scorer's name, as `limen scorers list` shows it.")],
    settings: Annotated[
        str, typer.Option(metavar="YAML|FILE", help="The scorer's settings as in a manifest, or a file with them.")
    ] = "{}",
    device: Annotated[str | None, typer.Option(help="The setting `device`: `cpu`, `cuda` or `auto`.")] = None,
    batch: Annotated[str, typer.Option(help="How many contents in a call, joined by commas.")] = "1,2,4,8,16,32",
    seconds: Annotated[float, typer.Option(min=0, help="How long each size is tried.")] = 2.0,
    input: Annotated[
        Path | None, typer.Option(help="Contents, one JSON object a line; a few that limen has unless stated.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="A picture of the table: a file that ends in .png, .svg or .pdf.")
    ] = None,
    format: Format = "text",
) -> None:
    """How long a call takes (p50, p99) and how many contents are judged a second, by batch size, on this machine."""
    from limen.cli.scorers_bench import run  # noqa: PLC0415 - `list` and `show` do not wait for it

    run(name, settings, device, batch, seconds, input, plot, as_json=format == "json")


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
            return (
                "a whole number"
                + (f" from {output.minimum}" if output.minimum is not None else "")
                + (f" to {output.maximum}" if output.maximum is not None else "")
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
