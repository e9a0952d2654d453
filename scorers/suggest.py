"""A name that nobody knows -> the line that says so, with the nearest that somebody does."""

import difflib
from collections.abc import Iterable


def unknown(what: str, seen: str, known: Iterable[str]) -> str:
    """Return ``unknown WHAT `SEEN`: did you mean `NEAREST`?``, or the known names where none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(seen, names, n=1)
    hint = f": did you mean `{near[0]}`?" if near else f" (known: {', '.join(names) or 'none'})"
    return f"unknown {what} `{seen}`{hint}"
