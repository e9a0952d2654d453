"""The log of the library: events with fields, through the standard library's logger `limen`.

A service that configures nothing sees warnings on standard error and nothing on standard output; one that has handlers gets
records whose message is the event's fields, ready for a JSON formatter (or structlog's `ProcessorFormatter`).
"""

from __future__ import annotations

import logging
from typing import Any

import structlog


def logger() -> Any:
    return structlog.wrap_logger(
        logging.getLogger("limen"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
