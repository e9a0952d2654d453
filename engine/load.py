"""A pack's folder -> everything that running it needs: Program, configured scorers, findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policy_dsl.compile import Compiled, compile_pack
from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.env import Env, facts
from policy_dsl.manifest import Manifest
from policy_dsl.manifest_reader import read_manifest, span_of_key
from policy_dsl.memory import Memory
from policy_dsl.pack import MANIFEST, Pack, read_pack
from policy_dsl.program import Input
from policy_dsl.source import Source
from regions.load import load_regions
from regions.model import RegionError, RegionTree
from scorers.registry import Problem, Registry, Setup
from scorers.scorer import Kind, Output

KINDS = {Kind.SCORE: "score", Kind.FLAG: "bool", Kind.COUNT: "int", Kind.CHOICE: "enum", Kind.TEXT: "string"}


@dataclass(frozen=True)
class LoadedPack:
    """`env` is None where the manifest cannot be read; then nothing else was checked."""

    pack: Pack
    env: Env | None
    setup: Setup
    compiled: Compiled


def load_pack(
    root: Path, registry: Registry | None = None, tree: RegionTree | None = None, memory: Memory | None = None
) -> LoadedPack:
    """Reads and compiles a pack with the installed scorers. Raises PackError where there is no pack to read."""
    pack = read_pack(root, memory.parse) if memory else read_pack(root)
    if pack.manifest is None:
        return LoadedPack(pack, None, Setup(()), Compiled(None, pack.diagnostics))
    setup = (registry or Registry.installed()).configure(pack.manifest.scorers, root)
    env, found = make_env(pack.manifest, pack.sources[MANIFEST], setup, tree or load_regions())
    return LoadedPack(pack, env, setup, compile_pack(pack, env, found, memory))


def read_manifest_setup(sources: Mapping[str, Source], registry: Registry, root: Path) -> Setup | None:
    """The pack's scorers, without reading its rules; None where the manifest has errors."""
    manifest, _ = read_manifest(sources[MANIFEST])
    return registry.configure(manifest.scorers, root) if manifest else None


def make_env(manifest: Manifest, source: Source, setup: Setup, tree: RegionTree) -> tuple[Env, tuple[Diagnostic, ...]]:
    """What the rule files may speak of, and what is wrong with the manifest's scorers and regions."""
    found = [_scorer_finding(problem, source) for problem in setup.problems]
    try:
        tree = tree.extend(manifest.regions, manifest.groups)
    except RegionError as error:
        found += [_finding("LIM053", problem, source, _named(problem)) for problem in error.problems]
    inputs = {spec.name: spec for spec in facts(manifest)}
    for spec in outputs(setup):
        if spec.name in inputs:
            found.append(
                _finding(
                    "LIM052",
                    f"`{spec.name}` is an input and an output of the scorer `{spec.scorer}`",
                    source,
                    ("inputs", spec.name),
                )
            )
        inputs[spec.name] = spec
    loaded = {scorer.name for scorer in setup.scorers}
    unknown = tuple(name for name in manifest.scorers if name not in loaded)
    return Env(manifest, inputs, tree, unknown, uncalibrated(setup)), tuple(found)


def uncalibrated(setup: Setup) -> frozenset[str]:
    """The scores that neither their scorer nor the pack has calibrated."""
    scores = ((name, output) for name, output in setup.outputs.items() if output.kind is Kind.SCORE)
    return frozenset(name for name, output in scores if not output.probability and output.calibration is None)


def outputs(setup: Setup) -> Iterable[Input]:
    """The outputs of the pack's scorers as inputs of its rules."""
    for scorer in setup.scorers:
        for name, output in scorer.outputs.items():
            yield _input(name, scorer.name, output)


def _input(name: str, scorer: str, output: Output) -> Input:
    modality = output.modality.value if output.modality else None
    bounds = (output.minimum, output.maximum) if output.kind is Kind.COUNT else (None, None)
    return Input(name, KINDS[output.kind], *bounds, values=output.values, modality=modality, scorer=scorer)


def _scorer_finding(problem: Problem, source: Source) -> Diagnostic:
    path = ("scorers", problem.scorer, *(problem.key.split(".") if problem.key else ()))
    severity = Severity.ERROR if problem.severity == "error" else Severity.WARNING
    return _finding("LIM052", f"scorer `{problem.scorer}`: {problem.message}", source, path, severity)


def _named(problem: str) -> tuple[str, ...]:
    """The manifest's key that a problem with its regions or groups names: ``group `x` has …``."""
    match = re.match(r"(group|region) `([^`]+)`", problem)
    return (f"{match[1]}s", match[2]) if match else ("regions",)


def _finding(
    code: str, message: str, source: Source, path: tuple[str, ...], severity: Severity = Severity.ERROR
) -> Diagnostic:
    one_line = " ".join(message.split()).rstrip(".")
    return Diagnostic(code, severity, one_line, span_of_key(source, path))
