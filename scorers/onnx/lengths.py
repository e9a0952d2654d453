"""Rows of tokens of many lengths -> arrays padded to a few lengths, so that one run of a model serves many rows.

The length to which a row is padded depends on the row alone, never on its neighbours: padding changes the order in which sums
are made, and with it the last bits of a result.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scorers.onnx.runtime import needed

# Steps of an eighth to a half: on a CPU time goes with the tokens, padding included, and a finer step wastes less of it.
BUCKETS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512)


@dataclass(frozen=True, slots=True)
class Tokens:
    """One row for an encoder: token ids, and the segment that each is of (0 but in pairs of texts)."""

    ids: tuple[int, ...]
    types: tuple[int, ...]


def bucket(length: int, buckets: Sequence[int] = BUCKETS) -> int:
    """Return the smallest of the rising `buckets` that holds `length` tokens, or the length itself above all of them."""
    place = bisect_left(buckets, length)
    return buckets[place] if place < len(buckets) else length


def batches(lengths: Sequence[int], most: int, limit: int | None = None) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield padded lengths, the shortest first, each with the indices of at most `most` rows of that bucket.

    `limit` is the longest row that the model takes: no row is padded beyond it.
    """
    groups: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        size = bucket(length)
        groups.setdefault(size if limit is None else max(length, min(size, limit)), []).append(index)
    for size, indices in sorted(groups.items()):
        for start in range(0, len(indices), most):
            yield size, tuple(indices[start : start + most])


def padded(rows: Sequence[Tokens], length: int, pad: int) -> Mapping[str, Any]:
    """Return `input_ids`, `attention_mask` and `token_type_ids` of shape (rows, length), padded on the right with `pad`."""
    numpy = needed("numpy", "text")
    ids = numpy.full((len(rows), length), pad, numpy.int64)
    mask, types = numpy.zeros_like(ids), numpy.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
        types[index, : len(row.types)] = row.types
        mask[index, : len(row.ids)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
