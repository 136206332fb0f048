"""What a deployment of one account takes while nothing happens: `python -m bench.scale.at_rest`.

`gavel web` and `gavel worker` beside a Valkey of their own, as on a host; the rules are empty, no
conference lives. CPU and commands are counted over half a minute, memory is PSS at its end.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.chaos.fleet import Fleet
from bench.chaos.processes import command, parents_of_all

SECONDS = 30.0


class One(Fleet):
    """One web process and one worker."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder, "http://127.0.0.1:9", "version: 1\nrules: []\n", RECONCILE_INTERVAL="30s"
        )
        self.names = ["worker-0", "web-0"]
        del self._ports["web-1"]

    def of(self, kind: str) -> Sequence[int]:
        """The processes of a kind: what was started, and what is below it."""
        found = {one.pid for name, one in self._processes.items() if name.startswith(kind)}
        parents = parents_of_all()
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found)

    def valkey(self) -> Sequence[int]:
        return [pid for pid in parents_of_all() if f":{self._valkey.port}" in command(pid)]


def cpu_seconds(pids: Sequence[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mib(pids: Sequence[int]) -> float:
    """Each page that several share counts once among them."""
    total = 0
    for pid in pids:
        for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if row.startswith("Pss:"):
                total += int(row.split()[1])
    return total / 1024


def commands(redis: Any) -> int:
    return int(redis.info("stats")["total_commands_processed"])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gavel-at-rest-") as folder:
        one = One(Path(folder))
        one.start()
        try:
            kinds = {"web": one.of("web"), "worker": one.of("worker"), "Valkey": one.valkey()}
            time.sleep(5.0)
            with one.redis() as redis:
                before = {kind: cpu_seconds(pids) for kind, pids in kinds.items()}
                asked = commands(redis)
                time.sleep(SECONDS)
                asked = commands(redis) - asked
            for kind, pids in kinds.items():
                used = (cpu_seconds(pids) - before[kind]) / SECONDS
                print(f"{kind}: {used:.2%} of a core, {pss_mib(pids):.0f} MiB PSS")
            print(f"commands of Redis a second: {asked / SECONDS:.1f}")
        finally:
            one.stop()


if __name__ == "__main__":
    main()
