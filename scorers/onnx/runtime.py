"""The installed distributions -> the one ONNX Runtime, or a refusal that says what to install.

Several distributions own the module `onnxruntime` and silently overwrite each other's files; whichever was installed last
half wins. So nothing imports that module but through here.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable
from importlib import import_module, metadata, util
from typing import Any

DISTRIBUTIONS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "onnxruntime-openvino",
    "onnxruntime-rocm",
    "onnxruntime-training",
)
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
CPU_COMMAND, GPU_COMMAND = "pip install 'limen[cpu]'", "pip install 'limen[gpu]'"


class ModelUnavailableError(RuntimeError):
    """A model cannot run here; the message says what is there and what to do."""


def needed(module: str, extra: str) -> Any:
    """Import a library that an extra brings. Raises ModelUnavailableError, which names the command, where it is not there."""
    command = f"run `pip install 'limen[{extra}]'`"
    try:
        return import_module(module)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name in (module, module.partition(".")[0]):
            raise ModelUnavailableError(f"`{module}` is not installed: {command}") from error
        raise ModelUnavailableError(
            f"`{module}` is there but cannot be imported ({error}): {command}, or what that names"
        ) from error


def installed(names: Iterable[str] = DISTRIBUTIONS) -> tuple[str, ...]:
    """Return those of the distributions that are installed."""
    return tuple(name for name in names if _is_installed(name))


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def chosen(found: Iterable[str]) -> str:
    """Return the only distribution among those found. Raises ModelUnavailableError where there is none or several."""
    names = tuple(found)
    if not names:
        raise ModelUnavailableError(f"no ONNX Runtime is installed: run `{CPU_COMMAND}`, or `{GPU_COMMAND}` for CUDA")
    if len(names) > 1:
        both = " and ".join(f"`{name}`" for name in names)
        raise ModelUnavailableError(
            f"{both} overwrite each other: run `pip uninstall {' '.join(names)}`, then `{CPU_COMMAND}` or `{GPU_COMMAND}`"
        )
    return names[0]


def runtime(find: Callable[[], Iterable[str]] = installed) -> Any:
    """Return the module `onnxruntime`. Raises ModelUnavailableError where none, or more than one, could be it."""
    name = chosen(find())
    try:
        return import_module("onnxruntime")
    except ImportError as error:
        raise ModelUnavailableError(
            f"`{name}` is installed but cannot be imported: run `pip install --force-reinstall {name}` ({error})"
        ) from error


def offers_cuda(module: Any) -> bool:
    """Say whether this build of the runtime knows CUDA: whether CUDA runs is seen only in a session."""
    return CUDA in module.get_available_providers()


def preload_cuda(module: Any) -> None:
    """Load the CUDA libraries that pip installed beside the runtime, where there are such."""
    if util.find_spec("nvidia") and hasattr(module, "preload_dlls"):
        with contextlib.redirect_stdout(sys.stderr):  # it prints, and standard output belongs to decisions
            module.preload_dlls()
