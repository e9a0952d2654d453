"""What a scorer did -> numbers that somebody can watch."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Counted by the runner while it works; read them through `Runner.statistics`.

    Contents: `asked` about; of those `hits` came from the cache, `joined` waited for another caller's answer to the same
    content, `overloaded` were refused by a full queue, `expired` waited too long, `missing` ended without all their
    values. Calls of the model: `calls`, with `contents` in all; of those `failures` raised or answered in another shape,
    `hung` were given up.
    """

    asked: int = 0
    hits: int = 0
    joined: int = 0
    overloaded: int = 0
    expired: int = 0
    missing: int = 0
    calls: int = 0
    contents: int = 0
    failures: int = 0
    hung: int = 0

    @property
    def misses(self) -> int:
        return self.asked - self.hits - self.joined

    @property
    def batch(self) -> float:
        """Contents a call, on average; 0 before the first one."""
        return self.contents / self.calls if self.calls else 0.0

    def call(self, size: int) -> None:
        self.calls += 1
        self.contents += size
