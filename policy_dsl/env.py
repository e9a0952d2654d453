"""What a pack's rule files may speak of: the manifest's names, the typed inputs, the regions. An argument, never a global."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from policy_dsl.manifest import Manifest
from policy_dsl.program import Input
from regions.model import RegionTree


@dataclass(frozen=True, slots=True)
class Env:
    """`inputs` holds the manifest's facts and the scorers' outputs, by full name; `tree` the pack's regions and groups.

    `uncalibrated` are the scorers' scores that no calibration makes a probability.

    `unknown_scorers` are scorers of the manifest whose outputs are not known (the finding about each is made elsewhere):
    names that begin with one count as declared, so that one cause gives one finding.
    """

    manifest: Manifest
    inputs: Mapping[str, Input]
    tree: RegionTree
    unknown_scorers: tuple[str, ...] = ()
    uncalibrated: frozenset[str] = frozenset()

    def rank(self, enforcement: str) -> int:
        """0 for the weakest."""
        return list(self.manifest.enforcements).index(enforcement)

    def severity_rank(self, name: str) -> int:
        """0 for the most severe."""
        return list(self.manifest.severities).index(name)

    def kind_of(self, outcome: str) -> str | None:
        """What an outcome's name is: `enforcement`, `route`, `sanction`, or None."""
        manifest = self.manifest
        kinds: dict[str, Container[str]] = {
            "enforcement": manifest.enforcements,
            "route": manifest.routes,
            "sanction": manifest.sanctions,
        }
        return next((kind for kind, names in kinds.items() if outcome in names), None)


def facts(manifest: Manifest) -> Iterable[Input]:
    """The inputs that the manifest declares."""
    for name, spec in manifest.inputs.items():
        default = sorted(set(spec.default)) if isinstance(spec.default, list) else spec.default
        yield Input(name, spec.kind, spec.min, spec.max, spec.values, default, spec.optional, spec.modality)
