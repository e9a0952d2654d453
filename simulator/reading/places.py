"""Paths, globs, folders and URIs of object stores -> the files of a log."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

SUFFIXES = {
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow", ".arrows": "arrow",
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")


class LogError(ValueError):
    """A log that cannot be read; its text says which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file: where, and how it is told to people."""

    fs: pafs.FileSystem
    inner: str
    path: str
    bytes: int | None
    local: bool


def find(paths: Sequence[str]) -> tuple[Place, ...]:
    """Files, globs (`*`, `?`, `**`), folders (every file of a known kind below), and URIs of object stores. Raises LogError."""
    found = [place for path in paths for place in _find(path)]
    if not found:
        raise LogError("no log was given, expected files, folders or URIs")
    return tuple({(place.fs.type_name, place.inner): place for place in found}.values())


def _find(path: str) -> list[Place]:
    if not path:
        raise LogError("the name of a log is empty, expected a file, a folder or a URI")
    try:
        if "://" not in path:
            return _local(path)
        fs, inner = pafs.FileSystem.from_uri(path)
        scheme = path.partition("://")[0]
        return _there(fs, inner, path, lambda found: f"{scheme}://{found}")
    except (OSError, pa.ArrowException, ValueError) as error:
        if isinstance(error, LogError):
            raise
        raise LogError(f"cannot look for `{path}`: {one_line(error)}") from None


def _local(path: str) -> list[Place]:
    fs = pafs.LocalFileSystem()
    if Path(path).exists() or not any(char in path for char in "*?["):
        return _there(fs, path, path, str)
    names = sorted(name for name in glob.glob(path, recursive=True) if _is_log(name))  # noqa: PTH207 - absolute ones, too
    found = [_place(fs, info, info.path) for info in fs.get_file_info(names) if info.type == pafs.FileType.File]
    if not found:
        raise LogError(f"no file fits `{path}`, expected {kinds()}")
    return found


def _there(fs: pafs.FileSystem, inner: str, path: str, named: Callable[[str], str]) -> list[Place]:
    base = inner.rstrip("/") or inner
    if any(char in base for char in "*?"):
        root = base[: min(base.find(char) for char in "*?" if char in base)].rpartition("/")[0]
        infos = fs.get_file_info(pafs.FileSelector(root, recursive=True, allow_not_found=True))
        kept = [info for info in infos if info.type == pafs.FileType.File and fnmatchcase(info.path, base)]
    else:
        info = fs.get_file_info(base)
        if info.type == pafs.FileType.NotFound:
            raise LogError(f"there is no `{path}`, expected a file, a folder or a URI")
        if info.type == pafs.FileType.File:
            return [_place(fs, info, path)]
        infos = fs.get_file_info(pafs.FileSelector(base, recursive=True))
        kept = [info for info in infos if info.type == pafs.FileType.File and _is_log(info.path)]
    if not kept:
        raise LogError(f"`{path}` holds no file of a log, expected {kinds()}")
    return [_place(fs, info, named(info.path)) for info in sorted(kept, key=lambda info: info.path)]


def _place(fs: pafs.FileSystem, info: Any, path: str) -> Place:
    return Place(fs, info.path, path, info.size, isinstance(fs, pafs.LocalFileSystem))


def _is_log(path: str) -> bool:
    """Of a known kind, and no marker of a writer (`_SUCCESS`, `.crc`)."""
    name = path.rpartition("/")[2]
    return not name.startswith(("_", ".")) and suffix_of(name) is not None


def suffix_of(path: str) -> str | None:
    name = path.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return next((found for suffix, found in SUFFIXES.items() if name.endswith(suffix)), None)


def kinds() -> str:
    return ", ".join(f"`*{suffix}`" for suffix in SUFFIXES)


def one_line(error: BaseException) -> str:
    """What Arrow or the system says, on one line of bearable length."""
    said = " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())
    return (said[:1].lower() + said[1:])[:160].rstrip(".")
