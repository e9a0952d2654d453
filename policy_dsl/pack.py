"""A directory -> Pack: the manifest, the files' nodes, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policy_dsl import nodes as n
from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.manifest import Manifest
from policy_dsl.manifest_reader import read_manifest
from policy_dsl.parser import Parsed, parse
from policy_dsl.source import Source, Span

MANIFEST = "limen.yaml"
MAX_BYTES = 8_000_000


class PackError(Exception):
    """A pack that cannot be read at all: no such directory, or no manifest in it."""


@dataclass(frozen=True)
class Pack:
    """`files` are in order of their paths; `sources` hold every text by path, relative to `root` and with `/`."""

    root: Path
    manifest: Manifest | None
    files: tuple[n.File, ...]
    sources: Mapping[str, Source]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def items(self) -> tuple[n.Item, ...]:
        return tuple(item for file in self.files for item in file.items)

    @property
    def policies(self) -> tuple[n.Policy, ...]:
        """By name; of two with one name (a finding) both stand here."""
        return tuple(sorted((item for item in self.items if isinstance(item, n.Policy)), key=lambda p: p.name.text))


@dataclass(frozen=True)
class Texts:
    """A pack's files, unread as rules: the manifest and every rule file, by path; what could not be read is a finding."""

    sources: Mapping[str, Source]
    diagnostics: tuple[Diagnostic, ...]


def read_texts(root: Path) -> Texts:
    """`limen.yaml` and every `.limen` file below `root`, hidden folders left out. Raises PackError."""
    if not root.exists():
        raise PackError(f"there is no folder `{root}`")
    if not root.is_dir():
        raise PackError(f"`{root}` is not a directory, expected a pack: a directory with a `{MANIFEST}`")
    if not (root / MANIFEST).is_file():
        raise PackError(f"`{root}` has no `{MANIFEST}`: `limen init DIR` makes a pack to start from")
    found: list[Diagnostic] = []
    sources = {path: _read(root, path, found) for path in (MANIFEST, *_rule_files(root))}
    return Texts(sources, tuple(found))


def read_pack(root: Path, parse: Callable[[Source], Parsed] = parse) -> Pack:
    """Reads and parses a pack. Raises PackError."""
    texts = read_texts(root)
    unreadable = any(found.span.path == MANIFEST for found in texts.diagnostics)
    manifest, problems = (None, ()) if unreadable else read_manifest(texts.sources[MANIFEST])
    parsed = [parse(source) for path, source in texts.sources.items() if path != MANIFEST]
    found = [*texts.diagnostics, *problems, *(finding for file in parsed for finding in file.diagnostics)]
    return Pack(root, manifest, tuple(file.file for file in parsed), texts.sources, tuple(found))


def _rule_files(root: Path) -> list[str]:
    found = (path for path in root.rglob("*.limen") if path.is_file() or (path.is_symlink() and not path.exists()))
    paths = (path.relative_to(root) for path in found)
    return sorted(path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))


def _read(root: Path, path: str, found: list[Diagnostic]) -> Source:
    """The text with `\\n` line ends; an unreadable file gives a finding and reads as empty."""
    nowhere = Span(path, 0, 0)
    try:
        data = (root / path).read_bytes()
        if len(data) > MAX_BYTES:
            found.append(
                Diagnostic(
                    "LIM051", Severity.ERROR, f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}", nowhere
                )
            )
            return Source(path, "")
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8: byte {error.start + 1} is 0x{error.object[error.start]:02x}"
        found.append(Diagnostic("LIM051", Severity.ERROR, message, nowhere, help="save it as UTF-8"))
        return Source(path, "")
    except OSError as error:
        found.append(Diagnostic("LIM051", Severity.ERROR, f"the file cannot be read: {error.strerror}", nowhere))
        return Source(path, "")
    return Source(path, text.replace("\r\n", "\n"), root.as_posix())
