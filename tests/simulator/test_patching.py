"""Thresholds written into rule files: numbers change, comments stay, and what would not check is not given."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from engine.load import LoadedPack, load_pack
from simulator.patching import patch, thresholds
from simulator.settings import SettingError, apply_settings, parse

PACK = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="module")
def loaded() -> LoadedPack:
    return load_pack(PACK)


def diff(loaded: LoadedPack, *texts: str) -> str:
    program = loaded.compiled.program
    assert program is not None
    return patch(loaded, [parse(program, text) for text in texts])


def changed(text: str, sign: str) -> list[str]:
    lines = text.splitlines()
    return [" ".join(line[1:].split()) for line in lines if line.startswith(sign) and not line.startswith(sign * 3)]


def test_only_the_numbers_change(loaded: LoadedPack) -> None:
    found = diff(loaded, "hate.text.hate.review=0.8125")
    assert changed(found, "-") == ["review >= 0.70", "review >= 0.60"]
    assert changed(found, "+") == ["review >= 0.8125", "review >= 0.8125"]
    assert "--- a/hate.limen" in found


def test_off_for_a_region_alone_stays_off(loaded: LoadedPack) -> None:
    assert changed(diff(loaded, "hate.image.swastika.remove=0.8"), "-") == [
        "remove >= 0.90",
        "thresholds on image.swastika { remove >= 0.75 }",
    ]


def test_a_region_without_a_block_gets_one_that_says_its_for_blocks_too(loaded: LoadedPack) -> None:
    assert changed(diff(loaded, "hate.text.hate.review@DE=0.75"), "+") == [
        "",
        "region DE {",
        "thresholds on text.hate { review >= 0.75 }",
        "for content.surface in [live] { thresholds on text.hate { review >= 0.75 } }",
        "}",
    ]


def test_a_region_that_shares_its_block_is_left_to_people(loaded: LoadedPack) -> None:
    with pytest.raises(SettingError, match=r"would not check: line .*LIM153"):
        diff(loaded, "hate.image.swastika.remove@DE=0.7")


def test_several_settings_make_one_patch_that_applies(loaded: LoadedPack, tmp_path: Path) -> None:
    texts = ["nudity.risk.remove@DE=0.85", "spam.text.spam.label=0.5", "hate.text.hate.review=off"]
    found = diff(loaded, *texts)
    shutil.copytree(PACK, tmp_path / "pack", ignore=shutil.ignore_patterns("__pycache__"))
    tool = shutil.which("patch")
    if tool is None:
        pytest.skip("the tool `patch` is not installed")
    subprocess.run([tool, "-p1", "-s"], input=found, text=True, cwd=tmp_path / "pack", check=True)
    program = loaded.compiled.program
    assert program is not None
    after = load_pack(tmp_path / "pack").compiled.program
    assert thresholds(after) == thresholds(apply_settings(program, texts))
    assert "# Nobody can take back what a stream has shown." in (tmp_path / "pack" / "hate.limen").read_text("utf-8")
