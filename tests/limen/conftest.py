"""A small pack, and a function that runs a command in this process."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from limen.cli.app import main
from tests.limen.packs import MANIFEST, POLICY, Run


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "insults.limen").write_text(POLICY, encoding="utf-8")
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*args: object, stdin: str | bytes = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["limen", *map(str, args)])
        monkeypatch.setattr(
            sys,
            "stdin",
            io.TextIOWrapper(io.BytesIO(stdin if isinstance(stdin, bytes) else stdin.encode()), encoding="utf-8"),
        )
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return call
