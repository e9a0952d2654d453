"""The YAML files in `regions/data` -> the tree that ships."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from pydantic import BaseModel, ConfigDict, TypeAdapter

from regions.model import RegionTree
from regions.plain_yaml import parse
from regions.regime import Regime
from regions.region import GLOBAL, Region, RegionSpec


class _TreeFile(BaseModel):
    """`tree.yaml`, written by `python -m regions.generate`; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    sources: dict[str, str]
    regions: dict[str, RegionSpec]
    groups: dict[str, tuple[str, ...]]
    aliases: dict[str, str]


def load_regions() -> RegionTree:
    """The tree that ships with Limen, without the regions and groups of a pack (see `RegionTree.extend`).

    Reads and checks the files anew at every call; keep the result.
    """
    data = files("regions") / "data"
    read = _TreeFile.model_validate(parse((data / "tree.yaml").read_text("utf-8")))
    regions = tuple(Region(code, spec.name, spec.parent, spec.languages) for code, spec in read.regions.items())
    root = Region(GLOBAL, "World", None)
    return RegionTree((root, *regions), tuple(read.groups.items()), _regimes(data), tuple(read.aliases.items()))


def _regimes(data: Traversable) -> tuple[Regime, ...]:
    """Every regime of `data/regimes/*.yaml`, in the order of the file names and of each file."""
    adapter = TypeAdapter(tuple[Regime, ...])
    found = sorted((data / "regimes").iterdir(), key=lambda file: file.name)
    return tuple(regime for file in found for regime in adapter.validate_python(parse(file.read_text("utf-8"))))
