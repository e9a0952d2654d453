"""`limen calibrate`: labelled rows -> the table by which a scorer's raw scores become calibrated ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from limen.cli.columns import EXTRA, MICRO, micro_scores, read_columns
from limen.cli.errors import CannotError, reason
from limen.cli.lines import is_same_file

if TYPE_CHECKING:
    import numpy as np

    from scorers.train.calibrate import Fitted


def calibrate(
    input: Annotated[Path, typer.Option(help="Labelled rows: Parquet, or JSON lines.")],
    score: Annotated[str, typer.Option(help="The column of the raw score.")],
    label: Annotated[
        str, typer.Option(help="The column of the label: true or false, 1 or 0; rows without one are left out.")
    ],
    scorer: Annotated[
        str,
        typer.Option(
            help="Whose score it is: a registered plugin, or `plugin@version`; another version refuses the table."
        ),
    ],
    output: Annotated[Path, typer.Option(help="The file for the manifest's `calibration`.")],
    method: Annotated[Literal["temperature", "platt", "isotonic"], typer.Option(help="How it is fitted.")] = "isotonic",
    language: Annotated[
        str | None, typer.Option(help="The column of the language: each with enough rows gets a table.")
    ] = None,
    positive: Annotated[
        list[str] | None,
        typer.Option(help="A text that counts as true where labels are texts; may be given more than once."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Where the reliability diagram goes: .png, .svg or .pdf.")] = None,
) -> None:
    """Fit a scorer's calibration on labelled rows, and say how far off its scores are before and after."""
    for written in (output, *([plot] if plot else [])):
        if is_same_file(input, written):
            raise CannotError(f"`{written}` is the input, too: writing would destroy it, name another file")
    identity = _identity(scorer)
    names = [score, label, *([language] if language else [])]
    try:
        columns = read_columns(input, names)
        raw, yes, kept = _rows(columns, score, label, positive or [])
        _fit(input, output, plot, raw, yes, [columns[language][i] for i in kept] if language else [], method,
             {"scorer": identity, "score": score, "label": label})  # fmt: skip
    except ImportError:
        raise CannotError(f"fitting a calibration needs an extra: {EXTRA}") from None


def _identity(scorer: str) -> str:
    if "@" in scorer:
        return scorer
    from policy_dsl.suggest import suggest  # noqa: PLC0415
    from scorers.registry import Registry  # noqa: PLC0415

    plugins = Registry.installed().plugins
    if scorer not in plugins:
        near = suggest(scorer, plugins)
        tell = f"did you mean `{near}`" if near else "give its version, too, such as `my-model@3`"
        raise CannotError(f"no scorer `{scorer}` is registered, {tell}")
    return plugins[scorer].identity


def _rows(
    columns: dict[str, list[Any]], score: str, label: str, positive: list[str]
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Scores, labels, and which rows have both."""
    import numpy as np  # noqa: PLC0415

    micros = micro_scores(score, columns[score])
    labels = [_label(value, label, positive) for value in columns[label]]
    kept = [i for i, said in enumerate(labels) if said is not None and micros[i] >= 0]
    return micros[kept] / MICRO, np.array([labels[i] for i in kept], dtype=bool), kept


def _label(value: Any, column: str, positive: list[str]) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if positive:
        return str(value) in positive
    if value in (0, 1):
        return bool(value)
    raise CannotError(
        f"`{column}` holds `{str(value)[:40]}`, expected true or false: name the texts that are true by `--positive`"
    )


def _fit(
    input: Path,
    output: Path,
    plot: Path | None,
    raw: np.ndarray,
    yes: np.ndarray,
    languages: list[str | None],
    method: Literal["temperature", "platt", "isotonic"],
    card: dict[str, Any],
) -> None:
    from scorers.train.calibrate import CalibrationError, digest, fit, fit_languages, stored  # noqa: PLC0415

    try:
        general = fit(raw, yes, method)
        own, few, as_good = fit_languages(raw, yes, languages, method, general)
    except CalibrationError as error:
        raise CannotError(f"`{input}`: {error}") from None
    try:
        data = stored(general, own, method, card | {"data": {"file": input.name, "digest": digest(input)}})
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if plot is not None:
            from scorers.train.reliability import draw  # noqa: PLC0415

            draw(plot, f"{card['score']} of {card['scorer']}", {"raw": raw, method: general.outside}, yes)
    except OSError as error:
        raise CannotError(f"cannot write `{error.filename}`: {reason(error)}") from None
    except ValueError as error:
        raise CannotError(f"cannot draw `{plot}`: {' '.join(str(error).split())[:200]}") from None
    typer.echo(f"{output}: {_told(general)}")
    for code, fitted in own.items():
        typer.echo(f"  {code}: {_told(fitted)}")
    for codes, why in ((as_good, "it does as well there"), (few, "their rows are too few for one of their own")):
        if codes:
            typer.echo(f"  the general table for {', '.join(codes)}: {why}")


def _told(fitted: Fitted) -> str:
    return (
        f"{fitted.rows} rows, {fitted.positives} with the label; expected calibration error "
        f"{fitted.before:.4f} before, {fitted.after:.4f} after (on rows that a fold has not seen)"
    )
