"""What has been found already, up to a bound."""

from __future__ import annotations

from typing import Any

LIMIT = 100_000  # entries of all dictionaries together; an outcome and its key take about one kilobyte


class Memory:
    """Dictionaries that fill as records come; when they hold too much together, all of them are emptied.

    Reading takes no lock: a thread that finds nothing computes what it needs.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit, self.count = limit, 0
        self.dictionaries: list[dict[Any, Any]] = []

    def dictionary(self) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        self.dictionaries.append(found)
        return found

    def keep(self, where: dict[Any, Any], key: Any, value: Any) -> None:
        if self.count >= self.limit:
            self.count = 0
            for found in self.dictionaries:
                found.clear()
        self.count += 1
        where[key] = value
