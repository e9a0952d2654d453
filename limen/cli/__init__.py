"""The command line. One command a file; exit status 0 fine, 1 findings or failed expectations, 2 could not be carried out."""

from __future__ import annotations

from limen.cli.app import app
from limen.cli.app import process as main

__all__ = ["app", "main"]
