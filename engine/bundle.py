"""Program + provenance <-> `bundle.json`: a pack compiled once, to be loaded without its rule files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policy_dsl.pack import Pack
from policy_dsl.program import IR_VERSION, Program
from policy_dsl.stored import canonical, digest, from_json, to_json

FORMAT = "limen-bundle/1"


class BundleError(ValueError):
    """A file that is no bundle of this version, or whose content does not match its digest."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`text` is the program's canonical JSON; `files` are the pack's texts by path with their SHA-256; `version` is Limen's."""

    text: str
    digest: str
    files: dict[str, str]
    version: str

    def to_json(self) -> str:
        """The same bytes for the same pack on every machine: no date, no path of this one."""
        provenance = {"files": self.files, "limen": self.version}
        return canonical({"format": FORMAT, "digest": self.digest, "provenance": provenance, "program": self.text})

    def program(self) -> Program:
        """Raises BundleError where the text is no program of this version."""
        try:
            program = from_json(self.text)
        except (ValueError, RecursionError):
            raise BundleError(
                "the bundle's program is not of the form that this version reads: build it again"
            ) from None
        if program.ir != IR_VERSION:
            raise BundleError(
                f"the bundle holds a program of version {program.ir}, expected {IR_VERSION}: build it again"
            )
        return program


def make_bundle(program: Program, pack: Pack, version: str) -> Bundle:
    files = {path: digest(source.text) for path, source in sorted(pack.sources.items())}
    text = to_json(program)
    return Bundle(text, digest(text), files, version)


def read_bundle(path: Path) -> Bundle:
    """A bundle whose program matches its digest. Raises BundleError; OSError where the file cannot be read."""
    try:
        data: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise BundleError(f"`{path}` is no bundle: it is not JSON, expected what `limen bundle` writes") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BundleError(f"`{path}` is no bundle of this version: expected the format `{FORMAT}`")
    try:
        provenance = data["provenance"]
        bundle = Bundle(str(data["program"]), str(data["digest"]), dict(provenance["files"]), str(provenance["limen"]))
    except (KeyError, TypeError, ValueError):
        raise BundleError(
            f"`{path}` is damaged: expected `digest`, `provenance` and `program`, build it again"
        ) from None
    if digest(bundle.text) != bundle.digest:
        raise BundleError(f"`{path}` is damaged: its program does not match its digest")
    return bundle
