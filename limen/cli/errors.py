"""What a command raises where it cannot be carried out."""

from __future__ import annotations


class CannotError(Exception):
    """Ends the command with its message on standard error and status 2."""


def reason(error: OSError) -> str:
    """What the system says, without its number: `no such file or directory`."""
    said = error.strerror or str(error) or type(error).__name__
    return f"{said[0].lower()}{said[1:]}"


def why(error: OSError) -> str:
    """The reason with the file it is about: "no such file or directory: `x.json`"."""
    return reason(error) + (f": `{error.filename}`" if error.filename else "")
