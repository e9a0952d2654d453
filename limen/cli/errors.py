"""What a command raises where it cannot be carried out."""

from __future__ import annotations


class CannotError(Exception):
    """Ends the command with its message on standard error and status 2."""


def why(error: OSError) -> str:
    """The system's reason with the file it is about, without the number: `no such file or directory: x.json`."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason[0].lower()}{reason[1:]}" + (f": `{error.filename}`" if error.filename else "")
