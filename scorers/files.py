"""A scorer's settings -> the files that they name, and what changes with those."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scorers.paths import OutsideFolderError, inside
from scorers.watched import Stamp, stamp_of


def named_files(settings: Any, folder: Path) -> set[Path]:
    """Return the files that a setting names, and those in the folders that it names."""
    if isinstance(settings, Mapping | list | tuple):
        inner = settings.values() if isinstance(settings, Mapping) else settings
        return set[Path]().union(*(named_files(value, folder) for value in inner))
    if not isinstance(settings, str) or not settings or len(settings) > 1000 or "\0" in settings:
        return set()
    try:
        path = inside(folder, settings)  # a word of a list may be `/` or `..`: nothing out there is looked at
        if path.is_file():
            return {path}
        named = path.is_dir() and path != folder.resolve()
        return {file for file in path.rglob("*") if file.is_file()} if named else set()
    except (OSError, OutsideFolderError):
        return set()


def stamps(settings: Any, folder: Path) -> Stamp:
    """Return, for each file that the settings name, what changes with it; nothing is read."""
    return {file: stamp_of(file) for file in named_files(settings, folder)}
