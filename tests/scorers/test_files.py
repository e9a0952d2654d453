"""The files that settings name: those of the pack, and nothing outside of it."""

from pathlib import Path

import pytest

from scorers.files import named_files


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    folder = tmp_path / "pack"
    (folder / "model" / "deep").mkdir(parents=True)
    for name in ("list.txt", "model/model.onnx", "model/deep/a.json"):
        (folder / name).write_text("x", encoding="utf-8")
    return folder


def test_files_and_those_in_folders_are_found_wherever_a_setting_names_them(pack: Path) -> None:
    settings = {"lists": {"a": "list.txt"}, "model": "model", "judges": [{"prefix": "text", "top": 3}]}
    found = {path.relative_to(pack.resolve()).as_posix() for path in named_files(settings, pack)}
    assert found == {"list.txt", "model/model.onnx", "model/deep/a.json"}


@pytest.mark.parametrize("word", ["/", "..", ".", "../secret.txt", "", "a\0b", "x" * 5_000, "/etc", "~"])
def test_a_word_that_leads_out_of_the_pack_names_no_file(pack: Path, word: str) -> None:
    assert named_files({"terms": [word]}, pack) == set()
