"""`limen scorers bench NAME`: a table of latency and throughput by batch size, and a picture of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from limen.benching import NothingToMeasureError, Timing, judged, measured, plot
from limen.cli.errors import CannotError, reason
from limen.cli.lines import opened, read_lines
from limen.cli.scorers import refuse_unknown
from limen.samples import ORDINARY
from scorers.content import Content, ContentError
from scorers.registry import Configured, Registry
from scorers.values import told

PICTURES = (".png", ".svg", ".pdf")


def run(
    name: str,
    settings: str,
    device: str | None,
    batch: str,
    seconds: float,
    input: Path | None,
    picture: Path | None,
    *,
    as_json: bool,
) -> None:
    """Raises CannotError where something of it cannot be used."""
    sizes = _sizes(batch)
    if picture and picture.suffix not in PICTURES:
        raise CannotError(f"`{picture}` is no picture: expected a file that ends in {', '.join(PICTURES)}")
    scorer = _configured(name, settings, device)
    contents = _contents(input) if input else ORDINARY
    timings, loaded = _measured(scorer, contents, sizes, seconds)
    runs_on = str(getattr(scorer.scorer, "device", scorer.plugin.device))
    if as_json:
        rows = [asdict(timing) for timing in timings]
        told_of = {"version": 1, "scorer": scorer.plugin.identity, "device": runs_on, "load_s": round(loaded, 3)}
        typer.echo(json.dumps({**told_of, "batches": rows}, indent=2))
    else:
        typer.echo(f"{scorer.plugin.identity} on {runs_on}, loaded in {loaded:.2f} s")
        Console(width=None if Console().is_terminal else 120).print(_table(timings))
    if picture:
        _draw(timings, f"{scorer.plugin.identity} on {runs_on}", picture)


def _measured(
    scorer: Configured, contents: Sequence[Content], sizes: Sequence[int], seconds: float
) -> tuple[list[Timing], float]:
    try:
        begin = time.perf_counter()
        scorer.scorer.load()
        loaded = time.perf_counter() - begin
        return measured(scorer, judged(scorer, contents), sizes, seconds), loaded
    except NothingToMeasureError as error:
        raise CannotError(str(error)) from error
    except Exception as error:
        raise CannotError(f"the scorer `{scorer.plugin.name}` failed: {told(error)}") from error


def _sizes(written: str) -> list[int]:
    sizes = [int(part) for part in written.split(",") if part.strip().isdecimal()]
    if len(sizes) != len(written.split(",")) or not all(sizes):
        raise CannotError(f"`--batch {written}`: expected whole numbers from 1, joined by commas, such as 1,8,32")
    return sizes


def _configured(name: str, written: str, device: str | None) -> Configured:
    registry = Registry.installed()
    refuse_unknown(name, registry.plugins)
    settings, folder = _settings(written)
    entry = {**settings, "use": name} | ({"device": device} if device else {})
    setup = registry.configure({name: entry}, folder)
    errors = [problem.message for problem in setup.problems if problem.severity == "error"]
    if errors:
        hint = f": give the settings by `--settings '{{…}}'`, `limen scorers show {name}` lists them"
        raise CannotError(f"the scorer `{name}` cannot be set up: {'; '.join(errors)}{'' if settings else hint}")
    return setup.scorers[0]


def _settings(written: str) -> tuple[Mapping[str, Any], Path]:
    """The settings, and the folder to which their paths are relative: that of their file, or the current one."""
    path, folder, text = Path(written), Path(), written
    try:
        if not written.lstrip().startswith("{"):
            text, folder = path.read_text(encoding="utf-8"), path.parent
        settings = yaml.safe_load(text) or {}
    except UnicodeDecodeError as error:
        raise CannotError(f"`{path}` is no text") from error
    except OSError as error:
        raise CannotError(
            f"`{path}` cannot be read: {reason(error)}; settings in place are written `{{key: value}}`"
        ) from error
    except yaml.YAMLError as error:
        raise CannotError(f"the settings are no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise CannotError(f"the settings are {type(settings).__name__}, expected an object `{{key: value}}`")
    return settings, folder


def _contents(path: Path) -> list[Content]:
    with opened(path) as stream:
        lines = list(read_lines(stream, lambda _: None))
    contents = []
    for line in lines:
        try:
            if line.data is None:
                raise CannotError(f"`{path}`: {line.problem}")
            contents.append(Content.from_record(line.data, path.parent))
        except ContentError as error:
            raise CannotError(f"`{path}`, line {line.number}: {error}") from error
    return contents


def _table(timings: Sequence[Timing]) -> Table:
    names = ["contents in a call", "p50 ms", "p99 ms", "contents a second", "calls"]
    staged = any(timing.preparing is not None for timing in timings)
    table = Table()
    for column in [*names, "of it preparing"][: 6 if staged else 5]:
        table.add_column(column, justify="right")
    for one in timings:
        cells = [f"{one.batch}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}", f"{one.throughput:,.0f}", f"{one.calls}"]
        table.add_row(*cells, *([f"{one.preparing:.0%}"] if one.preparing is not None else []))
    return table


def _draw(timings: Sequence[Timing], title: str, picture: Path) -> None:
    try:
        plot(timings, title, picture)
    except ImportError as error:
        raise CannotError(f"a picture needs matplotlib: pip install 'limen[calibration]' ({told(error)})") from error
    except OSError as error:
        raise CannotError(f"`{picture}` cannot be written: {reason(error)}") from error
