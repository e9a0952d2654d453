"""`limen experiments`: what the arms of a pack's experiments did on a scored log, and whether to stop."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from limen.cli.columns import share
from limen.cli.errors import CannotError
from limen.cli.log import EXTRA, Columns, Pairs, column_map
from limen.cli.packs import engine
from limen.cli.progress import told
from policy_dsl.suggest import suggest

if TYPE_CHECKING:
    from policy_dsl.program import Program
    from simulator.experiments import Chosen, Found
    from simulator.result import Figure
    from simulator.trial import Judged

VERSION = 1  # of the JSON


def experiments(
    log: Annotated[list[str], typer.Option(help="The scored log: files, globs, folders or URIs. Repeatable.")],
    pack: Annotated[Path, typer.Option(help="The pack, or a bundle, that decided while the log was written.")],
    experiment: Annotated[
        list[str] | None, typer.Option(help="NAME or POLICY/NAME; all of the pack where none is given. Repeatable.")
    ] = None,
    columns: Columns = None,
    column: Pairs = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(help="EXPERIMENT=COLUMN: read its arms from the log, instead of hashing the units. Repeatable."),
    ] = None,
    guardrail: Annotated[
        list[str] | None,
        typer.Option(
            help="How far a variant may depart from the control, such as `enforcement.remove<=1%`. Repeatable."
        ),
    ] = None,
    level: Annotated[str, typer.Option(help="That of the intervals and of the guardrails together.")] = "95%",
    format: Annotated[Literal["text", "json"], typer.Option(help="How it is written.")] = "text",
) -> None:
    """Compare the arms of live experiments, with intervals that hold at every look.

    Status 1 where an experiment should stop: its arms are not as planned, or a guardrail is broken.
    """
    program = engine(pack, "scalar").program
    sure = share(level, "--level")
    try:
        found = _run(program, log, (columns, column), (experiment or [], arm or []), guardrail or [], sure)
    except ModuleNotFoundError:
        raise CannotError(f"reading experiments needs an extra: {EXTRA}") from None
    typer.echo(_json(found, sure) if format == "json" else "\n".join(_lines(found, sure)))
    if any(one.stop for one in found[0]):
        raise typer.Exit(1)


Results = tuple[Sequence["Found"], Sequence[str]]


def _run(
    program: Program,
    files: list[str],
    named: tuple[Path | None, list[str] | None],
    which: tuple[list[str], list[str]],
    guardrails: list[str],
    level: float,
) -> Results:
    """What was found, and what is to be known of the log."""
    from engine.columnar import ColumnarError  # noqa: PLC0415 - other commands do without
    from simulator.columns import ColumnError  # noqa: PLC0415
    from simulator.experiments import ExperimentError, run  # noqa: PLC0415
    from simulator.log import LogError, open_log  # noqa: PLC0415
    from simulator.trial import GuardrailError, parse_guardrail  # noqa: PLC0415

    chosen = _chosen(program, *which)
    try:
        kept = [parse_guardrail(text) for text in guardrails]
        log = open_log(files, column_map(*named), inputs=program.inputs, regions=program.regions)
        with told(log.rows, "reading") as tell:
            found = run(log, program, chosen, kept, level, tell)
        return found, log.account.told()
    except (ColumnarError, ColumnError, ExperimentError, LogError, GuardrailError) as error:
        raise CannotError(str(error)) from None


def _chosen(program: Program, names: list[str], arms: list[str]) -> list[Chosen]:
    """The experiments that are asked for, each with the column of its arms."""
    from dataclasses import replace  # noqa: PLC0415

    from simulator.experiments import experiments_of  # noqa: PLC0415

    held = list(experiments_of(program))
    if not held:
        raise CannotError(f"the pack `{program.pack}` has no experiment")
    wanted = [one for name in names for one in _named(name, held)] if names else held
    for pair in arms:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not (name and equals and column):
            raise CannotError(f"`--arm {pair}` is no pair, expected EXPERIMENT=COLUMN")
        meant = {one.name for one in _named(name, held)}
        wanted = [replace(one, column=column) if one.name in meant else one for one in wanted]
    return list({one.name: one for one in wanted}.values())


def _named(name: str, held: Sequence[Chosen]) -> list[Chosen]:
    found = [one for one in held if name in (one.name, one.experiment.name)]
    if len(found) > 1:
        raise CannotError(
            f"`{name}` is an experiment of several policies: say " + " or ".join(f"`{one.name}`" for one in found)
        )
    if not found:
        known = [*(one.name for one in held), *(one.experiment.name for one in held)]
        near = suggest(name, known)
        tell = f"did you mean `{near}`" if near else "there are " + ", ".join(f"`{one.name}`" for one in held)
        raise CannotError(f"the pack has no experiment `{name}`, {tell}")
    return found


# As text


def _lines(results: Results, level: float) -> Iterator[str]:
    found, notes = results
    for one in found:
        yield from _one(one, level)
        yield ""
    if notes:
        yield "about the log"
        yield from (f"  - {line}" for line in notes)


def _one(one: Found, level: float) -> Iterator[str]:
    yield f"{one.policy}/{one.experiment}: {_advice(one)}"
    how = f"arms by the hash of `{one.unit}`" if one.assigned == "hash" else f"arms as logged, units by `{one.unit}`"
    arms = ", ".join(f"{arm.name} {arm.units:,} units (planned {100 * arm.share:.6g} %)" for arm in one.arms)
    yield f"  {one.rows:,} rows; {how}: {arms}"
    yield f"  sizes of the arms: p = {one.p_always:.2g} at every look ({one.p_once:.2g} for a single one)"
    yield from _left_out(one)
    if one.measures:
        yield f"  mean rates of the units; in brackets what holds with {100 * level:g} % at every look; differences from control in points"
        yield from _table(one)
    if one.unlabelled and any(row.name == "precision" for row in one.measures):
        yield f"  {one.unlabelled:,} of the rows have no label: precision, recall and false_positive_rate say nothing of them"
    for judged in one.judged:
        yield f"  guardrail {judged.guardrail} for {judged.arm}: {judged.says}{_points(judged)}"


def _advice(one: Found) -> str:
    if one.mismatch:
        return "stop: the arms are not of the planned sizes, and no figure is to be believed until it is known why"
    broken = [f"{judged.guardrail} for {judged.arm}" for judged in one.judged if judged.says == "broken"]
    if broken:
        return f"stop: broken guardrail {', '.join(broken)}"
    if not one.rows:
        return "nothing to tell: no row of a unit on which the policy speaks"
    if one.judged and all(judged.says == "kept" for judged in one.judged):
        return "the guardrails are kept"
    return "go on: no guardrail is broken" if one.judged else "no guardrail is given"


def _left_out(one: Found) -> Iterator[str]:
    causes = (
        (one.elsewhere, "rows on which the policy does not speak"),
        (one.no_unit, "rows without a unit"),
        (one.strange, "rows with an arm that the experiment has not"),
        (one.crossed, "units that were in several arms"),
    )
    said = [f"{number:,} {what}" for number, what in causes if number]
    if said:
        yield f"  left out: {', '.join(said)}"
    if one.reassigned:
        yield f"  {one.reassigned:,} units were logged in another arm than their hash gives: is this the pack that decided?"


def _table(one: Found) -> Iterator[str]:
    head = ["measure", *(arm.name for arm in one.arms), *(f"{arm.name} - control" for arm in one.arms[1:])]
    rows = [head, *([row.name, *map(_rate, row.arms), *map(_change, row.differences)] for row in one.measures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    for row in rows:
        yield ("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def _rate(figure: Figure) -> str:
    if figure.kind == "refused":
        return "-"
    value = f"{100 * figure.value:.2f} % " if figure.kind == "estimate" else ""
    return f"{value}[{100 * figure.low:.2f}, {100 * figure.high:.2f}]"


def _change(figure: Figure) -> str:
    if figure.kind != "estimate":
        return "-"
    return f"{100 * figure.value:+.2f} [{100 * figure.low:+.2f}, {100 * figure.high:+.2f}]"


def _points(judged: Judged) -> str:
    return f", {_change(judged.difference)}" if judged.difference.kind == "estimate" else ""


def _json(results: Results, level: float) -> str:
    found, notes = results
    data: dict[str, Any] = {"version": VERSION, "level": level, "log": list(notes)}
    data["experiments"] = [asdict(one) | {"mismatch": one.mismatch, "stop": one.stop} for one in found]
    return json.dumps(data, ensure_ascii=False, indent=2)
