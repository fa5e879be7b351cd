"""A webhook on loopback that keeps what it is told, and refuses as often as it should."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What arrived; `refusals` answers are 500 first."""

    address: str
    refusals: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    @property
    def titles(self) -> list[str]:
        """The titles of what arrived."""
        return [each["title"] for each in self.told]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.asked += 1
            refused = receiver.asked <= receiver.refusals
            if not refused:
                receiver.told.append(body)
            self.send_response(500 if refused else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"json://user:a-secret-word@127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
