"""`limen tune`: thresholds that meet requirements on a labelled log, with a guarantee, as a `--set` line and a patch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import limen
from limen.cli.columns import share
from limen.cli.errors import CannotError
from limen.cli.log import EXTRA, Columns, Pairs
from limen.cli.packs import load, show
from limen.cli.sweep import Logs, Region, Score, command, open_rows, rows_told, write

if TYPE_CHECKING:
    from engine.load import LoadedPack
    from simulator.settings import Setting, Target
    from simulator.tune import Candidate, Tuned, Tuning

VERSION = 1


def tune(
    log: Logs,
    pack: Annotated[Path, typer.Option(help="The pack's folder.")],
    policy: Annotated[str, typer.Option(help="The policy whose thresholds are sought.")],
    require: Annotated[
        list[str],
        typer.Option(help="Such as `precision>=0.9`, `fpr(remove)<=0.01`, `reviews_per_day<=500`. Repeatable."),
    ],
    maximise: Annotated[
        str | None,
        typer.Option(
            "--maximise", "--maximize", help="`recall`, `precision` or `action_rate`; of a rung: `recall(review)`."
        ),
    ] = None,
    minimise: Annotated[
        str | None, typer.Option("--minimise", "--minimize", help="`fpr` or `reviews_per_day`, instead.")
    ] = None,
    score: Score = None,
    action: Annotated[
        list[str] | None, typer.Option(help="Only this rung. Repeatable; several are sought together.")
    ] = None,
    region: Region = None,
    columns: Columns = None,
    column: Pairs = None,
    confidence: Annotated[str, typer.Option(help="How sure the requirements have to be met, all together.")] = "95%",
    fit: Annotated[str, typer.Option(help="How much of the log finds candidates; the rest checks them.")] = "50%",
    seed: Annotated[int, typer.Option(min=0, help="Draws which authors find and which check.")] = 0,
    patch: Annotated[
        Path | None, typer.Option(help="Where the change of the rule files goes; `-`: standard output.")
    ] = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="How it is written.")] = "text",
) -> None:
    """Find thresholds that meet requirements, as sure as wanted, and say which requirement stands in the way of better ones.

    Status 1 where none does.
    """
    if str(patch) == "-" and format == "json":
        raise CannotError("`--format json` holds the patch already: leave `--patch -` out, or give it a file")
    loaded = load(pack)
    if loaded.compiled.program is None:
        show(loaded.compiled.diagnostics, loaded.pack.sources, "text", err=True)
        raise CannotError(f"the pack `{pack}` has errors and does not load")
    try:
        from engine.columnar import ColumnarError  # noqa: PLC0415 - other commands do without
        from simulator.log import LogError  # noqa: PLC0415
        from simulator.requirements import RequirementError  # noqa: PLC0415
        from simulator.settings import SettingError  # noqa: PLC0415
    except ImportError:
        raise CannotError(f"tuning needs an extra: {EXTRA}") from None
    opened = open_rows(log, columns, column, loaded.compiled.program)
    try:
        asked = _tuning(loaded, opened, policy, score, action or [], region, require, _objective(maximise, minimise))
        with rows_told(None) as told:
            found = _replaced(asked, 1 - share(confidence, "--confidence"), share(fit, "--fit"), seed, told).run()
    except (RequirementError, SettingError, ColumnarError, LogError) as error:
        raise CannotError(str(error)) from None
    diff, refused = _patch(loaded, found)
    if patch is not None and diff is not None:
        write(patch, diff.rstrip("\n"))
    told_ = json.dumps(_data(found, diff, refused), ensure_ascii=False, indent=2) if format == "json" else None
    if str(patch) != "-":
        typer.echo(told_ or "\n".join(_lines(found, diff, refused, patch)))
    elif diff is None:
        typer.echo(f"limen: no patch: {refused or found.reason}", err=True)
    if found.chosen is None:
        raise typer.Exit(1)


def _objective(maximise: str | None, minimise: str | None) -> str:
    if (maximise is None) == (minimise is None):
        raise CannotError("expected one of `--maximise` and `--minimise`, such as `--maximise recall`")
    named = maximise or minimise or ""
    lower = named.partition("(")[0].strip() in ("fpr", "false_positive_rate", "reviews_per_day")
    if lower != (minimise is not None):
        raise CannotError(
            f"`{named}` is better where it is {'smaller' if lower else 'larger'}: `--{'minimise' if lower else 'maximise'} {named}`"
        )
    return named


def _tuning(
    loaded: LoadedPack,
    opened: Any,
    policy: str,
    score: str | None,
    actions: Sequence[str],
    region: str | None,
    require: Sequence[str],
    objective: str,
) -> Tuning:
    from simulator.requirements import parse_metric, parse_requirement  # noqa: PLC0415 - other commands do without
    from simulator.settings import resolve  # noqa: PLC0415
    from simulator.tune import Tuning  # noqa: PLC0415

    program = loaded.compiled.program
    assert program is not None
    names: list[str | None] = [*actions] or [None]
    targets: list[Target] = list(
        dict.fromkeys(t for name in names for t in resolve(program, policy, score, name, region))
    )
    rungs = [target.action for target in targets]
    if len(set(rungs)) < len(rungs):
        named = ", ".join(f"`{score}`" for score in dict.fromkeys(target.score for target in targets))
        raise CannotError(f"rungs of one name stand on several scores: choose by `--score` one of {named}")
    return Tuning(
        opened,
        program,
        targets,
        [parse_requirement(text, rungs) for text in require],
        parse_metric(objective, rungs),
    )


def _replaced(asked: Tuning, delta: float, fit: float, seed: int, told: Any) -> Tuning:
    from simulator.tune import Tuning  # noqa: PLC0415 - other commands do without

    return Tuning(asked.log, asked.program, asked.targets, asked.requirements, asked.objective, delta, seed, fit, told)


def _patch(loaded: LoadedPack, found: Tuned) -> tuple[str | None, str | None]:
    """The diff, or why there is none."""
    from simulator.patching import patch  # noqa: PLC0415 - other commands do without
    from simulator.settings import SettingError  # noqa: PLC0415

    if found.chosen is None:
        return None, None
    try:
        return patch(loaded, found.chosen.settings), None
    except SettingError as error:
        return None, str(error)


def _lines(found: Tuned, diff: str | None, refused: str | None, patch: Path | None) -> Iterator[str]:
    fit, check = found.rows
    yield f"{fit} rows find candidates, {check} others check them ({found.labelled} of these labelled)"
    yield f"  now, on the checking rows: {_figures(found.present)}"
    if found.chosen is None:
        yield f"no thresholds: {found.reason}"
        return
    yield f"thresholds that meet all requirements, with a confidence of {1 - found.delta:g}:"
    for setting in found.chosen.settings:
        yield f"  --set '{setting}'"
    yield f"  on the checking rows: {_figures(found.chosen.check)}"
    if found.binding is not None:
        yield f"  in the way of better ones: {found.binding}"
    yield "candidates, in the order of the test:"
    yield from (f"  {_candidate(item)}" for item in found.candidates)
    if len(found.front) > 1:
        yield "the front (finding rows: none of these is better in everything):"
        yield from (f"  {_short(item.settings)}  {_figures(item.fit)}" for item in found.front)
    if refused is not None:
        yield f"no patch: {refused}"
    elif patch is not None:
        yield f"patch: {patch} (apply it in the pack's folder: `patch -p1 < {patch}`)"
    elif diff:
        yield "patch:"
        yield diff.rstrip("\n")
    else:
        yield "the rule files say so already"


def _candidate(item: Candidate) -> str:
    mark = "accepted" if item.accepted else f"not borne out: {item.worst}, p = {item.p[item.worst]:.3g}"
    return f"{_short(item.settings)}  {_figures(item.check)}  {mark}"


def _short(settings: Sequence[Setting]) -> str:
    from simulator.settings import shown  # noqa: PLC0415 - other commands do without

    return ", ".join(f"{setting.target.action} {shown(setting.threshold)}" for setting in settings)


def _figures(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" if value == value else f"{name} -" for name, value in values.items())  # noqa: PLR0124 - NaN


def _data(found: Tuned, diff: str | None, refused: str | None) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "version": VERSION,
        "limen": limen.__version__,
        "command": command(),
        "chosen": _plain(found.chosen) if found.chosen else None,
        "set": [str(setting) for setting in found.chosen.settings] if found.chosen else [],
        "patch": diff,
        "no_patch": refused,
        "candidates": [_plain(item) for item in found.candidates],
        "front": [_plain(item) for item in found.front],
    }
    rest = asdict(found)
    return plain | {name: _clean(rest[name]) for name in ("reason", "binding", "present", "rows", "labelled", "delta")}


def _plain(item: Candidate) -> dict[str, Any]:
    figures = {name: _clean(getattr(item, name)) for name in ("fit", "check", "p")}
    return {"set": [str(setting) for setting in item.settings], "accepted": item.accepted, **figures}


def _clean(value: Any) -> Any:
    """NaN, which JSON lacks, as null."""
    if isinstance(value, Mapping):
        return {name: _clean(item) for name, item in value.items()}
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124
