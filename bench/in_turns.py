"""Servers beside each other: the same steps, in turns, so that a busy machine is busy for all of them.

    python bench/in_turns.py --rates 100,400 floor=bench/adapters/floor/adapter.toml \
        before=../before/bench/adapters/gavel/adapter.toml@8111 now=bench/adapters/gavel/adapter.toml@8112

All run at the same time and each is measured alone; `@PORT` moves one that would listen where another
does. For each rate and server, medians over the rounds: CPU an event, in all and by the kind of process,
callback → answer and callback → call (p50/p99, ms), and in how many rounds the rate was held.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path

import bench

KINDS = (
    ("recordings", "recordings"),
    ("workers", "worker"),
    ("gunicorn", "web"),
    ("gavel-web", "web"),
)
KINDS += (("valkey", "valkey"), ("gavel up", "supervisor"))


def kind(command):
    """What sort of process that is; "server" for one of another system."""
    return next((name for word, name in KINDS if word in command), "server")


def cpu_by_kind(server):
    """Seconds of CPU so far."""
    tick, found = os.sysconf("SC_CLK_TCK"), {}
    for pid in server.pids():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        name = kind(command)
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / tick
    return found


def step(run, server, rate, seconds):
    """One step, with the CPU of an event (ms) by the kind of process."""
    before = cpu_by_kind(server)
    result = run.step(server, rate, seconds, 0)
    after = cpu_by_kind(server)
    spent = {name: (after[name] - before.get(name, 0.0)) * 1000 for name in after}
    return result, {name: ms / result["events"] for name, ms in sorted(spent.items())}


def median(values):
    return round(statistics.median(values), 2)


def told(name, rate, steps):
    results = [result for result, _ in steps]
    kinds = sorted({kind for _, by in steps for kind in by})
    parts = ", ".join(f"{k} {median([by.get(k, 0.0) for _, by in steps])}" for k in kinds)
    times = [
        f"{what} "
        + "/".join(str(median([r[key][p] or -1 for r in results])) for p in ("p50", "p99"))
        for what, key in (("answered", "ack_ms"), ("called", "e2e_ms"))
    ]
    held = sum(result["sustained"] for result in results)
    cpu = median([result["cpu_ms_per_event"] for result in results])
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"{rate:>6}/s {name:>9}: {cpu} ms ({parts}), {', '.join(times)}, held {held}/{len(steps)}, {load}"


def adapter(given):
    """`NAME=PATH` or `NAME=PATH@PORT`."""
    name, _, place = given.partition("=")
    path, _, port = place.partition("@")
    found = bench.load_adapter(path)
    if port:
        found["port"] = int(port)
        for process in found["process"]:
            if "wait_port" in process:
                process["wait_port"] = int(port)
    return name, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("servers", nargs="+", type=adapter, metavar="NAME=ADAPTER.toml[@PORT]")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` stops the servers
    bench.build()
    sink, servers = bench.Sink(), {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, found in asked.servers:
                run = bench.Bench(found, sink, Path(folder, name))
                servers[name] = run, run.fresh_server(0)
            for run, server in servers.values():
                run.step(server, 50, 3, 0)
            for rate in asked.rates or [25, 100, 400, 800]:
                steps = {name: [] for name in servers}
                for number in range(asked.rounds):
                    order = list(servers.items())[:: -1 if number % 2 else 1]
                    for name, (run, server) in order:
                        steps[name].append(step(run, server, rate, asked.seconds))
                for name, done in steps.items():
                    print(told(name, rate, done), flush=True)
        finally:
            for _, server in servers.values():
                server.stop()
            sink.stop()


if __name__ == "__main__":
    main()
