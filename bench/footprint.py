#!/usr/bin/env python3
"""What Gavel takes when nothing happens, and when much is live.

    footprint.py idle      cold start, and the memory of all processes of the default set-up
    footprint.py live      memory in Valkey, and the CPU time of an event, with 10 and with
                           10,000 conferences live (5 members and 3 timers each)

Runs `gavel up` with its state in a temporary folder, on free ports of 127.0.0.1; about 15 s and
3 minutes. Needs a C compiler, as the harness beside it does, whose parts it uses.
"""

import argparse
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from redis import Redis

import bench

GAVEL = Path(sys.executable).with_name("gavel")
TOKEN = "bench-token-of-the-account"
RULES = """
version: 1
rules:
  - name: Three timers a conference
    when: [{conference.elapsed: 5h}, {conference.elapsed: 6h}, {conference.elapsed: 7h}]
    do: [{log: late}]
  - name: Everyone joins muted
    when: member.entered
    do: [mute: member]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gavel(bench.Server):
    """`gavel up`, under the harness' eyes."""

    posted = 0

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        env = {"STATE_DIR": str(self.folder / "var"), "LOG_LEVEL": "warning", **settings}
        env |= {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
        adapter = {
            "name": "gavel",
            "port": int(env["PORT"]),
            "path": "/plivo/conference",
            "sign": {"token": TOKEN},
            "env": env,
            "_dir": str(self.folder),
            "process": [{"name": "gavel", "cmd": f"{GAVEL} up"}],
        }
        super().__init__(adapter, self.folder / "work")

    def wait(self, path, seconds=30):
        """Seconds until a GET of `path` is answered 200."""
        end = self.t_start + seconds
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.a["port"]), 1) as s:
                    s.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                    if b" 200 " in s.recv(100):
                        return time.monotonic() - self.t_start
            except OSError:
                pass
            time.sleep(0.01)
        raise SystemExit(f"{path} was not answered; see {self.folder}")

    def redis(self):
        return Redis(unix_socket_path=str(self.folder / "var" / "valkey" / "valkey.sock"))


def members(first, conferences, each):
    """Fields of the callbacks when `each` members enter each of some conferences."""
    return [
        {
            **bench.event_fields(room * 100 + member),
            "ConferenceName": f"room-{room}",
            "ConferenceUUID": f"uuid-{room}",
        }
        for member in range(each)
        for room in range(first, first + conferences)
    ]


def post(gavel, events, rate):
    """Post them at that rate; CPU ms an event, of everything that Gavel runs."""
    first, real = gavel.posted, bench.event_fields
    gavel.posted += len(events)
    bench.event_fields = lambda i: events[i - first]
    try:
        before = gavel.usage()["cpu_s"]
        rows = bench.Load(gavel.a, rate, len(events), first).results()
        wait_until_done(gavel)
        after = gavel.usage()["cpu_s"]
    finally:
        bench.event_fields = real
    refused = sum(not 200 <= row[4] < 300 for row in rows)
    if refused:
        raise SystemExit(f"{refused} of {len(rows)} callbacks were not taken")
    return (after - before) * 1000 / len(events)


def wait_until_done(gavel):
    with gavel.redis() as redis:
        while redis.zcard("gavel:awake"):
            time.sleep(0.1)


def idle(options):
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(RULES)
        gavel = Gavel(folder, RULES_FILE=str(rules))
        gavel.start()
        try:
            ready = gavel.wait("/readyz")
            time.sleep(options.settle)
            use = gavel.usage()
        finally:
            gavel.stop()
    print(f"cold start to ready for callbacks: {ready:.2f} s")
    print(
        f"idle, sandbox and Valkey included: {use['pss_mib']} MiB PSS, "
        f"{use['rss_mib']} MiB RSS, {use['processes']} processes"
    )


def live(options):
    bench.build()
    sink = bench.Sink()
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(RULES)
        gavel = Gavel(
            folder,
            RULES_FILE=str(rules),
            PLIVO_AUTH_ID="MABENCHBENCHBENCHBEN",
            PLIVO_AUTH_TOKEN=TOKEN,
            PLIVO_API_URL=f"http://127.0.0.1:{bench.SINK_PORT}",
            PLIVO_RATE="100000/1s",
            RECONCILE_INTERVAL="1h",
        )
        gavel.start()
        try:
            gavel.wait("/readyz")
            empty = used(gavel)
            post(gavel, members(0, 10, 5), 100)
            few = post(gavel, members(20_000, 200, 5), options.rate)
            post(gavel, members(10, options.conferences - 10, 5), options.rate)
            full = used(gavel)
            many = post(gavel, members(30_000, 200, 5), options.rate)
            entries = journal(gavel, options.conferences)
        finally:
            gavel.stop()
            sink.stop()
    print(
        f"{options.conferences} live conferences, 5 members, 3 timers, {entries:.0f} journal "
        f"entries each: {(full - empty) / 2**20:.0f} MiB in Valkey"
    )
    print(
        f"CPU an event with few live: {few:.2f} ms, with {options.conferences}: {many:.2f} ms "
        f"(ratio {many / few:.2f})"
    )


def used(gavel):
    with gavel.redis() as redis:
        return redis.info("memory")["used_memory"]


def journal(gavel, conferences):
    with gavel.redis() as redis:
        keys = [key for key in redis.scan_iter("gavel:journal:*", count=1000)][:200]
        return sum(redis.llen(key) for key in keys) / max(1, len(keys))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("idle")
    one.add_argument("--settle", type=float, default=5.0)
    one.set_defaults(run=idle)
    two = commands.add_parser("live")
    two.add_argument("--conferences", type=int, default=10_000)
    two.add_argument("--rate", type=int, default=500)
    two.set_defaults(run=live)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent)
    main()
