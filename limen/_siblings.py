"""Refuses to start where another distribution's `engine`, `regions`… would be imported in place of Limen's."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SIBLINGS = ("policy_dsl", "regions", "scorers", "engine", "simulator")
HOME = Path(__file__).resolve().parent.parent


class ShadowedError(ImportError):
    """A package of the same name as one of Limen's comes first on the import path."""


def check() -> None:
    """Raises ShadowedError, naming the stranger and the way out."""
    for name in SIBLINGS:
        spec = importlib.util.find_spec(name)
        places = [Path(place).resolve() for place in (spec.submodule_search_locations or ())] if spec else []
        if spec is not None and not places and spec.origin:
            places = [Path(spec.origin).resolve()]
        if HOME / name in places:
            continue
        seen = str(places[0]) if places else "nothing"
        raise ShadowedError(
            f"Limen needs its own package `{name}` (in {HOME}), but Python finds {seen}:"
            " rename that file or folder, uninstall its distribution, or run Limen from a virtual environment of its own"
        )


check()
