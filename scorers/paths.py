"""A folder and a relative path written by somebody else -> a path that lies in that folder."""

from pathlib import Path


class OutsideFolderError(ValueError):
    """A path that leaves the folder it must stay in."""


def inside(folder: Path, written: str) -> Path:
    """Return `folder / written`, links resolved. Raises OutsideFolderError where that is not below `folder`."""
    root = folder.resolve()
    try:
        path = (root / written).resolve()
    except (OSError, ValueError) as error:  # a NUL byte, a loop of links
        raise OutsideFolderError(f"`{written!r}` is no usable path: {error}") from error
    if not path.is_relative_to(root):
        raise OutsideFolderError(f"`{written}` leaves the folder `{root}`: give a path inside it")
    return path
