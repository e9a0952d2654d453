"""A real HTTP server on the loopback that answers as a test wants, well or badly."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Service:
    """What runs: its address, what it was asked, and `answer`, which a test may change."""

    url: str
    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    mistakes: list[Exception] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    connections: int = 0
    open_connections: int = 0
    has_been_asked: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


def says(body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    """Answer with JSON, or with bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-type", kind)
        handler.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def html(status: int = 200) -> Answer:
    return says(b"<html><body>Please log in</body></html>", status, "text/html; charset=utf-8")


def resets(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection off in the middle of the answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.wfile.close()
    handler.connection.close()
    handler.close_connection = True


def drips(service: Service, pause: float = 0.02) -> Answer:
    """Send a byte now and then, for ever: no single read is slow."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{")
        while not service.stopping.wait(pause):
            handler.wfile.write(b" ")

    return answer


def hangs(service: Service) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        service.stopping.wait(30)
        handler.close_connection = True

    return answer


def floods(handler: BaseHTTPRequestHandler) -> None:
    """Send a body without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    for _ in range(10_000):
        handler.wfile.write(chunk)


def slowly(seconds: float, then: Answer) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(handler)

    return answer


class Handler(BaseHTTPRequestHandler):
    """Writes down what is asked, and lets the service answer."""

    protocol_version = "HTTP/1.1"
    service: Service

    def setup(self) -> None:
        super().setup()
        with self.service.lock:
            self.service.connections += 1
            self.service.open_connections += 1

    def finish(self) -> None:
        with self.service.lock:
            self.service.open_connections -= 1
        super().finish()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, ValueError):  # the client has gone, or the answer closed the connection
            self.close_connection = True

    def work(self) -> None:
        split = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answered(Asked(self.command, split.path, query, self.headers, body))

    def _answered(self, asked: Asked) -> None:
        service = self.service
        with service.lock:
            service.asked.append(asked)
            service.under_way += 1
            service.most_under_way = max(service.most_under_way, service.under_way)
        service.has_been_asked.set()
        try:
            service.answer(asked)(self)
        except OSError:  # the client has gone
            raise
        except Exception as error:  # the test's own mistake
            service.mistakes.append(error)
            raise
        finally:
            with service.lock:
                service.under_way -= 1

    do_GET = do_POST = work  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:  # a handshake that the client broke off
        pass


class Server6(Server):
    address_family = socket.AF_INET6


@contextmanager
def serving(answer: Callable[[Asked], Answer], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None):
    """Run a service; `answer` is called with each request and says how to answer it."""
    service = Service("", answer)
    server = (Server6 if ":" in host else Server)((host, 0), type("Bound", (Handler,), {"service": service}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    shown = f"[{host}]" if ":" in host else host
    service.url = f"http://{shown}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        service.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
    if service.mistakes:
        raise service.mistakes[0]
