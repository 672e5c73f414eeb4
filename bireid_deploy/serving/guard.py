"""Who may ask, how much, and for how long: before any route sees a request."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from bireid_deploy.serving.metrics import Metrics
from bireid_deploy.serving.page import OPEN as PAGE
from bireid_deploy.serving.settings import Settings, is_loopback

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Whoever watches the service has no key.
OPEN = ("/healthz", "/readyz", *PAGE)


class RefusedError(Exception):
    """A request that no route may see: its status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """ASGI middleware: host, origin, key, load, size and time of every request."""

    def __init__(self, app: App, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._working = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on with its body read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = asyncio.get_running_loop().time()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        self._working += 1
        try:
            self._check(scope)
            body = await self._body(scope, receive)
            await self._app(scope, _replay(body, receive), noted)
        except RefusedError as refused:
            await _refuse(refused, noted)
        finally:
            self._working -= 1
            seconds = asyncio.get_running_loop().time() - started
            self._metrics.count(scope["method"], status, seconds)

    def _check(self, scope: MutableMapping[str, Any]) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        # A page of elsewhere whose name leads to this machine must not read what is here.
        if self._settings.api_key is None and not is_loopback(_name(host)):
            raise RefusedError(403, "this service answers to its own machine only")
        origin = headers.get(b"origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise RefusedError(403, "pages of other origins may not ask")
        if scope["path"] in OPEN:
            return
        key = self._settings.api_key
        if key is not None:
            given = headers.get(b"authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode("latin-1"), key.encode("ascii")):
                raise RefusedError(401, "give the API key: Authorization: Bearer KEY")
        if self._working > self._settings.waiting:
            raise RefusedError(503, "too many requests at once; try again")

    async def _body(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes:
        limit = self._settings.max_bytes
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise RefusedError(400, "the client went away")
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise RefusedError(413, f"a body may have {limit} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise RefusedError(408, "the body took too long") from None


_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
)


def _name(host: str) -> str:
    """The host of a header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(refused: RefusedError, send: Send) -> None:
    body = json.dumps({"detail": str(refused)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
