"""The scorers that a composite is made of -> what they say about the contents that it makes for them."""

import asyncio
from collections.abc import Sequence

from scorers.content import Content
from scorers.registry import Configured
from scorers.runner import Runner, Scored
from scorers.scorer import Output


class Parts:
    """Scorers within a scorer, run by a `Runner` of their own; loaded with the composite, in the time that loading has."""

    def __init__(self, parts: Sequence[Configured]) -> None:
        self.parts = tuple(parts)
        self._runner = Runner(self.parts)

    @property
    def outputs(self) -> dict[str, Output]:
        """Every output of every part."""
        return {name: output for part in self.parts for name, output in part.outputs.items()}

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(warning for part in self.parts for warning in part.scorer.warnings)

    def load(self) -> None:
        """Load each part, once. Raises RuntimeError with the reason where one cannot be loaded."""
        asyncio.run(self._load())

    async def _load(self) -> None:
        for part in self.parts:
            if failure := await self._runner.load(part):
                raise RuntimeError(f"`{part.plugin.name}`: {failure}")

    async def run(self, contents: Sequence[Content]) -> tuple[Scored, ...]:
        """Ask every part about each content; one result a content, in order."""
        return await self._runner.run(contents)
