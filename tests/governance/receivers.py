"""Real servers that tests send to: one for mail, one for webhooks. Both on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from config.named import MailServer
from config.stack import ports


@dataclass
class Post:
    """A mail server's memory: what arrived, who signed in, and what it answers."""

    server: MailServer
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.to += envelope.rcpt_tos
        return self.answer


@contextmanager
def mail_server(password: str = "") -> Iterator[Post]:
    """A mail server that takes everything; with a password, only after signing in as `weir`."""
    (port,) = ports.free_block(1)
    post = Post(MailServer("127.0.0.1", port, False, "weir" if password else "", password))

    def check(_server: Any, _session: Any, _envelope: Any, _way: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        post.signed_in.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password.decode() == password, handled=False)

    controller = Controller(
        post,
        hostname="127.0.0.1",
        port=port,
        authenticator=check if password else None,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


@dataclass
class Hooks:
    """A webhook receiver's memory: what was called, and what it answers next."""

    url: str = ""
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # sent as it is, in place of an answer


@contextmanager
def hook_server() -> Iterator[Hooks]:
    """A receiver of webhooks."""
    memory = Hooks()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            memory.calls.append((self.path, dict(self.headers), body))
            if memory.raw is not None:
                self.wfile.write(memory.raw)
                return
            self.send_response(memory.status)
            for name, value in memory.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            memory.calls.append((self.path, dict(self.headers), b"GET"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    memory.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
