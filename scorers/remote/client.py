"""A call of a service -> its JSON answer in time, or a `RemoteError`: deadline, attempts, breaker, places, secrets.

httpx is imported with the first call: a pack that only is checked does without it.
"""

from __future__ import annotations

import asyncio
import json as json_format
import re
import ssl
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorers.deadline import remaining
from scorers.paths import OutsideFolderError, inside
from scorers.remote.breaker import Breaker
from scorers.remote.errors import RemoteError
from scorers.remote.retries import pause, retry_after
from scorers.remote.settings import RemoteSettings, secret
from scorers.scorer import SettingsError
from scorers.threads import in_thread

if TYPE_CHECKING:
    import httpx

    from scorers.remote.lifetime import Connections
    from scorers.remote.transport import Answer

DEFAULT_SECONDS = 10.0  # where nobody set a deadline
_BUSY = {408: "idempotent", 429: "always", 500: "idempotent", 502: "always", 503: "always", 504: "always"}
_CODE = re.compile(r"[A-Za-z][A-Za-z_.]{0,59}")  # no digits: a word of the service's vocabulary, and no part of a key


@dataclass(frozen=True, slots=True)
class Key:
    """How a service is shown the key: in which header, after which word."""

    header: str = "authorization"
    before: str = "Bearer "


class Client:
    """Calls one endpoint; safe to share between threads and event loops.

    Each event loop has connections of its own, which are closed when it shuts down or when they were idle for a while
    (`scorers.remote.lifetime`). The breaker is shared by all loops, the limit of concurrent requests holds for each.
    """

    def __init__(self, settings: RemoteSettings, folder: Path = Path(), key: Key = Key()) -> None:
        """Paths in the settings are relative to `folder`. Raises SettingsError."""
        self.settings = settings
        self.breaker = Breaker(settings.breaker)
        self._key = key
        self._lock = threading.Lock()
        self._here: dict[asyncio.AbstractEventLoop, Connections] = {}
        self._trusted = None if settings.ca_file is None else _authorities(folder, settings.ca_file)

    def load(self) -> None:
        """See that the secrets are there, and fetch what connecting needs. Raises RemoteError."""
        for variable in (self.settings.key_env, self.settings.proxy_env):
            if variable:
                secret(variable)
        self._authorities()

    async def request(
        self,
        method: str,
        path: str = "",
        *,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        params: Mapping[str, str] | None = None,
        idempotent: bool = True,
    ) -> Any:
        """Return the JSON that the service answers to `METHOD url/path` with one of `json` or a form (`data`, `files`).

        `files` is as httpx takes it, with bytes. `idempotent`: whether repeating it does no harm; otherwise only what
        was not worked on is repeated. All of it ends before the caller's deadline (`scorers.deadline`). Raises
        RemoteError; of an HTTP error it has the `status` and the `body`.
        """
        sent = {"params": params, "data": data, "files": files}
        headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "limen"}
        if json is not None:
            _, content = in_thread(encoded, json)  # images make it large
            sent["content"] = await content
            headers["content-type"] = "application/json"
        if self.settings.key_env:
            headers[self._key.header] = self._key.before + secret(self.settings.key_env)
        url = f"{self.settings.url}/{path}" if path else self.settings.url
        return await self._persistent(partial(_built, method, url, headers, sent), idempotent=idempotent)

    async def aclose(self) -> None:
        """Close the connections of the running event loop, if there are any."""
        with self._lock:
            here = self._here.pop(asyncio.get_running_loop(), None)
        if here is not None:
            await here.aclose()

    async def _persistent(self, build: partial[httpx.Request], *, idempotent: bool) -> Any:
        clock = asyncio.get_running_loop().time
        ends = clock() + budget(remaining(DEFAULT_SECONDS))
        attempt = 1
        while True:
            try:
                return await self._attempt(build, ends)
            except RemoteError as error:
                wait = pause(attempt, error.wait)
                if error.again == "never" or (error.again == "idempotent" and not idempotent):
                    raise
                if attempt == self.settings.attempts or clock() + wait >= ends:
                    raise _given_up(error, attempt, ends - clock()) from error
            await asyncio.sleep(wait)
            attempt += 1

    async def _attempt(self, build: partial[httpx.Request], ends: float) -> Any:
        self.breaker.refuse_if_open()
        here = await self._of_this_loop()
        with here.used():
            async with _place(here.places, ends, self.settings.concurrency):
                with self.breaker.attempt():
                    return _understood(await here.transport.exchange(build, ends), self.settings)

    async def _of_this_loop(self) -> Connections:
        from scorers.remote.lifetime import Connections  # noqa: PLC0415 - imports httpx
        from scorers.remote.transport import PinnedTransport  # noqa: PLC0415

        loop = asyncio.get_running_loop()
        with self._lock:
            if here := self._here.get(loop):
                return here
            for old in [other for other in self._here if other.is_closed()]:
                del self._here[old]
            transport = PinnedTransport(self.settings, self._authorities())
            forget = partial(_forget, self._here, loop)
            here = self._here[loop] = Connections(transport, self.settings.concurrency, forget)
        await here.start()
        return here

    def _authorities(self) -> ssl.SSLContext:
        if self._trusted is None and self.settings.url.startswith("http:"):
            self._trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not needed; it trusts nobody
        if self._trusted is None:
            import httpx  # noqa: PLC0415 - heavy

            self._trusted = httpx.create_ssl_context(trust_env=False)
        return self._trusted


def budget(left: float) -> float:
    """Return how many of the `left` seconds a call may take: a little less, so that its result is in before they end."""
    return max(0.0, left - min(max(0.05 * left, 0.02), 0.25))


def encoded(body: Any) -> bytes:
    """Return `body` as JSON in UTF-8; of a text, what is no Unicode (a lone surrogate) becomes `?`."""
    return json_format.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def _forget(here: dict[asyncio.AbstractEventLoop, Connections], loop: asyncio.AbstractEventLoop) -> None:
    here.pop(loop, None)


@asynccontextmanager
async def _place(places: asyncio.Semaphore, ends: float, limit: int) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(ends):
            await places.acquire()
    except TimeoutError as error:
        raise RemoteError(
            f"the limit of concurrent requests, {limit} (`concurrency`), was reached, and none of them ended in time"
        ) from error
    try:
        yield
    finally:
        places.release()


def _built(method: str, url: str, headers: Mapping[str, str], sent: Mapping[str, Any]) -> httpx.Request:
    import httpx  # noqa: PLC0415 - heavy

    return httpx.Request(method, url, headers=headers, **sent)


def _understood(answer: Answer, settings: RemoteSettings) -> Any:
    """Return the JSON of a good answer. Raises RemoteError, which quotes nothing of it but a code."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or re.fullmatch(r"application/[a-z0-9.-]+\+json", kind) is not None
    body = _parsed(answer.body) if is_json else None
    if not 200 <= answer.status < 300:
        raise _refused(answer, body, settings)
    if not is_json:
        shown = kind if re.fullmatch(r"[a-z]+/[a-z.+-]{1,40}", kind) else "no known kind of content"
        raise RemoteError(f"the service answered with {shown}, expected JSON: is `url` right?", faulty=True)
    if body is _BROKEN:
        raise RemoteError("the service's answer is no JSON, though it says so", faulty=True)
    return body


_BROKEN = object()


def _parsed(body: bytes) -> Any:
    try:
        return json_format.loads(body)
    except (ValueError, RecursionError):
        return _BROKEN


def _refused(answer: Answer, body: Any, settings: RemoteSettings) -> RemoteError:
    code = _code(body)
    told = f"the service answered {answer.status}" + (f" ({code})" if code else "")
    if 300 <= answer.status < 400:
        return RemoteError(f"{told}, a redirect, and none is followed: give `url` as it is", status=answer.status)
    if answer.status in {401, 403}:
        key = f"is the key in `{settings.key_env}` right?" if settings.key_env else "does it want a key (`key_env`)?"
        told = f"{told}: {key}"
    return RemoteError(
        told,
        status=answer.status,
        body=None if body is _BROKEN else body,
        faulty=answer.status >= 500,
        again=_BUSY.get(answer.status, "never"),
        wait=retry_after(answer.headers) if answer.status in {429, 503} else 0.0,
    )


def _code(body: Any) -> str:
    """Return the service's own word for the error (`invalid_api_key`), where it looks like one."""
    error = body.get("error") if isinstance(body, Mapping) else None
    found = [error.get(key) for key in ("code", "status", "type")] if isinstance(error, Mapping) else []
    return next((word for word in found if isinstance(word, str) and _CODE.fullmatch(word)), "")


def _given_up(error: RemoteError, attempts: int, left: float) -> RemoteError:
    asked = f", and asks to wait {error.wait:g} s" if error.wait else ""
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    late = f"; {max(0.0, left):.1f} s are left" if error.wait > left else ""
    return RemoteError(f"{error}{asked}{tried}{late}", status=error.status, body=error.body, faulty=error.faulty)


def _authorities(folder: Path, path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(inside(folder, path)))
    except (OutsideFolderError, OSError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(f"`{path}` cannot be read as PEM certificates", "ca_file") from error
