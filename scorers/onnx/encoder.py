"""Windows of tokens and a model -> a vector for each window, the same to the last bit whatever runs beside it.

Arithmetic in floating point depends on the order of the sums, and kernels choose that order by the shape of the whole array.
What makes results depend on neighbours, and what is done about it:

- padding: a row's padded length depends on that row alone (`scorers.onnx.lengths`);
- dynamic int8, whose scale for activations is taken over the whole batch: such a model runs one row at a time;
- other kernels for one row than for many (a matrix times a vector): tried out when the model is opened, on rows of several
  lengths; where a row alone differs, it runs beside a copy of itself, and where that does not help, rows run one at a time;
- CUDA, where the libraries choose a kernel by the batch's size: the size is always the same, filled up with copies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from scorers.onnx.lengths import Tokens, batches, padded
from scorers.onnx.session import OnnxModel

MOST_CPU, MOST_CUDA = 16, 32
_PROBE_LENGTHS, _PROBE_KINDS = (3, 21), 3

Reduce: TypeAlias = Callable[[Any, int], Any]
"""What a model gives for one row, and how many tokens of it are no padding -> the vector of that row."""


def first(given: Any, _count: int) -> Any:
    """Keep what the model gives for a row: it is a vector already."""
    return given


def mean(given: Any, count: int) -> Any:
    """Average the vectors of a row's tokens (mean pooling), in double precision."""
    return given[:count].mean(axis=0, dtype="float64")


@dataclass(frozen=True, slots=True)
class Encoder:
    """A model, and how many rows share a run: at least `least` (filled up with copies), at most `most`."""

    model: OnnxModel
    output: str
    reduce: Reduce
    pad: int
    limit: int
    least: int
    most: int

    @classmethod
    def open(cls, model: OnnxModel, output: str, reduce: Reduce, *, pad: int = 0, limit: int = 512) -> "Encoder":
        """Find out how rows may share a run, and warm up on the way; `limit` is the longest row that the model takes.

        Raises what the runtime raises where the model does not take such rows.
        """
        if model.on_cuda and not model.quantised_at_run:
            tried = [(MOST_CUDA, MOST_CUDA)]
        elif model.quantised_at_run:
            tried = [(1, 1)]
        else:
            tried = [(1, MOST_CPU), (2, MOST_CPU), (1, 1)]
        encoders = [cls(model, output, reduce, pad, limit, least, most) for least, most in tried]
        probe = _probe(limit)
        fitting = (encoder for encoder in encoders[:-1] if encoder.agrees(probe))
        found = next(fitting, encoders[-1])
        found.trial()
        return found

    def trial(self) -> list[Any]:
        """Run one short row: a warm-up, and a look at what the model gives."""
        return self.run(_probe(self.limit)[:1])

    def run(self, rows: Sequence[Tokens]) -> list[Any]:
        """Return the vector of each row, in order."""
        found: list[Any] = [None] * len(rows)
        for length, indices in batches([len(row.ids) for row in rows], self.most, self.limit):
            for index, vector in zip(indices, self._run([rows[i] for i in indices], length), strict=True):
                found[index] = vector
        return found

    def agrees(self, rows: Sequence[Tokens]) -> bool:
        """Say whether each row gives the same bits alone as beside the others."""
        alone = {row: self.run([row])[0] for row in dict.fromkeys(rows)}
        return all((alone[row] == vector).all() for row, vector in zip(rows, self.run(rows), strict=True))

    def _run(self, rows: Sequence[Tokens], length: int) -> list[Any]:
        filled = [*rows, *[rows[0]] * (self.least - len(rows))]
        (given,) = self.model.run(padded(filled, length, self.pad), [self.output])
        return [self.reduce(given[index], len(row.ids)) for index, row in enumerate(rows)]


def _probe(longest: int) -> list[Tokens]:
    """Return rows of few kinds that fill a run and leave some over, at each of several lengths."""
    kinds = [
        tuple((7 * place + 13 * shift) % 97 + 1 for place in range(length))  # ids below any vocabulary's end
        for length in _PROBE_LENGTHS
        if length <= longest
        for shift in range(_PROBE_KINDS)
    ]
    return [Tokens(ids, (0,) * len(ids)) for ids in kinds * (MOST_CPU // _PROBE_KINDS + 1)]
