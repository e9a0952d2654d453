"""Frames one after the other -> whether a new scene begins with this one."""

import av
import numpy as np
from numpy.typing import NDArray

SIDE = 64
CUT = 10.0
LONGEST = 10.0


class Scenes:
    """Finds cuts by the score of FFmpeg's filter `scdet`, and never sleeps for longer than 10 s.

    With mafd(t) the mean absolute difference of the luma of frames t and t-1 in percent of its range (here on 64 by 64 pixels), the score is
    min(mafd(t), |mafd(t) - mafd(t-1)|): a cut is a jump of the difference, steady motion is none. A scene begins at a
    score of at least 10 (the default of `scdet`; its documentation recommends 8 to 14). Fades have no jump: therefore a frame is
    taken after 10 s without one, too.
    """

    def __init__(self) -> None:
        self._luma: NDArray[np.int16] | None = None
        self._mafd = 0.0
        self._taken = 0.0

    def begins(self, frame: av.VideoFrame, seconds: float) -> bool:
        """Say whether to take the frame; ask for each frame, in order."""
        luma = _luma(frame)
        score = CUT if self._luma is None else self._score(luma, self._luma)
        self._luma = luma
        begins = score >= CUT or not 0 <= seconds - self._taken < LONGEST
        if begins:
            self._taken = seconds
        return begins

    def _score(self, luma: NDArray[np.int16], previous: NDArray[np.int16]) -> float:
        mafd = float(np.abs(luma - previous).mean()) * 100 / 255
        score = min(mafd, abs(mafd - self._mafd))
        self._mafd = mafd
        return score


def _luma(frame: av.VideoFrame) -> NDArray[np.int16]:
    return frame.reformat(SIDE, SIDE, "gray", interpolation="AREA").to_ndarray().astype(np.int16)
