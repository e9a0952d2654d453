"""Tensors of pictures and a model file -> a vector for each picture, whatever others share the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorers.onnx.runtime import ModelUnavailableError
from scorers.onnx.session import Device, OnnxModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CUDA_BATCH = 16


@dataclass(frozen=True, slots=True)
class ImageModel:
    """A model of one input and, of its outputs, the first; `batch` pictures share a run, always as many.

    Kernels sum in another order for another batch, so a run's size is fixed and filled up with copies: 16 on CUDA, 1 on
    the CPU (where more at once is not quicker), or what the model was exported with.
    """

    model: OnnxModel
    batch: int

    @classmethod
    def open(cls, path: Path, device: Device, threads: int, shape: tuple[int, ...], width: int) -> "ImageModel":
        """Open and try the model on a black picture; `shape` is that of a picture's tensor, `width` the vector's.

        Raises ModelUnavailableError where the model does not run, takes other pictures or gives other vectors.
        """
        model = OnnxModel.open(path, device, threads)
        if len(model.inputs) != 1:
            raise ModelUnavailableError(f"`{path.name}` takes {len(model.inputs)} inputs, expected one, the pictures")
        fixed = model.inputs[0].shape[0] if model.inputs[0].shape else None
        opened = cls(model, fixed or (CUDA_BATCH if model.on_cuda else 1))
        opened._try(shape, width)
        return opened

    def run(self, tensors: "Sequence[NDArray[np.float32]]") -> "list[NDArray[np.float32]]":
        """Return the vector of each picture, in order."""
        return [
            vector
            for start in range(0, len(tensors), self.batch)
            for vector in self._run(tensors[start : start + self.batch])
        ]

    def _run(self, tensors: "Sequence[NDArray[np.float32]]") -> "Sequence[NDArray[np.float32]]":
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        filled = [*tensors, *[tensors[-1]] * (self.batch - len(tensors))]
        (given,) = self.model.run({self.model.input_names[0]: np.stack(filled)}, self.model.output_names[:1])
        vectors: Any = given[: len(tensors)]
        return list(vectors)

    def _try(self, shape: tuple[int, ...], width: int) -> None:
        import numpy as np  # noqa: PLC0415

        name = self.model.path.name
        try:
            (vector,) = self.run([np.zeros(shape, np.float32)])
        except Exception as error:
            raise ModelUnavailableError(
                f"`{name}` does not take pictures of shape {shape}: {' '.join(str(error).split())}"
            ) from error
        if vector.shape != (width,):
            raise ModelUnavailableError(
                f"`{name}` gives {vector.shape} for a picture, expected ({width},), one value a label"
            )
