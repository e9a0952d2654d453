"""A path -> what an engine runs, whole or not at all (S9): from a pack's folder, a bundle, or a cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from engine.bundle import read_bundle
from engine.collection import paused_collection
from engine.load import LoadedPack, load_pack, read_manifest_setup
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.memory import Memory
from policy_dsl.pack import read_texts
from policy_dsl.program import Program
from policy_dsl.source import Source
from policy_dsl.stored import digest, from_json, to_json
from scorers.registry import Configured, Registry

__all__ = ["Loaded", "Loader", "PackInvalidError"]


class PackInvalidError(ValueError):
    """A pack with errors, which does not load (S9). `diagnostics` are all findings, `sources` the texts they point into."""

    def __init__(self, path: Path, diagnostics: tuple[Diagnostic, ...], sources: Mapping[str, Source]) -> None:
        self.path, self.diagnostics, self.sources = path, diagnostics, sources
        first = next(d for d in diagnostics if d.severity == "error")
        line, column = sources[first.span.path].position(first.span.start) if first.span.path in sources else (1, 1)
        super().__init__(
            f"the pack `{path}` has errors, the first at {first.span.path}:{line}:{column}: {first.message} [{first.code}];"
            f" `limen check {path}` shows them all"
        )


@dataclass(frozen=True)
class Loaded:
    """What an engine runs; replaced as a whole. `problems` are scorers that could not be set up (of a bundle)."""

    program: Program
    digest: str
    scorers: tuple[Configured, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loader:
    """Loads one path, as often as asked. `cache` is a folder for compiled packs, by content; None keeps none on disk."""

    path: Path
    registry: Registry
    cache: Path | None = None
    memory: Memory = field(default_factory=Memory)

    def load(self) -> Loaded:
        """Raises PackInvalidError, PackError, BundleError, OSError."""
        with paused_collection():
            if self.path.is_file():
                return self._bundle()
            return self._cached() or self._compiled(load_pack(self.path, self.registry, memory=self.memory))

    def _bundle(self) -> Loaded:
        bundle = read_bundle(self.path)
        program = bundle.program()
        setup = self.registry.configure(program.scorers, self.path.parent)
        return Loaded(
            program,
            bundle.digest,
            setup.scorers,
            tuple(f"{p.scorer}: {p.message}" for p in setup.problems if p.severity == "error"),
        )

    def _compiled(self, found: LoadedPack) -> Loaded:
        program = found.compiled.program
        if program is None:
            raise PackInvalidError(self.path, found.compiled.diagnostics, found.pack.sources)
        text = to_json(program)
        if self.cache is not None:
            entry = self._entry(found.pack.sources, found.setup.scorers)
            entry.parent.mkdir(parents=True, exist_ok=True)
            waiting = entry.with_suffix(f".{hashlib.sha256(text.encode()).hexdigest()[:8]}.tmp")
            waiting.write_text(text, encoding="utf-8")
            waiting.replace(entry)
        return Loaded(program, digest(text), found.setup.scorers)

    def _cached(self) -> Loaded | None:
        """A pack of the same texts and scorers that loaded before; None where there is none, or it cannot be read."""
        if self.cache is None:
            return None
        sources = read_texts(self.path).sources
        setup = read_manifest_setup(sources, self.registry, self.path)
        if setup is None or setup.problems:
            return None
        try:
            text = self._entry(sources, setup.scorers).read_text(encoding="utf-8")
            return Loaded(from_json(text), digest(text), setup.scorers)
        except (OSError, ValueError):
            return None

    def _entry(self, sources: Mapping[str, Source], scorers: tuple[Configured, ...]) -> Path:
        assert self.cache is not None
        outputs = {scorer.name: {name: repr(output) for name, output in scorer.outputs.items()} for scorer in scorers}
        texts = {path: source.text for path, source in sources.items()}
        key = json.dumps([compiler_digest(), texts, outputs], sort_keys=True)
        return self.cache / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}.json"


def compiler_digest() -> str:
    """Of the code and data that turn texts into a Program: another version of Limen never takes an old entry."""
    found = hashlib.sha256()
    for name in ("policy_dsl", "regions"):
        for path, text in sorted(_texts(Path(str(files(name))))):
            found.update(f"{name}/{path}\0".encode() + text + b"\0")
    return found.hexdigest()


def _texts(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in root.rglob("*"):
        if path.suffix in (".py", ".lark", ".yaml"):
            yield path.relative_to(root).as_posix(), path.read_bytes()
