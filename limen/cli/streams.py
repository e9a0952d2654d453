"""Standard input, output and error, whatever the caller made of them -> streams that can be used."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TextIO


def prepare_streams() -> None:
    """Output is UTF-8 wherever nobody sees it on a terminal; what cannot be written is escaped; a closed stream is empty."""
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def _nowhere(mode: str) -> TextIO:
    return Path(os.devnull).open(mode, encoding="utf-8")  # type: ignore[return-value]


def silence(stream: TextIO) -> None:
    """What is left in the buffer of a stream that nobody reads, or that has no room, goes nowhere when Python ends."""
    if isinstance(stream, io.TextIOWrapper):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except OSError:  # it has no file behind it
            return
