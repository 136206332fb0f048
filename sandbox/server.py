"""The sandbox as an HTTP server: `serve(options)` runs it until a signal comes."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.api import inputs
from sandbox.api.middleware import BODY_BYTES, Gateway
from sandbox.control import guard
from sandbox.control.files import Files
from sandbox.control.page import Page
from sandbox.control.routes import Control
from sandbox.scenarios.player import Player
from sandbox.telephony import Telephony
from sandbox.world.clock import Clock
from sandbox.world.errors import BadOptions, SandboxError
from sandbox.world.options import AUTH_TOKEN, Options


def serve(options: Options, tell: Callable[[str], None] = print) -> None:
    """Run until SIGINT or SIGTERM. The first line that is told is the URL."""
    asyncio.run(_serve_until_signal(options, tell))


async def _serve_until_signal(options: Options, tell: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored by who started us: stays so
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(options, lambda lines: tell(lines.options.public_url), stop)


async def run(options: Options, ready: Callable[[Telephony], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` gets the running sandbox once it listens."""
    if options.auth_token == AUTH_TOKEN and not guard.is_loopback(options.host):
        raise BadOptions(
            f"on {options.host} others can reach it, and its token is the one that the docs print: "
            "give it an --auth-token of your own"
        )
    with _listen(options) as listening:
        port = listening.getsockname()[1]
        public_url = options.public_url or f"http://{options.host}:{port}"
        options = replace(options, public_url=public_url.rstrip("/"))
        lines = Telephony(options, Clock(asyncio.get_running_loop()))
        runner = web.AppRunner(_app(lines), access_log=None, shutdown_timeout=0.5)
        try:
            await runner.setup()
            await web.SockSite(runner, listening).start()
            ready(lines)
            await stop.wait()
        finally:
            await lines.close()
            await runner.cleanup()


def _listen(options: Options) -> socket.socket:
    try:
        return socket.create_server((options.host, options.port), backlog=1024)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        raise BadOptions(f"cannot listen on {where} ({error}): choose another port") from error


def _app(lines: Telephony) -> web.Application:
    player = Player(lines.options)
    page = Page(lines, player)
    guarded = _guarded(lines.options, page.refused)
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[guarded])
    app.router.add_get("/", page.show)
    app.add_routes(Control(lines, player).routes())
    account = f"/v1/Account/{lines.options.auth_id}"
    app.router.add_get(account + "/Recording/{file}", Files(lines).recording)
    app.router.add_route("*", "/v1/{path:.*}", Gateway(lines).answer)
    return app


def _guarded(options: Options, refused: Callable[[str], str]) -> Middleware:
    """Guards everything but the API; refusals are JSON, or shown on the page to who sent a form:
    `refused` keeps one and tells under which id."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        by_hand = inputs.by_hand(request)
        try:
            if not request.path.startswith("/v1/"):
                guard.check(request, options)
            answer = await handler(request)
        except SandboxError as error:
            if by_hand and error.status not in {401, 403}:
                raise web.HTTPSeeOther(f"/?refused={refused(str(error))}") from error
            headers = {"WWW-Authenticate": 'Basic realm="sandbox"'} if error.status == 401 else {}
            return web.json_response({"error": str(error)}, status=error.status, headers=headers)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            if not request.path.startswith("/sandbox/"):
                raise
            told = {"error": f"{error.reason.lower()}: {request.method} {request.path}"}
            return web.json_response(told, status=error.status)
        if by_hand:
            raise web.HTTPSeeOther("/")
        return answer

    return guarded
