"""A plain function over a batch -> a `Plugin`, by the decorator `scorer`."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from scorers.content import Content, Modality
from scorers.scorer import Cost, Missing, Output, Plugin, Row, Rows, Scorer

ScoreFunction: TypeAlias = Callable[[list[Any]], Sequence[Any] | Awaitable[Sequence[Any]]]


def _nothing(batch: list[Any]) -> Sequence[Any]:
    raise NotImplementedError(f"no function to judge {len(batch)} contents")


@dataclass(frozen=True, slots=True)
class FunctionPlugin(Plugin):
    """A plugin made of one function; calling it calls the function."""

    function: ScoreFunction = _nothing

    def __call__(self, batch: list[Any]) -> Sequence[Any] | Awaitable[Sequence[Any]]:
        return self.function(batch)


class FunctionScorer(Scorer):
    """Hands a function its batch: texts where it judges text, whole contents otherwise."""

    def __init__(self, function: ScoreFunction, outputs: Mapping[str, Output], *, texts: bool) -> None:
        self.outputs = outputs
        self._function = function
        self._texts = texts

    def _arguments(self, batch: Sequence[Content]) -> list[Any]:
        return [content.text or "" for content in batch] if self._texts else list(batch)

    def _rows(self, given: Sequence[Any]) -> Rows:
        if len(self.outputs) > 1:
            return given
        (name,) = self.outputs
        return [self._row(name, value) for value in given]

    def _row(self, name: str, value: Any) -> Row:
        return value if isinstance(value, Mapping | Missing) else {name: value}

    def score(self, batch: Sequence[Content]) -> Rows | Awaitable[Rows]:
        return self._rows(cast("Sequence[Any]", self._function(self._arguments(batch))))


class AsyncFunctionScorer(FunctionScorer):
    async def score(self, batch: Sequence[Content]) -> Rows:
        return self._rows(await cast("Awaitable[Sequence[Any]]", self._function(self._arguments(batch))))


def scorer(
    name: str,
    *,
    outputs: Mapping[str, Output],
    modality: str | None = None,
    cost: Cost = Cost.CPU,
    version: str = "0",
    licence: str = "unstated",
    summary: str = "",
) -> Callable[[ScoreFunction], FunctionPlugin]:
    """Make a scorer of a function, plain or async.

    With `modality="text"` the function gets a list of texts, otherwise a list of `Content` (`modality` None: it judges
    facts). It returns one value a member, or, with several outputs, one dict a member. Outputs without a modality of
    their own get `modality`. Raises ValueError if `outputs` is empty, one is no output, or a name is none.
    """
    if not outputs:
        raise ValueError(f"the scorer `{name}` has no outputs")
    for key, output in cast("Mapping[str, Any]", outputs).items():
        if not isinstance(output, Output):
            seen = type(output).__name__
            raise ValueError(f"`{key}` of the scorer `{name}` is {seen}, expected an output such as `limen.Score()`")  # noqa: TRY004
    judged = None if modality is None else Modality(modality)
    typed = {key: output if output.modality else replace(output, modality=judged) for key, output in outputs.items()}

    def decorate(function: ScoreFunction) -> FunctionPlugin:
        kind = AsyncFunctionScorer if inspect.iscoroutinefunction(function) else FunctionScorer

        def create(_settings: Any, _folder: Path) -> Scorer:
            return kind(function, typed, texts=judged is Modality.TEXT)

        text = summary or inspect.getdoc(function) or ""
        return FunctionPlugin(name, version, licence, cost, typed, create, summary=text, function=function)

    return decorate
