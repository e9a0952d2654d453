"""Packs in memory, or in a folder without a manifest of its own -> what checking them finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from engine.load import make_env
from policy_dsl.compile import Compiled, compile_pack
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.env import Env
from policy_dsl.manifest_reader import read_manifest
from policy_dsl.pack import MANIFEST, Pack, read_pack
from policy_dsl.parser import parse
from policy_dsl.render import render
from policy_dsl.source import Source
from regions.load import load_regions
from regions.model import RegionTree
from scorers.registry import Registry, Setup

GOLDEN = Path(__file__).parent.parent / "golden"
SHARED = GOLDEN / "checks" / MANIFEST


@dataclass(frozen=True)
class Checked:
    pack: Pack
    compiled: Compiled

    @property
    def codes(self) -> list[str]:
        return [found.code for found in self.compiled.diagnostics]

    @property
    def errors(self) -> list[str]:
        return [found.code for found in self.compiled.errors]

    def of(self, code: str) -> list[Diagnostic]:
        return [found for found in self.compiled.diagnostics if found.code == code]

    def text(self, found: Diagnostic) -> str:
        """What the finding points at."""
        return self.pack.sources[found.span.path].text[found.span.start : found.span.end]

    def place(self, found: Diagnostic) -> str:
        return "{}:{}".format(*self.pack.sources[found.span.path].position(found.span.start))

    def rendered(self, found: Iterable[Diagnostic]) -> str:
        sources = {path: replace(source, folder="") for path, source in self.pack.sources.items()}
        return render(tuple(found), sources, "text", lambda code: f"docs/reference/errors/{code}.md")


@cache
def tree() -> RegionTree:
    return load_regions()


@cache
def shared_manifest() -> str:
    return SHARED.read_text(encoding="utf-8")


def check(files: Mapping[str, str] | str, manifest: str | None = None) -> Checked:
    """`files`: texts by path, or the text of `p.limen`."""
    texts = {"p.limen": files} if isinstance(files, str) else files
    source = Source(MANIFEST, shared_manifest() if manifest is None else manifest)
    read, problems = read_manifest(source)
    sources = {MANIFEST: source, **{path: Source(path, text) for path, text in texts.items()}}
    parsed = [parse(sources[path]) for path in texts]
    found = (*problems, *(d for file in parsed for d in file.diagnostics))
    return compiled(Pack(Path(), read, tuple(file.file for file in parsed), sources, found))


def compiled(pack: Pack) -> Checked:
    if pack.manifest is None:
        return Checked(pack, Compiled(None, pack.diagnostics))
    scorers = pack.manifest.scorers
    setup = Registry.installed().configure(scorers, pack.root) if scorers else Setup(())
    env, before = make_env(pack.manifest, pack.sources[MANIFEST], setup, tree())
    return Checked(pack, compile_pack(pack, env, before))


@cache
def shared_env() -> Env:
    source = Source(MANIFEST, shared_manifest())
    manifest, _ = read_manifest(source)
    assert manifest is not None
    return make_env(manifest, source, Setup(()), tree())[0]


def check_folder(folder: Path) -> Checked:
    """A pack, or rule files that the shared manifest is for."""
    if (folder / MANIFEST).exists():
        return compiled(read_pack(folder))
    paths = sorted(folder.rglob("*.limen"))
    return check({path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths})
