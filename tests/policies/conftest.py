"""The shipped pack, loaded once."""

from pathlib import Path

import pytest

from engine.engine import Engine
from engine.load import LoadedPack, load_pack

PACK = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture(scope="package")
def loaded() -> LoadedPack:
    return load_pack(PACK)


@pytest.fixture(scope="package")
def engine() -> Engine:
    return Engine.load(PACK)
