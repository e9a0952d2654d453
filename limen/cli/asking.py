"""What the decisions of a run say about who was asked -> a table of calls made and saved, by scorer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from engine.engine import Engine
from engine.rendering import Decision


class Asking:
    """How many contents each scorer was asked about, and about how many that it could have judged it was not."""

    def __init__(self) -> None:
        self.contents = 0
        self.asked, self.saved = Counter[str](), Counter[str]()

    def see(self, decisions: Sequence[Decision]) -> None:
        """Counts a content by its decisions, which share one plan."""
        plan = decisions[0].plan if decisions else None
        if plan is None:
            return
        self.contents += 1
        self.asked.update(decisions[0].scorers.keys())
        self.saved.update(plan.skipped)

    def told(self, loaded: Engine) -> str:
        return "\n".join(self._lines(loaded))

    def _lines(self, loaded: Engine) -> Iterator[str]:
        """`asked` counts contents; `cache` those of them whose values were known already or came with another's answer."""
        counts = loaded.statistics()
        yield f"{self.contents} contents, and of each scorer how many of those that it could judge it was asked about:"
        yield f"  {'scorer':<20} {'cost':<10} {'asked':>8} {'saved':>8} {'saved %':>8} {'cache':>8} {'missing':>8}"
        for scorer in loaded.scorers:
            name, cost = scorer.name, scorer.plugin.cost.name.lower()
            asked, saved, count = self.asked[name], self.saved[name], counts[name]
            share = 100 * saved / (asked + saved) if asked + saved else 0.0
            known = count.hits + count.joined
            yield f"  {name:<20} {cost:<10} {asked:>8} {saved:>8} {share:>7.1f}% {known:>8} {count.missing:>8}"
