"""A distribution's name and a file's digest -> the path of a model file that another package carries, not imported.

Such packages pull runtimes or frameworks when imported; all that is wanted of them is one file.
"""

import hashlib
from importlib import metadata
from pathlib import Path

from scorers.onnx.runtime import ModelUnavailableError


def packaged(distribution: str, ending: str, sha256: str, command: str) -> Path:
    """Return the file of an installed distribution whose path ends so, when it has this digest.

    Raises ModelUnavailableError, which names the `command` that installs it, where it is missing or another file.
    """
    path = _located(distribution, ending)
    if path is None or not path.is_file():
        raise ModelUnavailableError(f"the model file of `{distribution}` is not installed: run `{command}`")
    with path.open("rb") as file:
        seen = hashlib.file_digest(file, "sha256").hexdigest()
    if seen != sha256:
        raise ModelUnavailableError(
            f"`{path.name}` of `{distribution}` has the SHA-256 {seen[:12]}…, expected {sha256[:12]}…: install the version "
            "that this release of Limen was made for"
        )
    return path


def _located(distribution: str, ending: str) -> Path | None:
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if str(file).endswith(ending)), None)
