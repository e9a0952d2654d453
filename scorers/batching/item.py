"""One content that one caller wants judged, and the ticket by which the caller waits for the answers."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from scorers.content import Content
from scorers.scorer import Missing, Prepared, Row


class Ticket:
    """What one call waits for: a row for each of its contents. Settled in the event loop of the caller only."""

    def __init__(self, count: int) -> None:
        """Make a ticket for `count` contents, in the running event loop."""
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self._rows: list[Row | None] = [None] * count
        self._left = count

    def settle(self, place: int, row: Row) -> None:
        """Take an answer. The first one counts; one that comes after the caller has gone is dropped."""
        if self._rows[place] is not None:
            return
        self._rows[place] = row
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)

    def give_up(self) -> None:
        """Wait no longer, whatever has come."""
        if not self.done.done():
            self.done.set_result(None)

    @property
    def open(self) -> bool:
        """Say whether an answer is still to come."""
        return self._left > 0

    def rows(self, reason: str) -> Sequence[Row]:
        """Return what has come; what has not is missing for this reason."""
        return [Missing(reason) if row is None else row for row in self._rows]


@dataclass(slots=True, eq=False)
class Item:
    """A content on its way. Times are those of `time.monotonic`, in seconds.

    `severity` 0 is the most severe; `expires` is when it is no longer worth asking, `deadline` when its caller goes. `failed`: a batch
    that it was in has. `alone`: for that, or as its call seems to hang, it is asked about by itself. `gone`: the caller no longer waits, or
    has its answer.
    """

    content: Content
    ticket: Ticket
    place: int
    order: int
    asked: float
    expires: float
    severity: int = 3
    deadline: float = float("inf")
    prepared: Prepared | None = None
    alone: bool = False
    failed: bool = False
    gone: bool = False

    @property
    def urgency(self) -> tuple[int, float, int]:
        """What is smaller goes first: by severity, then by when it is due, then by when it came."""
        return self.severity, self.expires, self.order


Entry: TypeAlias = tuple[tuple[int, float, int], int, Item]
"""Urgency, number and item; the number is unique, so that items are never compared."""


def deliver(answers: Iterable[tuple[Item, Row]]) -> None:
    """Hand rows to their callers, from any thread: one wake-up for each event loop concerned."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Item, Row]]] = {}
    for item, row in answers:
        loops.setdefault(item.ticket.loop, []).append((item, row))
    for loop, mail in loops.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, mail)


def _settle(mail: Iterable[tuple[Item, Row]]) -> None:
    for item, row in mail:
        item.ticket.settle(item.place, row)
        item.gone = True
