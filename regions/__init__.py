"""Where a policy holds: the region tree, named groups of regions, and legal regimes as dated data."""

from regions.errors import RegionError, UnknownRegionError
from regions.load import load_regions
from regions.model import RegionTree
from regions.regime import Regime
from regions.region import GLOBAL, Region, RegionSpec

__all__ = [
    "GLOBAL",
    "Regime",
    "Region",
    "RegionError",
    "RegionSpec",
    "RegionTree",
    "UnknownRegionError",
    "load_regions",
]
