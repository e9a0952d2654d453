"""A request -> the whole answer, over a connection to an address that was checked and to no other."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from scorers.remote.addresses import addresses
from scorers.remote.errors import RemoteError
from scorers.remote.settings import RemoteSettings, secret

ADDRESSES_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PinnedTransport:
    """Connections of one event loop to one endpoint.

    The host is resolved here, and the connection goes to a checked address as such, so that no second answer of the
    resolver is ever followed; TLS still asks for the host's own name and verifies it. Redirects, cookies and proxies
    of the environment are unknown here. Behind a proxy (`proxy_env`) the proxy resolves and connects.
    """

    def __init__(self, settings: RemoteSettings, trusted: ssl.SSLContext) -> None:
        """Raises RemoteError where the proxy's variable is not set or holds no URL of one."""
        self._settings = settings
        self._url = httpx.URL(settings.url)
        limits = httpx.Limits(max_connections=settings.concurrency, keepalive_expiry=30.0)
        self._http = httpx.AsyncHTTPTransport(verify=trusted, trust_env=False, limits=limits, proxy=_proxy(settings))
        self._resolving = asyncio.Lock()
        self._known: tuple[float, tuple[str, ...]] = (0.0, ())

    async def exchange(self, build: Callable[[], httpx.Request], ends: float) -> Answer:
        """Send what `build` makes and read the answer, all before the event loop's clock says `ends`.

        Raises RemoteError, also for an answer that is too large or is still dripping in at the end.
        """
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            raise RemoteError("no time was left to ask the service")
        try:
            async with asyncio.timeout_at(ends):
                response = await self._sent(build, left / 2)  # half, so that something is left for what comes after
                try:
                    return await self._read(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise RemoteError("no complete answer within the time there was", faulty=True) from error
        except httpx.TransportError as error:
            raise _told(error) from error

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sent(self, build: Callable[[], httpx.Request], seconds: float) -> httpx.Response:
        if self._settings.proxy_env:
            return await self._http.handle_async_request(_timed(build(), seconds))
        *others, last = await self._addresses()
        for address in others:
            try:
                return await self._http.handle_async_request(_timed(_pinned(build(), address), seconds))
            except (httpx.ConnectError, httpx.ConnectTimeout):  # the host may answer at another of its addresses
                continue
        try:
            return await self._http.handle_async_request(_timed(_pinned(build(), last), seconds))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._known = (0.0, ())
            raise

    async def _addresses(self) -> tuple[str, ...]:
        async with self._resolving:  # once for all who wait
            until, known = self._known
            if time.monotonic() >= until:
                plain = self._url.scheme == "http"
                port = self._url.port or (80 if plain else 443)
                known = await addresses(self._url.host, port, private=self._settings.allow_private, plain=plain)
                self._known = (time.monotonic() + ADDRESSES_SECONDS, known)
            return known

    async def _read(self, response: httpx.Response) -> Answer:
        limit = self._settings.max_response_bytes
        if response.headers.get("content-encoding", "identity") != "identity":  # nobody asked for it; it may be a bomb
            raise RemoteError("the service answered with a compressed body, which was not asked for", faulty=True)
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > limit:
                raise RemoteError(f"the answer is larger than {limit} bytes (`max_response_bytes`)", faulty=True)
        return Answer(response.status_code, response.headers, bytes(body))


def _proxy(settings: RemoteSettings) -> httpx.Proxy | None:
    if settings.proxy_env is None:
        return None
    try:
        proxy = httpx.Proxy(secret(settings.proxy_env))
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in {"http", "https"} or not proxy.url.host:
        raise RemoteError(f"the environment variable `{settings.proxy_env}` holds no URL of an HTTP proxy")
    return proxy


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """Aim the request at an address; `Host` was set when it was built, and TLS is told the name."""
    request.extensions = {**request.extensions, "sni_hostname": request.url.host}
    request.url = request.url.copy_with(host=address)
    return request


def _timed(request: httpx.Request, seconds: float) -> httpx.Request:
    request.extensions = {**request.extensions, "timeout": {"connect": seconds}}
    return request


def _told(error: httpx.TransportError) -> RemoteError:
    """Tell what happened without what the other side wrote."""
    if untrusted := _cause(error, ssl.SSLCertVerificationError):
        return RemoteError(f"the service's certificate is not trusted: {untrusted.verify_message}", faulty=True)
    if isinstance(error, httpx.ConnectTimeout):
        return RemoteError("no connection to the service in time", faulty=True, again="always")
    if isinstance(error, httpx.ConnectError):
        return RemoteError("cannot connect to the service", faulty=True, again="always")
    if isinstance(error, httpx.ProxyError):
        return RemoteError("the proxy refused", faulty=True, again="always")
    return RemoteError("the connection broke off before the answer was complete", faulty=True, again="idempotent")


def _cause(error: BaseException, kind: type[BaseException]) -> Any:
    """Return the first exception of this kind among those that led to `error`, or None."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kind):
        seen = seen.__cause__ or seen.__context__
    return seen
