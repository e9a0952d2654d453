"""`run` is the command line in this process, as its own tests run it."""

from tests.limen.conftest import run

__all__ = ["run"]
