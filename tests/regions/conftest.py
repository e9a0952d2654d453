"""The tree that ships, read once for the tests that only look at it."""

import pytest

from regions import RegionTree, load_regions


@pytest.fixture(scope="package")
def tree() -> RegionTree:
    return load_regions()
