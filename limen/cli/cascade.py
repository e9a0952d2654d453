"""`limen cascade fit`: from a log of two scores, the band in which the deep scorer is asked, with a bound on what changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from limen.cli.columns import EXTRA, MICRO, micro_scores, read_columns, share
from limen.cli.errors import CannotError

if TYPE_CHECKING:
    from simulator.cascade import Band, Fit, Share

app = typer.Typer(
    help="The band of a cascade, with a bound on the decisions that it changes.",
    no_args_is_help=True,
    add_completion=False,  # the whole command has none either
)


@app.callback()
def _group() -> None:
    """The band of a cascade, with a bound on the decisions that it changes."""


@app.command("fit")
def fit(
    input: Annotated[
        Path, typer.Option(help="Rows with both scores: Parquet, or the log of `moderate`, a row a line.")
    ],
    cheap: Annotated[str, typer.Option(help="The column of the cheap score.")],
    deep: Annotated[str, typer.Option(help="The column of the deep score.")],
    threshold: Annotated[
        list[float], typer.Option(help="Where decisions turn; give it once for each rung of the ladder.")
    ],
    at_most: Annotated[
        str, typer.Option(help="How many of the decisions may differ from those of the deep score.")
    ] = "1%",
    confidence: Annotated[str, typer.Option(help="How sure that has to be.")] = "95%",
    seed: Annotated[int, typer.Option(min=0, help="Draws which rows order, test and check the bands.")] = 0,
    format: Annotated[Literal["text", "json"], typer.Option(help="How it is written.")] = "text",
) -> None:
    """Find the band that asks the deep scorer least and, as sure as wanted, changes no more decisions than allowed.

    Status 1 where no band does.
    """
    bound, sure = share(at_most, "--at-most"), share(confidence, "--confidence")
    thresholds = [_micro(value) for value in threshold]
    try:
        from simulator.cascade import Scores  # noqa: PLC0415
        from simulator.cascade import fit as fitted  # noqa: PLC0415

        columns = read_columns(input, [cheap, deep])
        first, second = micro_scores(cheap, columns[cheap]), micro_scores(deep, columns[deep])
        both = (first >= 0) & (second >= 0)
        found = fitted(Scores(first[both], second[both]), thresholds, bound, sure, seed)
    except ImportError:
        raise CannotError(f"fitting a cascade needs an extra: {EXTRA}") from None
    asked = {
        "input": str(input),
        "cheap": cheap,
        "deep": deep,
        "thresholds": threshold,
        "at_most": bound,
        "confidence": sure,
    }
    rows = {"used": int(both.sum()), "left_out": int((~both).sum())}
    told = _data(found, asked | rows) if format == "json" else _told(found, asked | rows)
    typer.echo(told)
    if found.band is None:
        raise typer.Exit(1)


def _micro(value: float) -> int:
    if not 0.5 / MICRO < value <= 1:  # less rounds to 0, which every score reaches
        raise CannotError(f"`--threshold {value:g}` is no threshold, expected a number from 0.000001 to 1")
    return round(value * MICRO)


def _told(found: Fit, asked: dict[str, Any]) -> str:
    path, test, held = found.rows
    cheap, deep = asked["cheap"], asked["deep"]
    lines = [
        f"{asked['used']} rows with `{cheap}` and `{deep}`, {asked['left_out']} without one of them left out",
        f"  {path} order the bands, {test} test them, {held} are held out",
    ]
    wanted = f"at most {asked['at_most']:.3g} of the decisions change, with confidence {asked['confidence']:.3g}"
    if found.band is None or not (found.tested and found.changed and found.saved):
        return "\n".join([*lines, f"no band: these rows do not show for any that {wanted}; ask the deep scorer always"])
    lines += [
        f"band: the deep scorer is asked from {_decimal(found.band.low)} to {_decimal(found.band.high)}; {wanted}",
        f"  changed, in the test:  {_share(found.tested)}",
        f"  changed, held out:     {_share(found.changed)}",
        f"  deep calls saved:      {_share(found.saved)} (held out)",
        f"write: {_line(found.band, cheap, deep)}",
    ]
    return "\n".join(lines)


def _line(band: Band, cheap: str, deep: str) -> str:
    return f"cascade({cheap}, {deep}, {_decimal(band.low)}, {_decimal(band.high)})"


def _share(share: Share) -> str:
    return f"{share.count} of {share.of} = {100 * share.value:.2f} % [{100 * share.low:.2f}, {100 * share.high:.2f}]"


def _decimal(micros: int) -> str:
    text = f"{micros / MICRO:.6f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def _data(found: Fit, asked: dict[str, Any]) -> str:
    from dataclasses import asdict  # noqa: PLC0415

    plain = asdict(found)
    if found.band is not None:
        plain["band"] = {"low": found.band.low / MICRO, "high": found.band.high / MICRO}
        plain["line"] = _line(found.band, asked["cheap"], asked["deep"])
    return json.dumps({"version": 1, **asked, **plain}, ensure_ascii=False, indent=2)
