"""The sandbox as an HTTP server: `serve(options)` runs it until a signal comes."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.errors import SandboxError
from sandbox.gateway import BODY_BYTES, Gateway
from sandbox.options import Options
from sandbox.silence import SilentStudio
from sandbox.telephony import Telephony


def serve(options: Options, tell: Callable[[str], None] = print) -> None:
    """Run until SIGINT or SIGTERM. The first line that is told is the URL."""
    asyncio.run(_serve_until_signal(options, tell))


async def _serve_until_signal(options: Options, tell: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(options, lambda lines: tell(lines.options.public_url), stop)


async def run(options: Options, ready: Callable[[Telephony], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` gets the running sandbox once it listens."""
    listening = socket.create_server((options.host, options.port), backlog=1024)
    port = listening.getsockname()[1]
    options = replace(options, public_url=options.public_url or f"http://{options.host}:{port}")
    clock = Clock(asyncio.get_running_loop())
    lines = Telephony(options, clock, SilentStudio())
    runner = web.AppRunner(_app(lines), access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, listening, shutdown_timeout=0.5).start()
    ready(lines)
    try:
        await stop.wait()
    finally:
        clock.forget_timers()
        await lines.post.close()
        await runner.cleanup()


def _app(lines: Telephony) -> web.Application:
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_errors])
    app.add_routes(Control(lines, lines.reset).routes())
    app.router.add_route("*", "/{path:.*}", Gateway(lines).answer)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SandboxError as error:
        return web.json_response({"error": str(error)}, status=error.status)
