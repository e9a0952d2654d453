"""Why a service gave no usable answer: one line that is safe to log, and what the client must know to act on it."""

from typing import Any


class RemoteError(Exception):
    """A request that gave no usable answer. Its text never holds a secret, the content, or what the service wrote.

    `status`: of an HTTP answer. `body`: what it held, if that was JSON; for the plugin's eyes only. `faulty`: it speaks
    against the endpoint (the circuit breaker counts it). `again`: whether another attempt may help: `never`,
    `idempotent` (where a repetition does no harm) or `always` (the request was not worked on). `wait`: the seconds that
    the service asked to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        body: Any = None,
        faulty: bool = False,
        again: str = "never",
        wait: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.body = body
        self.faulty = faulty
        self.again = again
        self.wait = wait
