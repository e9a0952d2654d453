"""`limen fmt`: what is no rule file, what has errors, what standard input gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.limen.packs import POLICY, Run

UGLY = 'policy x{title "a" owner "b" severity P2}\n'
NICE = 'policy x {\n  title    "a"\n  owner    "b"\n  severity P2\n}\n'


def test_standard_input_is_formatted_to_standard_output(run: Run) -> None:
    assert run("fmt", "-", stdin=UGLY) == (0, NICE, "")
    assert run("fmt", "-", stdin=NICE) == (0, NICE, "")


def test_checking_standard_input_shows_the_difference(run: Run) -> None:
    status, out, _ = run("fmt", "--check", "-", stdin=UGLY)
    assert status == 1
    assert out.startswith("--- -\n+++ - (formatted)\n")
    assert run("fmt", "--check", "-", stdin=NICE) == (0, "", "")


def test_one_file_with_errors_keeps_no_other_from_being_formatted(run: Run, pack: Path) -> None:
    (pack / "a.limen").write_text("policy a {\n", encoding="utf-8")
    (pack / "z.limen").write_text(UGLY, encoding="utf-8")
    status, out, err = run("fmt", pack)
    assert (status, out) == (1, f"formatted {pack / 'z.limen'}\n")
    assert "a.limen:2" in err
    assert (pack / "z.limen").read_text(encoding="utf-8") == NICE


def test_the_line_ends_of_a_checkout_are_no_matter_of_form(run: Run, pack: Path) -> None:
    raw = b"\xef\xbb\xbf" + POLICY.replace("\n", "\r\n").encode()
    (pack / "insults.limen").write_bytes(raw)
    assert run("fmt", "--check", pack) == (0, "", "")
    assert (pack / "insults.limen").read_bytes() == raw


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.limen", None, "no such file or folder"),
        ("limen.yaml", b"pack: x", "is no rule file: expected a name that ends in `.limen`, or a folder"),
        ("x.limen", b"\xff\xfe", "is not UTF-8, at byte 1: save it as UTF-8"),
    ],
)
def test_what_cannot_be_formatted(run: Run, tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = run("fmt", tmp_path / name)
    assert (status, out) == (2, "")
    assert told in err


def test_a_folder_without_rule_files_is_said_to_have_none(run: Run, tmp_path: Path) -> None:
    assert run("fmt", tmp_path) == (0, "", f"limen: no rule files in `{tmp_path}`\n")


def test_a_file_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.limen").write_text(UGLY, encoding="utf-8")
    (tmp_path / "x.limen").chmod(0o444)
    status, _, err = run("fmt", tmp_path / "x.limen")
    if status == 0:
        pytest.skip("this user may write read-only files")
    assert (status, err) == (2, f"limen: cannot write `{tmp_path / 'x.limen'}`: permission denied\n")
