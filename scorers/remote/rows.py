"""Contents and requests -> rows: one content's failure makes only its own outputs missing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from scorers.remote.errors import RemoteError
from scorers.scorer import Missing, Output, Row, Value

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")
Given = TypeVar("Given")


def shaped(model: type[Model], body: Any) -> Model:
    """Return an answer in the form that the vendor documents. Raises RemoteError, which says where it differs."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"][:1].lower() + first["msg"][1:]
        raise RemoteError(f"the answer is not of the documented form: `{where}`: {what}") from error


async def safely(asked: Awaitable[Given]) -> Given | Missing:
    """Return what was asked for, or why it is missing."""
    try:
        return await asked
    except RemoteError as error:
        return Missing(str(error))


async def each(items: Iterable[Item], ask: Callable[[Item], Awaitable[Given]]) -> list[Given | Missing]:
    """Ask for each item at the same time (the client limits how many requests are under way)."""
    return list(await asyncio.gather(*(safely(ask(item)) for item in items)))


async def batched(
    items: Sequence[Item], size: int, ask: Callable[[Sequence[Item]], Awaitable[Sequence[Given | Missing]]]
) -> list[Given | Missing]:
    """Ask for `size` items in one request; where the service refuses such a request as such, for each item alone."""
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    answers = await asyncio.gather(*(_part(part, ask) for part in parts))
    return [answer for part in answers for answer in part]


async def _part(
    part: Sequence[Item], ask: Callable[[Sequence[Item]], Awaitable[Sequence[Given | Missing]]]
) -> Sequence[Given | Missing]:
    try:
        return counted(await ask(part), len(part))
    except RemoteError as error:
        if error.status not in {400, 413, 422} or len(part) == 1:
            return [Missing(str(error))] * len(part)
    alone = await asyncio.gather(*(_part([item], ask) for item in part))
    return [answer for (answer,) in alone]


def counted(answers: Sequence[Given], expected: int) -> Sequence[Given]:
    """Return the answers if there are as many as expected. Raises RemoteError."""
    if len(answers) != expected:
        raise RemoteError(f"the service gave {len(answers)} results for {expected} inputs")
    return answers


def highest(rows: Iterable[Mapping[str, Any] | Missing], names: Iterable[str]) -> dict[str, Value | Missing]:
    """Return for each name the highest value of several parts of a content; missing where that of a part is missing."""
    parts = list(rows)
    return {name: _highest([part if isinstance(part, Missing) else part.get(name) for part in parts]) for name in names}


def _highest(values: Sequence[Any]) -> Value | Missing:
    for value in values:
        if isinstance(value, Missing):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Missing("the service gave no number")
        if not 0 <= value <= 1:  # of NaN, too
            return Missing(f"the service gave {value}, which is outside [0, 1]")
    return float(max(values))


def merged(outputs: Mapping[str, Output], *parts: Mapping[str, Any] | Missing | None) -> Row:
    """Join the rows of a content's modalities; a part that is missing makes missing what no other part gives."""
    row: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Mapping):
            row |= part
    reason = next((part for part in parts if isinstance(part, Missing)), Missing("the service said nothing of it"))
    return {name: row.get(name, reason) for name in outputs}


def windows(text: str, size: int, most: int) -> list[str]:
    """Cut a text into at most `most` pieces of at most `size` characters, each a tenth over the next.

    Raises RemoteError where it is longer.
    """
    overlap = size // 10
    pieces = [text[start : start + size] for start in range(0, max(1, len(text) - overlap), size - overlap)]
    if len(pieces) > most:
        raise RemoteError(f"the text has {len(text)} characters, more than {most} requests of {size} hold")
    return pieces
