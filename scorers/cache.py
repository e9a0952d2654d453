"""Scores that were computed once -> scores for the same content again, from memory or from whoever computes them now."""

import asyncio
import hashlib
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

from cachebox import VTTLCache

from scorers.batching.counts import Counts
from scorers.calibration import Calibration
from scorers.files import named_files, stamps
from scorers.fingerprint import PARTS, Fingerprint
from scorers.registry import Configured
from scorers.scorer import Cost, Missing, Value, modalities
from scorers.threads import settled, started
from scorers.values import Answer

ENTRIES = 20_000
STORE_TIMEOUT = 0.1

Entry = Mapping[str, Value]
Ask = Callable[[Sequence[Fingerprint]], Awaitable[Sequence[Answer]]]


class Store(Protocol):
    """Where scores are kept: keys are 64 hexadecimal digits, entries are JSON objects of numbers, booleans and strings.

    Both methods may be `async`. What they raise, and what takes them longer than `STORE_TIMEOUT` seconds, counts as not
    found: a store that is down costs time and no decision.
    """

    def get_many(self, keys: Sequence[str]) -> Sequence[Entry | None] | Awaitable[Sequence[Entry | None]]:
        """Return for each key what was put there, or None."""

    def put_many(self, entries: Mapping[str, Entry], ttl: float) -> Awaitable[None] | None:
        """Keep the entries for `ttl` seconds, or for less."""


class LocalStore:
    """Scores in this process: at most `entries` of them, those that end soonest leave first."""

    def __init__(self, entries: int = ENTRIES) -> None:
        """Raises ValueError where `entries` is not positive."""
        if entries < 1:
            raise ValueError(f"a store has room for at least one entry, seen {entries}")
        self._kept: VTTLCache[str, Entry] = VTTLCache(entries)

    def __len__(self) -> int:
        return len(self._kept)

    def get_many(self, keys: Sequence[str]) -> Sequence[Entry | None]:
        return [self._kept.get(key, None) for key in keys]

    def put_many(self, entries: Mapping[str, Entry], ttl: float) -> None:
        self._kept.update(entries, ttl)


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and whether it was known already."""

    answer: Answer
    cached: bool = False


@dataclass(frozen=True, slots=True)
class _Flight:
    """Somebody computes this now; `landed` gives the entry, or None where it could not be had."""

    severity: int
    deadline: float
    landed: Future[Entry | None]


class ScoreCache:
    """Keeps complete answers, never missing ones, and asks once for content that several callers want at the same time.

    A key is made of the plugin's name and version, the scorer's settings and calibration with the files that they name,
    and the content: all of it but its id, or, where the plugin says that it `reads_facts` not, the parts that it judges.
    Plugins of the cost class `lookup` are not cached: looking up is what they do, and their lists change.
    """

    def __init__(self, store: Store | None = None) -> None:
        """Keep scores in `store`; in a `LocalStore` of its own where there is none."""
        self._store = LocalStore() if store is None else store
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}
        self._identities: dict[str, tuple[Configured, bytes]] = {}
        self._reading: dict[str, threading.Lock] = {}

    async def answers(
        self,
        scorer: Configured,
        prints: Sequence[Fingerprint],
        ask: Ask,
        counts: Counts,
        deadline: float | None,
        severity: int,
    ) -> list[Asked]:
        """Return an answer a content, in order; `ask` computes what is not known."""
        keys = await self._keys(scorer, prints, deadline)
        known = await self._known([key for key in keys if key])
        found = [_asked(scorer, one, known.get(key or "")) for one, key in zip(prints, keys, strict=True)]
        counts.hits += sum(one is not None for one in found)
        ends = deadline if deadline is not None else float("inf")
        mine, theirs = self._divided(keys, found, severity, ends)
        await self._compute(scorer, prints, ask, keys, mine, found)
        for index, flight in theirs.items():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if await settled(flight.landed, left) and (entry := flight.landed.result()) is not None:
                found[index] = Asked(entry, cached=True)
                counts.joined += 1
        rest = [index for index, one in enumerate(found) if one is None]
        if rest:  # who computed it failed or has gone
            for index, answer in zip(rest, await ask([prints[i] for i in rest]), strict=True):
                found[index] = Asked(answer)
        return [one for one in found if one is not None]

    def _divided(
        self, keys: Sequence[str | None], found: Sequence[Asked | None], severity: int, deadline: float
    ) -> tuple[dict[int, _Flight | None], dict[int, _Flight]]:
        """Return what this caller computes, and what another, no less severe one computes already.

        One whose deadline comes before half of this caller's time is not waited for: were it late, too little would be left.
        """
        mine, theirs, now = (dict[int, _Flight | None](), dict[int, _Flight](), time.monotonic())
        with self._lock:
            for index, key in enumerate(keys):
                if found[index] is not None:
                    continue
                flight = self._flights.get(key) if key else None
                half = now if deadline == float("inf") else now + (deadline - now) / 2
                if flight and flight.severity <= severity and flight.deadline >= half:
                    theirs[index] = flight
                    continue
                mine[index] = _Flight(severity, deadline, Future()) if key else None
                if key and (begun := mine[index]):
                    self._flights[key] = begun
        return mine, theirs

    async def _compute(
        self,
        scorer: Configured,
        prints: Sequence[Fingerprint],
        ask: Ask,
        keys: Sequence[str | None],
        mine: Mapping[int, _Flight | None],
        found: list[Asked | None],
    ) -> None:
        flights = {key: flight for index, flight in mine.items() if flight and (key := keys[index])}
        entries: dict[str, Entry] = {}
        try:
            if mine:
                for index, answer in zip(mine, await ask([prints[i] for i in mine]), strict=True):
                    found[index] = Asked(answer)
                    if (key := keys[index]) and (entry := _complete(answer)):
                        entries[key] = entry
        finally:
            self._land(flights, entries)
        if entries and scorer.cache:
            await self._tried(lambda: self._store.put_many(entries, scorer.cache.ttl_s if scorer.cache else 0.0))

    def _land(self, flights: Mapping[str, _Flight], entries: Mapping[str, Entry]) -> None:
        with self._lock:
            for key, flight in flights.items():
                if self._flights.get(key) is flight:
                    del self._flights[key]
        for key, flight in flights.items():
            flight.landed.set_result(entries.get(key))

    async def _known(self, keys: Sequence[str]) -> Mapping[str, Any]:
        given = await self._tried(lambda: self._store.get_many(keys)) if keys else None
        return dict(zip(keys, given, strict=True)) if isinstance(given, Sequence) and len(given) == len(keys) else {}

    async def _tried(self, call: Callable[[], Any]) -> Any:
        try:
            given = call()
            if not inspect.isawaitable(given):
                return given
            async with asyncio.timeout(
                STORE_TIMEOUT
            ):  # not `wait_for`, which in Python 3.11 may swallow a cancellation
                return await given
        except Exception:  # noqa: BLE001  (a store of somebody's own may raise anything)
            return None

    async def _keys(
        self, scorer: Configured, prints: Sequence[Fingerprint], deadline: float | None
    ) -> list[str | None]:
        if not _may_be_kept(scorer) or scorer.plugin.cost is Cost.LOOKUP:
            return [None] * len(prints)
        parts = _parts(scorer)
        if self._identity(scorer) and not any(one.reads(parts) for one in prints):
            return self._made(scorer, prints, parts)
        made = started(self._made, scorer, prints, parts)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        return made.result() if await settled(made, left) and not made.exception() else [None] * len(prints)

    def _made(self, scorer: Configured, prints: Sequence[Fingerprint], parts: Sequence[str]) -> list[str | None]:
        """Read what is to be read, and make the keys; None for a content whose media cannot be read."""
        with self._reading.setdefault(scorer.name, threading.Lock()):  # a model is large: read once for all who wait
            made = self._identity(scorer) or identity(scorer)
            self._identities[scorer.name] = (scorer, made)
        return [_key(made, [one.part(part) for part in parts]) for one in prints]

    def _identity(self, scorer: Configured) -> bytes | None:
        """Return what was found before; a pack that was loaded again has another scorer of that name."""
        known, made = self._identities.get(scorer.name, (None, None))
        return made if known is scorer else None


def identity(scorer: Configured) -> bytes:
    """Return a digest of all that makes a scorer's answers, beside the content. Reads the files that its settings name.

    Raises OSError where they are not what they were when the scorer was made: it may still judge by what they were.
    """
    calibrations = {name: _tables(output.calibration) for name, output in scorer.outputs.items() if output.calibration}
    card = [version("limen"), _plugins(scorer), scorer.settings, calibrations]
    digest = hashlib.sha256(json.dumps(card, sort_keys=True, default=repr).encode())
    _refuse_changed(scorer)
    for path in sorted(named_files(scorer.settings, scorer.folder)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    _refuse_changed(scorer)
    return digest.digest()


def _refuse_changed(scorer: Configured) -> None:
    if scorer.files is not None and stamps(scorer.settings, scorer.folder) != scorer.files:
        raise OSError(f"the files of `{scorer.name}` have changed since it was made")


def _plugins(scorer: Configured) -> Any:
    return [scorer.plugin.name, scorer.plugin.version, [_plugins(part) for part in scorer.parts]]


def _may_be_kept(scorer: Configured) -> bool:
    """A composite's scores are as lasting as those of its parts."""
    return scorer.cache is not None and scorer.plugin.cacheable and all(map(_may_be_kept, scorer.parts))


def _asked(scorer: Configured, one: Fingerprint, entry: Any) -> Asked | None:
    """Return what a store had, where it is an entry with all outputs that apply; a store may give back anything."""
    applying = {n for n, output in scorer.outputs.items() if output.modality is None or output.modality in one.present}
    return Asked(entry, cached=True) if isinstance(entry, Mapping) and entry.keys() == applying else None


def _tables(calibration: Calibration) -> Any:
    return [calibration.points, {code: own.points for code, own in calibration.languages.items()}]


def _parts(scorer: Configured) -> tuple[str, ...]:
    """Return the parts of a content on which the scorer's answers depend."""
    judged = [str(modality) for modality in scorer.plugin.judges or modalities(scorer.outputs)]
    parts = PARTS if scorer.plugin.reads_facts or not judged else (*judged, "language")
    near = scorer.cache is not None and scorer.cache.near_duplicates
    return tuple("near" if part == "text" and near else part for part in parts)


def _key(scorer: bytes, parts: Sequence[bytes | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return hashlib.sha256(b"".join((scorer, *known))).hexdigest() if len(known) == len(parts) else None


def _complete(answer: Answer) -> Entry | None:
    entry = {name: value for name, value in answer.items() if not isinstance(value, Missing)}
    return entry if len(entry) == len(answer) else None
