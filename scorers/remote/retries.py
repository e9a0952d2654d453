"""A failed attempt -> how long to wait before the next: exponential backoff with full jitter, or what the service asks."""

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Full jitter as in M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
BASE_SECONDS = 0.25
CAP_SECONDS = 4.0


def pause(attempt: int, asked: float) -> float:
    """Return the seconds to wait after the attempt with this number (1 is the first): at least what was asked for."""
    ceiling = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** (attempt - 1))
    return asked + random.uniform(0.0, ceiling)  # noqa: S311  (spreads the load; nothing secret hangs on it)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that an answer asks to wait (`Retry-After`, RFC 9110 10.2.3, or `retry-after-ms`), else 0."""
    milliseconds = headers.get("retry-after-ms", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", milliseconds):
        return int(milliseconds) / 1000
    written = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", written):
        return float(written)
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
