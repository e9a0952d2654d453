"""Program + provenance <-> `bundle.json`: a pack compiled once, to be loaded without its rule files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policy_dsl.pack import Pack
from policy_dsl.program import IR_VERSION, Program

FORMAT = "limen-bundle/1"


class BundleError(ValueError):
    """A file that is no bundle of this version, or whose content does not match its digest."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files` are the pack's texts by path with their SHA-256; `version` is Limen's."""

    program: Program
    digest: str
    files: dict[str, str]
    version: str

    def to_json(self) -> str:
        """The same bytes for the same pack on every machine: no date, no path of this one."""
        head = {"format": FORMAT, "digest": self.digest, "provenance": {"files": self.files, "limen": self.version}}
        body = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f'{body[:-1]},"program":{self.program.to_json()}}}\n'


def make_bundle(program: Program, pack: Pack, version: str) -> Bundle:
    files = {
        path: hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()
        for path, source in sorted(pack.sources.items())
    }
    return Bundle(program, program.digest(), files, version)


def read_bundle(path: Path) -> Bundle:
    """Raises BundleError; OSError where the file cannot be read."""
    try:
        data: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleError(f"`{path}` is no bundle: it is not JSON ({error})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BundleError(f"`{path}` is no bundle of this version: expected the format `{FORMAT}`")
    return _checked(path, data)


def _checked(path: Path, data: dict[str, Any]) -> Bundle:
    try:
        program = Program.from_json(json.dumps(data["program"]))
        provenance = data["provenance"]
        bundle = Bundle(program, data["digest"], dict(provenance["files"]), str(provenance["limen"]))
    except (KeyError, TypeError, ValidationError) as error:
        raise BundleError(f"`{path}` is damaged: {str(error).splitlines()[0]}") from None
    if program.ir != IR_VERSION:
        raise BundleError(
            f"`{path}` holds a program of version {program.ir}, expected {IR_VERSION}: build it again from the pack"
        )
    if program.digest() != bundle.digest:
        raise BundleError(f"`{path}` is damaged: its program does not match its digest")
    return bundle
