"""The registry's front door (ASGI): answers what it remembers, and hands the rest to Django.

A GET whose answer is in memory, and still true by `registry.freshness`, never reaches Django. All
else runs as ordinary synchronous views in a few threads. The door bounds what a client can make it
hold: the size of a body, how many large bodies, how many requests wait.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from io import BytesIO
from typing import Any, Final
from uuid import uuid4

from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse

from registry import metrics, weight
from registry.cache import Answer, Cache
from registry.errors import BodyTooLarge, Malformed, RegistryError, StoreBusy, TooManyRequests
from registry.freshness import Freshness, Unsure
from registry.gate import may_read
from registry.heavy import Asked, Heavy
from registry.limits import UNLIMITED, Limit, Limiter, principal
from registry.rest import dispatch, identity
from registry.rest.errors import error_answer
from registry.rest.http import ListStream, RegistryRequest, Response
from registry.weight import TooHeavy

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Probe = Callable[[HttpRequest], HttpResponse]  # /healthz and its kin: they ask for no credential

MAX_BODY: Final = 2 * 2**20  # twice the longest schema: its quotes are written with a stroke
SMALL_BODY: Final = 64 * 2**10
LARGE_AT_ONCE: Final = 8
BODY_TIMEOUT: Final = 30.0
DRAINED: Final = 128 * 2**20  # of a body that is too large, so that the client reads the answer
MAX_WAITING: Final = 1_000
THREADS: Final = 4
SAFE: Final = ("GET", "HEAD")


class Door:
    """The ASGI application of the registry; one for each process."""

    def __init__(
        self,
        conninfo: str,
        cache_bytes: int,
        heavy: Heavy,
        probes: Mapping[str, Probe] | None = None,
        *,
        limit: Limit = UNLIMITED,
        limits_url: str = "",
    ) -> None:
        self.heavy = heavy
        self.probes = dict(probes or {})
        self.cache = Cache(cache_bytes)
        self.freshness = Freshness(conninfo, forget=self.cache.forget, clear=self.cache.clear)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="registry")
        self.actors = identity.Remembered()
        self.limit = limit
        self.limiter = Limiter(limits_url)
        self.waiting = 0
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self.weighty = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "http":
            await self.http(scope, receive, send)

    async def lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.freshness.start()
                await self.heavy.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.freshness.close()
                await self.limiter.close()
                self.heavy.close()
                self.threads.shutdown(wait=False)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _Headers(scope)
        method = scope["method"]
        if not await self.within_limit(scope, headers, send):
            return
        known = self.actors.get(headers.authorization)
        # What is remembered was given to somebody who may read; that must hold for this one too.
        if method in SAFE and known is not None and known.reads:
            key = (
                known.actor.context,
                scope["raw_path"],
                scope["query_string"],
                headers.accept,
            )
            answer = await self.remembered(key)
            if answer is not None:
                metrics.READS.labels("memory").inc()
                await _send_answer(send, answer, headers.uid, body=method == "GET")
                return
        await self.slow(scope, receive, send, headers)

    async def within_limit(self, scope: Scope, headers: _Headers, send: Send) -> bool:
        """Whether the caller may send this one now; else it is told when to come again.

        A token is counted by itself once it is known; whoever is not yet, or never will be, by the
        address. Most installations limit nobody, and then this looks up one name.
        """
        actor = self.actors.last(headers.authorization)
        limit = self.limit if actor is None or actor.rate is None else Limit(*actor.rate)
        if limit.rate == 0 or scope["raw_path"].decode("latin-1") in self.probes:
            return True
        who = principal(actor, scope.get("client"))
        wait = self.limiter.take(who, limit)
        if wait is None:
            wait = await self.limiter.refill(who, limit)
        if wait == 0.0:
            return True
        name = actor.name if actor is not None else who
        error = TooManyRequests(name, limit.rate, max(1, math.ceil(wait)))
        response = error_answer(error)
        response["X-Request-ID"] = headers.uid
        metrics.ANSWERS.labels("429").inc()
        await _send_response(send, response, body=scope["method"] != "HEAD")
        return False

    async def remembered(self, key: tuple[Any, ...]) -> Answer | None:
        """The answer in memory, if there is one and it is still true."""
        if self.cache.get(key) is None:
            return None
        try:
            await self.freshness.sure()
        except Unsure:
            return None
        return self.cache.get(key)

    async def slow(self, scope: Scope, receive: Receive, send: Send, headers: _Headers) -> None:
        """Through Django: in a thread, or where the body is large in a process."""
        try:
            if self.waiting >= MAX_WAITING:
                raise StoreBusy("The registry has too much to do: try again in a moment.")
            self.waiting += 1
            try:
                response = await self.viewed(scope, receive, headers)
            finally:
                self.waiting -= 1
        except RegistryError as error:
            response = error_answer(error)
            response["X-Request-ID"] = headers.uid
        metrics.ANSWERS.labels(str(response.status_code)).inc()
        body = scope["method"] != "HEAD"
        if isinstance(response, ListStream):
            await self.streamed(receive, send, response, body=body)
        else:
            await _send_response(send, response, body=body)

    async def streamed(
        self, receive: Receive, send: Send, response: ListStream, *, body: bool
    ) -> None:
        """An answer that is made while it is sent, part by part in whatever thread is free, until
        its client goes away. Of those that read schemas one is at work at a time."""
        await send(_start(response, _raw_headers(response)))
        parts = iter(response) if body else iter(())
        left = asyncio.ensure_future(_left(receive))
        loop = asyncio.get_running_loop()
        try:
            while not left.done():
                async with self.weighty if response.weighty else nullcontext():
                    part = await loop.run_in_executor(self.threads, next, parts, b"")
                if not part:
                    break
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()

    async def viewed(self, scope: Scope, receive: Receive, headers: _Headers) -> Response:
        """What a view answers. Raises BodyTooLarge, Malformed, StoreBusy."""
        if headers.length is None and not headers.chunked:
            return await self.light(scope, headers, b"")
        if headers.length is not None and headers.length <= SMALL_BODY:
            return await self.light(scope, headers, await _read(receive, SMALL_BODY))
        if headers.length is not None and headers.length > MAX_BODY:
            await _drain(receive)
            raise BodyTooLarge(MAX_BODY)
        async with self.large:
            body = await _read(receive, MAX_BODY)
            if len(body) <= SMALL_BODY:
                return await self.light(scope, headers, body)
            metrics.BY_PROCESS.labels("body").inc()
            return await self.by_child(scope, headers, body)

    async def by_child(self, scope: Scope, headers: _Headers, body: bytes) -> HttpResponse:
        """In a process, where it may take its time."""
        asked = Asked(_environ(scope, headers, body), body, headers.authorization, headers.uid)
        answered = await self.heavy.answer(asked)
        return HttpResponse(
            answered.content, status=answered.status, headers=dict(answered.headers)
        )

    async def light(self, scope: Scope, headers: _Headers, body: bytes) -> Response:
        """In a thread, where the answer may be remembered; or after all in a process."""
        loaded_at = self.cache.clock
        began = time.monotonic()
        environ = {**_environ(scope, headers, body), "wsgi.input": BytesIO(body)}
        try:
            request, response = await asyncio.get_running_loop().run_in_executor(
                self.threads, self.answer, environ, headers
            )
        except TooHeavy:
            metrics.BY_PROCESS.labels("schemas").inc()
            return await self.by_child(scope, headers, body)
        metrics.SECONDS.observe(time.monotonic() - began)
        self.remember(request, response, scope, headers, loaded_at, began)
        return response

    def answer(
        self, environ: dict[str, Any], headers: _Headers
    ) -> tuple[RegistryRequest | None, Response]:
        """In a thread: who asks, and what is answered. Django keeps its connections by signals."""
        request_started.send(sender=Door)
        try:
            probe = self.probes.get(environ["PATH_INFO"])
            if probe is not None:
                return None, probe(WSGIRequest(environ))
            with weight.shared():
                return dispatch.respond(environ, headers.authorization, headers.uid)
        finally:
            request_finished.send(sender=Door)

    def remember(
        self,
        request: RegistryRequest | None,
        response: Response,
        scope: Scope,
        headers: _Headers,
        loaded_at: int,
        began: float,
    ) -> None:
        if request is None:
            return
        if headers.authorization:
            self.actors.put(headers.authorization, request.actor, began)
        if scope["method"] != "GET" or request.depends is None or response.status_code != 200:
            return
        if isinstance(response, ListStream) or not may_read(request.actor):
            return
        key = (
            request.actor.context,
            scope["raw_path"],
            scope["query_string"],
            headers.accept,
        )
        content_type = response["Content-Type"].encode()
        self.cache.put(key, Answer(content_type, response.content, request.depends), loaded_at)
        metrics.CACHE_BYTES.set(self.cache.used)


class _Headers:
    """The headers that the door itself looks at."""

    __slots__ = (
        "accept",
        "authorization",
        "chunked",
        "content_type",
        "encoding",
        "host",
        "length",
        "uid",
    )

    def __init__(self, scope: Scope) -> None:
        self.accept = self.authorization = self.content_type = self.host = self.encoding = b""
        self.length: int | None = None
        self.chunked = False
        uid: list[str] = []
        for name, value in scope["headers"]:
            if name == b"accept":
                self.accept = self.accept + b"," + value if self.accept else value
            elif name == b"authorization":
                self.authorization = value
            elif name == b"host":
                self.host = value
            elif name == b"content-type":
                self.content_type = value
            elif name == b"content-encoding":
                self.encoding = value
            elif name == b"content-length":
                self.length = int(value) if value.isdigit() and len(value) < 16 else None
            elif name == b"transfer-encoding":
                self.chunked = True
            elif name == b"x-request-id":
                uid.append(value.decode("latin-1"))
        self.uid = dispatch.request_id(uid) if uid else str(uuid4())


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Malformed("The client went away before it had sent the body.")
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    await _drain(receive)
                    raise BodyTooLarge(limit)
                parts.append(part)
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise Malformed(f"The body did not arrive within {BODY_TIMEOUT:.0f} seconds.") from None


async def _left(receive: Receive) -> None:
    """Returns when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drain(receive: Receive) -> None:
    """Read on without keeping anything, for a while: most clients read the answer only then."""
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT / 3):
            while size < DRAINED:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _environ(scope: Scope, headers: _Headers, body: bytes) -> dict[str, Any]:
    """A WSGI environ whose path is still percent-encoded, so that %2F stays within its segment."""
    server = scope.get("server") or ("registry", 80)
    client = scope.get("client") or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["raw_path"].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "CONTENT_TYPE": headers.content_type.decode("latin-1"),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_ACCEPT": headers.accept.decode("latin-1"),
        "HTTP_CONTENT_ENCODING": headers.encoding.decode("latin-1"),
        "HTTP_AUTHORIZATION": headers.authorization.decode("latin-1"),
        "HTTP_HOST": headers.host.decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.url_scheme": scope.get("scheme", "http"),
    }


async def _send_answer(send: Send, answer: Answer, uid: str, *, body: bool) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", answer.content_type),
                (b"content-length", str(len(answer.body)).encode()),
                (b"x-request-id", uid.encode("latin-1", "replace")),
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body if body else b""})


async def _send_response(send: Send, response: HttpResponse, *, body: bool) -> None:
    content = response.content
    headers = _raw_headers(response)
    if response.status_code != 204:
        headers.append((b"content-length", str(len(content)).encode()))
    await send(_start(response, headers))
    await send({"type": "http.response.body", "body": content if body else b""})


def _start(response: Response, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


def _raw_headers(response: Response) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in response.items()
    ]
