"""How many calls a second the Conference API client makes, against a server that only answers.

    python -m bench.client [--calls 3000] [--profile]

One thread, loopback; the server is a process of its own. Beside it: `requests.Session.post`, and
urllib3 alone, which is the floor of what the client is built on.
"""

import argparse
import asyncio
import cProfile
import pstats
import subprocess
import sys
import time
from collections.abc import Callable

import requests
import urllib3

from app.domain.call import Call
from workers.plivo import PlivoApi

BODY = b'{"message":"muted","member_id":"10","api_id":"2867b6e2-58c3-11e1-86da-adf28403fe48"}'
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
_REST = ("run", "rule", 0, "event", 0.0, None, "stop", "")
MUTE = Call("id", "mute", "town hall", ("10",), {}, *_REST)
SPEAK = Call("id", "speak", "town hall", ("10",), {"text": "hello"}, *_REST)
PATH = "/v1/Account/MA/Conference/town%20hall/Member/10/Mute/"


class Answering(asyncio.Protocol):
    """Answers a request when it has come whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            _, _, length = self.buffer[:end].lower().partition(b"content-length:")
            whole = end + 4 + int(length.split(b"\r\n")[0] or 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            self.transport.write(ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def measure(name: str, calls: int, call: Callable[[], object]) -> None:
    call()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:24}{calls / wall:8.0f} calls/s{cpu / calls * 1e6:8.0f} us CPU a call")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=3000)
    options.add_argument("--profile", action="store_true")
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        asyncio.run(serve())
        return
    command = [sys.executable, "-m", "bench.client", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        compare(url, chosen.calls, chosen.profile)
        server.stdin.close()


def compare(url: str, calls: int, profile: bool) -> None:
    client = PlivoApi(url, "MA", "token", public_url="http://127.0.0.1")
    measure("PlivoApi, mute", calls, lambda: client.perform(MUTE))
    measure("PlivoApi, speak", calls, lambda: client.perform(SPEAK))
    with requests.Session() as session:
        session.auth = ("MA", "token")
        measure("requests.Session.post", calls, lambda: session.post(url + PATH, json={}))
    with urllib3.connection_from_url(url) as pool:
        headers = {"Authorization": "Basic x", "Content-Type": "application/json"}
        measure("urllib3", calls, lambda: pool.urlopen("POST", PATH, body=b"{}", headers=headers))
    if profile:
        with cProfile.Profile() as seen:
            for _ in range(calls):
                client.perform(MUTE)
        pstats.Stats(seen).sort_stats("tottime").print_stats(25)
    client.close()


if __name__ == "__main__":
    main()
