"""A model file and settings -> `OnnxModel`: opened once, run from any thread, honest about what it runs on."""

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from scorers.onnx.binding import run_bound
from scorers.onnx.runtime import (
    CPU,
    CUDA,
    GPU_COMMAND,
    ModelUnavailableError,
    needed,
    offers_cuda,
    preload_cuda,
    runtime,
)

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
Precision: TypeAlias = Literal["auto", "fp32", "fp16", "int8"]

FILES: Mapping[str, tuple[str, ...]] = {
    "fp32": ("model.onnx",),
    "fp16": ("model_fp16.onnx", "model_float16.onnx"),
    "int8": ("model_int8.onnx", "model_quantized.onnx", "model_uint8.onnx"),
}
_FOLDERS = ("", "onnx")  # where exporters lay the files
_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(bool)": "bool",
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a model: its name, its NumPy type, and its shape, where None is any size."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model that runs. `provider` is the execution provider that really does, as the session itself reports it.

    `quantised_at_run` says that activations are quantised anew at every run (dynamic int8), by one scale for the
    whole array: then what a row gives depends on its neighbours in the batch.
    """

    path: Path
    provider: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    quantised_at_run: bool
    module: Any
    session: Any

    @classmethod
    def open(cls, path: Path, device: Device = "auto", threads: int = 0) -> Self:
        """Open a model file; `threads` work on one run, 0 being one a core.

        `auto` takes CUDA where it runs and the CPU elsewhere. Raises ModelUnavailableError where the runtime is missing or
        doubled, the file is missing or no model, or `cuda` is asked for and does not run.
        """
        module = runtime()
        if not path.is_file():
            raise ModelUnavailableError(f"there is no model file `{path}`")
        session = _session(module, path, device, threads)
        return cls(
            path,
            session.get_providers()[0],
            tuple(map(_tensor, session.get_inputs())),
            tuple(map(_tensor, session.get_outputs())),
            _names(path, b"DynamicQuantize"),
            module,
            session,
        )

    @property
    def on_cuda(self) -> bool:
        return self.provider == CUDA

    @property
    def device(self) -> str:
        """`cuda` or `cpu`: what the session runs on."""
        return "cuda" if self.on_cuda else "cpu"

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.outputs)

    def run(self, inputs: Mapping[str, Any], outputs: Sequence[str] = ()) -> list[Any]:
        """Return the arrays of `outputs` (all of them unless named), in order; float16 comes back as float32.

        Inputs are NumPy arrays, brought to the model's types; what the model does not ask for is left out. Raises
        KeyError where an input is lacking, and what the runtime raises for arrays of a wrong shape.
        """
        fed = {tensor.name: _cast(inputs[tensor.name], tensor.dtype) for tensor in self.inputs}
        names = list(outputs) or list(self.output_names)
        given = run_bound(self.module, self.session, fed, names) if self.on_cuda else self.session.run(names, fed)
        return [_cast(array, "float32") if array.dtype == "float16" else array for array in given]

    def warm_up(self, sizes: Mapping[int, int] | None = None) -> None:
        """Run once on zeros, so that the first caller does not pay for what is made at first use.

        `sizes` gives the sizes of axes that the model leaves open, by their position; they are 1 unless given.
        """
        numpy = _numpy()
        sizes = sizes or {}
        self.run(
            {
                tensor.name: numpy.zeros(
                    [sizes.get(axis, 1) if size is None else size for axis, size in enumerate(tensor.shape)],
                    tensor.dtype,
                )
                for tensor in self.inputs
            }
        )


def model_file(folder: Path, precision: Precision = "auto") -> Path:
    """Return the model file of a folder as exporters lay it out (`model.onnx`, `onnx/model_fp16.onnx`, …).

    `auto` takes the first there is of fp32, fp16 and int8, whatever the device: a precision changes scores, and a score must not
    depend on the machine. Raises ModelUnavailableError where there is no such file.
    """
    kinds = tuple(FILES) if precision == "auto" else (precision,)
    found = _found(folder)
    for kind in kinds:
        if kind in found:
            return found[kind]
    expected = " or ".join(f"`{FILES[kind][0]}`" for kind in kinds)
    there = (
        f"there is {', '.join(f'`{path.name}` ({kind})' for kind, path in found.items())}"
        if found
        else "no model is there"
    )
    raise ModelUnavailableError(f"`{folder}` has no {expected}: {there}")


def _found(folder: Path) -> dict[str, Path]:
    places = {
        kind: next((path for name in names for sub in _FOLDERS if (path := folder / sub / name).is_file()), None)
        for kind, names in FILES.items()
    }
    return {kind: path for kind, path in places.items() if path is not None}


def _session(module: Any, path: Path, device: Device, threads: int) -> Any:
    if device == "cpu" or (device == "auto" and not offers_cuda(module)):
        return _opened(module, path, threads, [CPU])
    if not offers_cuda(module):
        raise ModelUnavailableError(
            f"`device: cuda` does not run: this ONNX Runtime has {_listed(module.get_available_providers())}; run "
            f"`pip uninstall onnxruntime`, then `{GPU_COMMAND}`"
        )
    preload_cuda(module)
    # TF32 would round products to 10 bits: scores would move by thousandths against the CPU.
    session = _opened(module, path, threads, [(CUDA, {"device_id": 0, "use_tf32": 0}), CPU], lenient=device == "auto")
    if device == "cuda" and session.get_providers()[0] != CUDA:
        raise ModelUnavailableError(
            f"`device: cuda` does not run: the session has only {_listed(session.get_providers())}; see that a GPU, its driver "
            "and CUDA's libraries are there"
        )
    return session


def _opened(module: Any, path: Path, threads: int, providers: Sequence[Any], *, lenient: bool = False) -> Any:
    options = module.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # a plan is kept for every shape ever seen, and texts come in many
    options.log_severity_level = 3
    try:
        return module.InferenceSession(str(path), options, providers=list(providers), enable_fallback=0)
    except Exception as error:
        if lenient:
            return _opened(module, path, threads, [CPU])
        on = " on CUDA" if len(providers) > 1 else ""
        raise ModelUnavailableError(f"`{path.name}` cannot be opened{on}: {' '.join(str(error).split())}") from error


def _names(path: Path, operator: bytes) -> bool:
    """Say whether a model file has an operator of such a name; names stand in the file as they are."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(operator) >= 0


def _listed(providers: Sequence[str]) -> str:
    return ", ".join(f"`{name.removesuffix('ExecutionProvider')}`" for name in providers)


def _tensor(described: Any) -> Tensor:
    return Tensor(
        described.name,
        _TYPES.get(described.type, described.type),
        tuple(size if isinstance(size, int) and size > 0 else None for size in described.shape),
    )


def _cast(array: Any, dtype: str) -> Any:
    return _numpy().ascontiguousarray(array, dtype)


def _numpy() -> Any:
    return needed("numpy", "cpu")
