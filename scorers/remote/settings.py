"""The settings of a service -> checked values; secrets are named, never written."""

import os
import re
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from scorers.remote.errors import RemoteError
from scorers.scorer import Settings

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


def _variable(written: str) -> str:
    """Accept the name of a variable. What is seen is not told: it may be the secret itself."""
    if not _VARIABLE.fullmatch(written):
        raise ValueError(
            "expected the name of an environment variable such as `SERVICE_API_KEY` (upper case, with `_`); "
            "the secret itself never stands in a manifest"
        )
    return written


def _address(written: str) -> str:
    """Accept a base URL without anything that could be a secret; a `/` at its end is dropped."""
    try:
        url = urlsplit(written)
        known = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        known = False
    if not known or not written.isascii() or not written.isprintable() or " " in written:
        raise ValueError("expected a URL such as `https://service.example/v1`")
    if "@" in url.netloc or url.query or url.fragment:
        raise ValueError("expected a URL without user, password, query or fragment: secrets come from `key_env`")
    return written.rstrip("/")


Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, AfterValidator(_address)]


class BreakerSettings(Settings):
    """When an endpoint is given up for a while: after `failures` of the last `2 * failures` attempts, within `window_s`."""

    failures: int = Field(default=5, ge=1, le=1000, description="failed attempts that open the breaker")
    window_s: float = Field(default=30.0, gt=0, description="seconds in which they lie")
    cooldown_s: float = Field(default=15.0, gt=0, description="seconds until one request tries again")


class RemoteSettings(Settings):
    """What every remote scorer may be told."""

    url: Address = Field(description="base URL of the service; `http` only for private addresses")
    key_env: Variable | None = Field(default=None, description="environment variable that holds the key")
    proxy_env: Variable | None = Field(default=None, description="environment variable that holds a proxy's URL")
    ca_file: str | None = Field(default=None, description="PEM file of the pack with the authorities to trust instead")
    allow_private: bool = Field(default=False, description="whether the service may have a private or loopback address")
    concurrency: int = Field(default=8, ge=1, le=1000, description="requests under way at once")
    attempts: int = Field(default=3, ge=1, le=10, description="attempts for one request, within the deadline")
    max_response_bytes: int = Field(default=1_000_000, ge=1, description="largest answer that is read")
    breaker: BreakerSettings = Field(
        default=BreakerSettings(), description="when a service that keeps failing is left alone, and for how long"
    )

    @model_validator(mode="after")
    def _plain_is_private(self) -> Self:
        if self.url.startswith("http:") and not self.allow_private:
            raise ValueError("`url` is `http`: expected `https`, or `allow_private: true` for a server of your own")
        return self


def secret(variable: str) -> str:
    """Return what a variable holds, without white space around it. Raises RemoteError, which names the variable only."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise RemoteError(f"the environment variable `{variable}` is not set")
    if not (value.isascii() and value.isprintable()):
        raise RemoteError(f"the environment variable `{variable}` holds characters that no key has")
    return value
