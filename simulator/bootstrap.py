"""Authors and cells of a log's rows -> cell counts under resampled authors, in one pass -> intervals of any statistic of the counts.

Posts of one author are alike, so that rows say less than they seem to: authors are drawn anew, each with all of its rows. An author counts
in a replicate as often as Poisson(1) says (Chamandy, Muralidharan, Najmi and Naidu, "Estimating uncertainty for massive data
streams", Google 2012), and that number is a hash of author, replicate and seed: no author is looked up or kept, the order of rows does
not matter, and sums add up over batches, files and machines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from simulator.bootstrap_kernel import add_weights, hash_bytes, mix
from simulator.intervals import LEVEL, Floats, clopper_pearson_bounds, estimate, tango_bounds
from simulator.result import Figure, Refused

REPLICATES = 400
FEWEST = 10  # authors (effective) below which no interval is given: a convention of ours
UNDEFINED = 0.01  # the part of the replicates that may have no value, such as 0 / 0

Counts = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Statistic = Callable[[Floats], ArrayLike]

# P(Poisson(1) > k) in 65536ths, k = 0, 1, …: they sum to 65536, so that the mean is 1 exactly; the variance is .99997.
_ABOVE = (41427, 17317, 5263, 1244, 240, 39, 5, 1)
_OF_AN_ID, _OF_A_ROW = 1, 2  # salts


def hash_strings(values: pa.Array | pa.ChunkedArray) -> Hashes:
    """FNV-1a (64 bits) of each value's UTF-8, the same on every machine and in every version; of no bytes where it is null.

    Values of other types are hashed as Arrow writes them.
    """
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        codes = pc.fill_null(values.indices.cast(pa.int64()), len(values.dictionary))
        words = np.append(hash_strings(values.dictionary), hash_strings(pa.array([""])))
        found: Hashes = words[codes.to_numpy(zero_copy_only=False)]
        return found
    values = pc.fill_null(values.cast(pa.large_string()), "")
    _, offsets, data = values.buffers()
    hashes = np.empty(len(values), np.uint64)
    starts = (
        np.frombuffer(offsets, np.int64, len(values) + 1, values.offset * 8) if len(values) else np.zeros(1, np.int64)
    )
    hash_bytes(starts, np.frombuffer(data or b"", np.uint8), hashes)
    return hashes


def author_hashes(
    authors: pa.Array | pa.ChunkedArray | None, ids: pa.Array | pa.ChunkedArray | None, rows: int, first: int = 0
) -> Hashes:
    """Whom each of `rows` rows is drawn with: its author; where that is null its own id; where that is null too its number.

    `first` is the number of the first row in the whole log. None stands for a column that is not there.
    """
    found = np.arange(first, first + rows, dtype=np.uint64)
    mix(found, np.uint64(_OF_A_ROW))
    if ids is not None:
        own = hash_strings(ids)
        mix(own, np.uint64(_OF_AN_ID))
        found = np.where(_there(ids), own, found)
    return found if authors is None else np.where(_there(authors), hash_strings(authors), found)


def _there(values: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    there: NDArray[np.bool_] = np.asarray(values.is_valid())
    return there


def accumulate(
    authors: Hashes,
    cells: NDArray[np.int32],
    replicates: int = REPLICATES,
    size: int | None = None,
    *,
    values: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Counts:
    """By replicate and cell, the sum of the weights of the cell's rows (times `values`), int64 [replicates, size].

    `cells` is each row's cell in [0, size), or negative: in none. `size` is that of the largest where left out; give it where sums
    of several batches are added. ValueError where lengths differ or a cell is too large.
    """
    size = int(cells.max(initial=-1)) + 1 if size is None else size
    if not len(authors) == len(cells) == len(cells if values is None else values):
        raise ValueError(f"`{len(authors)}` authors and `{len(cells)}` cells, expected one of each for every row")
    if cells.max(initial=-1) >= size:
        raise ValueError(f"a cell of `{cells.max()}`, expected less than `{size}`")
    sums = np.zeros((size, -(-replicates // 4) * 4), np.int64)
    of_rows = np.zeros(0, np.int64) if values is None else values
    add_weights(authors, cells, of_rows, np.uint64(seed % 2**64), _weight_of(), sums)
    return sums[:, :replicates].T


def _weight_of() -> NDArray[np.uint8]:
    """The weight behind each value of sixteen random bits."""
    weights: NDArray[np.uint8] = (np.arange(65536)[:, None] < np.array(_ABOVE)).sum(axis=1).astype(np.uint8)
    return weights


def interval(
    statistic: Statistic,
    counts: ArrayLike,
    replicates: ArrayLike,
    level: float = LEVEL,
    method: Literal["percentile", "basic"] = "percentile",
) -> Figure:
    """Of a statistic of cell counts: `counts` [cells] of the log itself, `replicates` [replicates, cells] from `accumulate`.

    `statistic` takes counts [..., cells] and gives values [...]; give it the cells of the slice it is about. `percentile` takes the
    quantiles of the replicates, `basic` mirrors them at the value (Davison and Hinkley, Bootstrap Methods, 1997, section 5.2). Both
    are stretched as Student's quantile is longer than the normal's (Hesterberg 2015, arXiv 1411.5279) for the effective
    number of authors, (rows)^2 / variance of the replicates' rows. Refused below `FEWEST` such authors, and where the statistic
    has no value here or in more than `UNDEFINED` of the replicates.
    """
    own, drawn = np.asarray(counts, np.float64), np.asarray(replicates, np.float64)
    rows, effective = int(own.sum()), effective_authors(own, drawn)
    if effective < FEWEST:
        return too_few(rows, effective)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, values = float(np.asarray(statistic(own))), np.asarray(statistic(drawn), np.float64)
    known = values[np.isfinite(values)]
    if not np.isfinite(value) or known.size < (1 - UNDEFINED) * values.size:
        missing = values.size - known.size
        return Refused(f"it has no value in `{missing}` of `{values.size}` draws of authors", rows, effective)
    tail = float(ndtr(stdtrit(effective - 1, (1 - level) / 2) * np.sqrt(effective / (effective - 1))))
    low, high = np.quantile(known, [tail, 1 - tail], method="weibull")
    bounds = (low, high) if method == "percentile" else (2 * value - high, 2 * value - low)
    return estimate(value, bounds, f"author bootstrap, {method}", rows, effective)


def unanimous(
    value: float, counts: ArrayLike, replicates: ArrayLike, level: float = LEVEL, *, paired: bool = False
) -> Figure:
    """A share of rows that is 0 or 1, or (`paired`) the difference of two shares of the same rows that is 0, 1 or -1.

    All draws of authors give the same then, which says nothing of other authors. The interval is that of Clopper and Pearson, or Tango's, for as
    many rows as there are authors in effect: those of one author may all be alike. Refused below `FEWEST` authors.
    """
    own, drawn = np.asarray(counts, np.float64), np.asarray(replicates, np.float64)
    rows, size = int(own.sum()), effective_authors(own, drawn)
    if size < FEWEST:
        return too_few(rows, size)
    if paired:
        bounds = tango_bounds(size * (value < 0), size * (value > 0), size, level)
        return estimate(value, bounds, "tango, authors", rows, size)
    return estimate(value, clopper_pearson_bounds(size * value, size, level), "clopper-pearson, authors", rows, size)


def effective_authors(counts: Floats, replicates: Floats) -> float:
    """(rows)^2 / variance of the replicates' rows, which estimates (rows)^2 / sum of the authors' squared rows; at most the rows."""
    rows, spread = float(counts.sum()), float(np.var(replicates.sum(axis=1)))
    return min(rows, rows**2 / spread) if spread > 0 else 0.0


def too_few(rows: int, effective: float) -> Refused:
    """Why there is no interval over authors."""
    return Refused(f"`{effective:.1f}` authors are behind this, in effect; `{FEWEST}` are needed", rows, effective)
