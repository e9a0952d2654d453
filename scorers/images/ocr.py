"""Pixels -> the text that is drawn in them, read by RapidOCR with the models that lie in its wheel; nothing is fetched.

RapidOCR downloads a model that it was not given, and its own sessions keep a memory plan for every size of picture ever seen.
Therefore it is given sessions, opened as everywhere here; a missing file is an error.
"""

import math
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scorers.images.decode import ImageRefusedError
from scorers.images.preprocess import resized
from scorers.onnx.runtime import ModelUnavailableError, needed
from scorers.onnx.session import Device, OnnxModel
from scorers.values import told

if TYPE_CHECKING:
    from scorers.images.decode import Pixels

ENLARGE_TO = 736  # RapidOCR's own choice
SMALLEST = 8  # no letter is drawn in fewer pixels
_STAGES = {"Det": "*_det_*.onnx", "Cls": "*_cls_*.onnx", "Rec": "*_rec_*.onnx"}
_LONGEST = 2000  # RapidOCR shrinks the longer side to this; it is done here so that no white is added before
_TALL, _WIDE = 3, 4  # the most height : width, and width : height: the detector widens the shorter side to 736
_TILES = 6
_BILINEAR = 2
_SLACK = 6  # a cut moves by up to a sixth of a tile, to where least is drawn


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads text; made by `open`. May be used from any thread. `device` is what it really runs on: `cuda` or `cpu`."""

    engine: Any
    device: str

    @classmethod
    def open(
        cls, device: Device = "auto", threads: int = 0, min_confidence: float = 0.5, enlarge_to: int = ENLARGE_TO
    ) -> Self:
        """Load the three models; lines read with less than `min_confidence`, in [0, 1], are dropped.

        `threads` work on one picture, 0 being one a core. A picture whose shorter side is below `enlarge_to` pixels is
        enlarged to it before lines are looked for. Raises ModelUnavailableError where a library or a model is
        missing, or `cuda` is asked for and does not run.
        """
        models = {stage: OnnxModel.open(path, device, threads) for stage, path in _models().items()}
        engine = needed("rapidocr", "ocr").RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.text_score": min_confidence,
                "Det.limit_side_len": enlarge_to,
            }
        )
        with needed("omegaconf", "ocr").flag_override(engine.cfg, "allow_objects", True):
            for stage, model in models.items():
                engine.cfg[stage].session = model.session
        _warm_up(engine)
        return cls(engine, "cuda" if all(model.on_cuda for model in models.values()) else "cpu")

    def read(self, pixels: "Pixels") -> str:
        """Return the lines from top to bottom, one below the other; empty where none is found.

        Raises ImageRefusedError where the engine fails on the picture.
        """
        return "\n".join(line for tile in tiles(pixels) for line in self._lines(tile))

    def _lines(self, pixels: "Pixels") -> list[str]:
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        try:
            found = self.engine(np.ascontiguousarray(pixels[:, :, ::-1]))  # as OpenCV has it: blue first
        except Exception as error:
            raise ImageRefusedError(f"its text cannot be read: {told(error)}") from error
        return [str(line) for line in found.txts or ()]


def _models() -> dict[str, Path]:
    """Find the model of each stage in the package. Raises ModelUnavailableError."""
    found = find_spec("rapidocr")
    if found is None or found.origin is None:
        raise ModelUnavailableError("`rapidocr` is not installed: run `pip install 'limen[ocr]'`")
    folder = Path(found.origin).parent / "models"
    files = {stage: sorted(folder.glob(pattern)) for stage, pattern in _STAGES.items()}
    for stage, there in files.items():
        if len(there) != 1:
            raise ModelUnavailableError(
                f"`rapidocr` has {len(there)} models `{_STAGES[stage]}` in its package, expected one: run "
                "`pip install --force-reinstall 'limen[ocr]'`"
            )
    return {stage: there[0] for stage, there in files.items()}


def _warm_up(engine: Any) -> None:
    """Have the engine make its three stages now: it makes each when it is first needed."""
    import numpy as np  # noqa: PLC0415

    line = np.full((48, 160, 3), 255, np.uint8)
    engine(line, use_det=False)  # these arguments stay until the next ones
    engine(line, use_det=True)


def tiles(pixels: "Pixels") -> "list[Pixels]":
    """Cut a tall picture (a screenshot of a whole conversation) into at most six, between its lines where there is room.

    RapidOCR shrinks the longer side to 2000 pixels and widens the shorter one to 736: uncut, a strip is unreadable, or
    becomes a picture of gigabytes. What is still a strip is put on white.
    """
    height, width = pixels.shape[:2]
    count = min(_TILES, math.ceil(height / (2 * width))) if height > _TALL * width else 1
    step = height / count
    cuts = [0, *(_quiet_row(pixels, int(step * index), int(step / _SLACK)) for index in range(1, count)), height]
    shrunk = [_shrunk(pixels[start:end]) for start, end in pairwise(cuts)]
    return [_filled(tile) for tile in shrunk if min(tile.shape[:2]) >= SMALLEST]


def _quiet_row(pixels: "Pixels", near: int, reach: int) -> int:
    """Return the row, at most `reach` from `near`, along which the picture changes least; of equal ones the nearest."""
    import numpy as np  # noqa: PLC0415

    rows = pixels[near - reach : near + reach + 1, :, 1].astype(np.int16)
    unrest = np.abs(np.diff(rows, axis=1)).mean(axis=1) if rows.shape[1] > 1 else np.zeros(len(rows))
    distance = np.abs(np.arange(len(rows)) - reach)
    return near - reach + int(np.lexsort((distance, unrest.round()))[0])


def _shrunk(pixels: "Pixels") -> "Pixels":
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONGEST / max(height, width))
    if scale == 1:
        return pixels
    return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)), _BILINEAR)


def _filled(pixels: "Pixels") -> "Pixels":
    """Add white to the right or below until the picture is no strip."""
    import numpy as np  # noqa: PLC0415

    height, width = pixels.shape[:2]
    right = max(0, math.ceil(height / _TALL) - width)
    below = max(0, math.ceil(width / _WIDE) - height)
    return np.pad(pixels, [(0, below), (0, right), (0, 0)], constant_values=255) if right or below else pixels
