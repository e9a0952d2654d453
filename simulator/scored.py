"""Programs + a batch of a scored log -> each row's outcome id, and the value of one score, derived ones included."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.columnar import Columnar
from engine.columnar.frame import Frame
from engine.columnar.kernel import MISSING, NOT_APPLICABLE
from simulator.settings import policy_of

__all__ = ["MISSING", "NOT_APPLICABLE", "Scored"]

Ints = NDArray[np.int32]


class Scored(Columnar):
    """Decides by the columns, and tells a score as decisions see it."""

    def rows(self, batch: pa.RecordBatch, policy: str, score: str) -> tuple[Ints, Ints]:
        """Outcome ids; and the score in millionths, MISSING where it is open, NOT_APPLICABLE where nothing is to be judged."""
        found = [(self.ids(frame), self._values(frame, policy, score)) for frame in self.frames(batch)]
        if not found:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        ids, values = zip(*found, strict=True)
        return np.concatenate(ids), np.concatenate(values)

    def _values(self, frame: Frame, policy: str, score: str) -> Ints:
        compiled = self.compiled[0]
        if score in compiled.specs:
            return frame.scores(compiled.specs[score])
        derived = policy_of(compiled.program, policy).variants[0].scores  # the same in every region
        spans = compiled.spans(derived)
        assert spans is not None
        low, _, lacking = spans.of(frame, score)
        found: Ints = np.where(lacking != 0, MISSING, low).astype(np.int32)
        return found
