"""A small part of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.run import main
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", [target.name for target in TARGETS])
def test_hostile_inputs_give_findings_and_nothing_else(target: str, tmp_path: Path) -> None:
    assert main(["--inputs", "500", "--seed", "1000000", "--target", target, "--keep", str(tmp_path)]) == 0
