"""A log or a table of labelled rows (Parquet, or JSON lines) -> columns by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limen.cli.errors import CannotError, reason
from policy_dsl.suggest import suggest

if TYPE_CHECKING:
    import numpy as np

EXTRA = "pip install 'limen[calibration]'"
MICRO = 1_000_000
WAY = "way"


def read_columns(path: Path, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, list[Any]]:
    """The values of the named columns, None where there is none; an `optional` column may be absent, and then is left out.

    In JSON lines a name is a key of the row, or of its `scores` or `facts`. Rows of the way `decisive` are left out of a
    log: which of their scores are there depends on the scores. Raises CannotError.
    """
    found = _parquet(path, names, optional) if path.suffix == ".parquet" else _json_lines(path, names, optional)
    ways = found.get(WAY)
    if ways is None:
        return found
    kept = [i for i, way in enumerate(ways) if way != "decisive"]
    return {name: [values[i] for i in kept] for name, values in found.items()}


def _parquet(path: Path, names: Sequence[str], optional: Sequence[str]) -> dict[str, list[Any]]:
    try:
        import pyarrow.parquet as pq  # noqa: PLC0415
        from pyarrow import ArrowException  # noqa: PLC0415
    except ImportError:
        raise CannotError(f"reading Parquet needs an extra: {EXTRA}") from None
    try:
        held = pq.ParquetFile(path).schema_arrow.names
        _require(path, names, held)
        wanted = [name for name in dict.fromkeys((*names, *optional, WAY)) if name in held]
        return dict(pq.read_table(path, columns=wanted).to_pydict())
    except ArrowException as error:
        raise CannotError(f"cannot read `{path}`: {' '.join(str(error).split())[:200]}") from None
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {reason(error)}") from None


def _json_lines(path: Path, names: Sequence[str], optional: Sequence[str]) -> dict[str, list[Any]]:
    rows = list(_rows(path))
    held = {name for row in rows for name in row}
    _require(path, names, sorted(held))
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys((*names, *optional, WAY)) if name in held}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _row(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise CannotError(f"cannot read `{path}`: {why}") from None


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise CannotError(f"`{path}`, line {number}: this is no JSON object, expected one a line")
    inner = [row[key] for key in ("scores", "facts") if isinstance(row.get(key), dict)]
    return {name: value for part in (*reversed(inner), row) for name, value in part.items()}


def _require(path: Path, names: Sequence[str], held: Sequence[str]) -> None:
    for name in names:
        if name not in held:
            near = suggest(name, held)
            tell = (
                f"did you mean `{near}`"
                if near
                else "there are " + (", ".join(f"`{one}`" for one in held[:12]) or "none")
            )
            raise CannotError(f"`{path}` has no column `{name}`, {tell}")


def micro_scores(name: str, values: Sequence[Any]) -> np.ndarray:
    """Millionths, -1 where there is none. Whole numbers from 2 on are millionths already, as Limen logs them (ruling R21).

    Raises CannotError for what is no score, and where millionths and decimals stand side by side.
    """
    import numpy as np  # noqa: PLC0415

    strange = CannotError(f"`{name}` holds something that is no number, expected scores in [0, 1]")
    if any(isinstance(value, bool | str) for value in values):  # NumPy would make numbers of them
        raise strange
    try:
        raw = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        raise strange from None
    except OverflowError:
        raise CannotError(f"`{name}` holds numbers outside of [0, 1], expected scores") from None
    there = np.isfinite(raw)
    whole = any(isinstance(value, int) and value > 1 for value in values)
    if whole and (raw[there] % 1 != 0).any():  # else one wrong row would make nothing of all the others
        raise CannotError(
            f"`{name}` holds decimals and whole numbers above 1, expected scores in [0, 1], or whole millionths throughout"
        )
    scaled = np.where(there, raw if whole else np.floor(raw * MICRO + 0.5), -1)
    if (scaled[there] < 0).any() or (scaled > MICRO).any():
        raise CannotError(f"`{name}` holds numbers outside of [0, 1], expected scores")
    return scaled.astype(np.int64)


def share(text: str, option: str) -> float:
    """`1%` or `0.01`, strictly between 0 and 1. Raises CannotError."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise CannotError(f"`{option} {text}` is no share, expected one such as `1%` or `0.01`")
    return value
