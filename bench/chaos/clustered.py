"""A Valkey Cluster on 127.0.0.1: real servers, three primaries and a replica of each."""

import random
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from redis.crc import key_slot

from bench.chaos.replicated import EndedAtOnce, Server, wait_until

SLOTS = 16384
SHARDS = 3
TAG = "gavel"
NODE_TIMEOUT_MS = 2000
TRIES = 10


@dataclass
class Clustered:
    """`servers`: the primaries at the start, then their replicas in the same order."""

    folder: Path
    servers: list[Server] = field(default_factory=list)
    slot: int = key_slot(TAG.encode())

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in self.servers)

    def start(self, replicas: int, **options: str) -> None:
        """Started, all of them known to each other, every slot served."""
        for number in range(SHARDS * (1 + replicas)):
            self.servers.append(_started(self.folder / f"node-{number}", options))
        first = self.servers[0]
        bounds = [SLOTS * n // SHARDS for n in range(SHARDS + 1)]
        for number, (primary, (low, high)) in enumerate(
            zip(self.servers[:SHARDS], pairwise(bounds), strict=True), 1
        ):
            self.ask(primary, "CLUSTER", "SET-CONFIG-EPOCH", number)
            self.ask(primary, "CLUSTER", "ADDSLOTSRANGE", low, high - 1)
        bus = first.arguments[first.arguments.index("--cluster-port") + 1]
        for other in self.servers[1:]:
            self.ask(other, "CLUSTER", "MEET", "127.0.0.1", first.port, bus)
        wait_until(lambda: all(map(self._knows_all, self.servers)), "all nodes to meet")
        for number, replica in enumerate(self.servers[SHARDS:]):
            of = self.id_of(self.servers[number % SHARDS])
            wait_until(lambda r=replica, of=of: self._replicates(r, of), "a replica")
        wait_until(lambda: all(map(self._is_up, self.servers)), "the cluster to be up")

    def ask(self, server: Server, *command: Any) -> Any:
        with server.client() as client:
            return client.execute_command(*command)

    def id_of(self, server: Server) -> str:
        return str(self.ask(server, "CLUSTER", "MYID").decode())

    def _knows_all(self, server: Server) -> bool:
        return int(self._info(server)["cluster_known_nodes"]) == len(self.servers)

    def _is_up(self, server: Server) -> bool:
        with server.client() as client:
            link = client.info("replication").get("master_link_status", "up")
        return self._info(server)["cluster_state"] == "ok" and link == "up"

    def _info(self, server: Server) -> Any:
        return self.ask(server, "CLUSTER INFO")

    def _replicates(self, replica: Server, of: str) -> bool:
        return bool(self.ask(replica, "CLUSTER", "REPLICATE", of))

    def primary(self) -> Server:
        """Who says of itself that it has our slot and is a primary."""
        found: list[Server] = []

        def one_says_so() -> bool:
            found[:] = [one for one in self.servers if one.process and self._has_slot(one)]
            return len(found) == 1

        wait_until(one_says_so, "one primary of our slot")
        return found[0]

    def replica_of(self, primary: Server) -> Server:
        id = self.id_of(primary)
        return next(
            one
            for one in self.servers
            if one.process and one is not primary and self._master_of(one) == id
        )

    def _master_of(self, server: Server) -> str:
        return self._myself(server)[3]

    def _has_slot(self, server: Server) -> bool:
        row = self._myself(server)
        return "master" in row[2] and any(_holds(text, self.slot) for text in row[8:])

    def _myself(self, server: Server) -> list[str]:
        """Its own row of `CLUSTER NODES`."""
        rows = self.ask(server, "CLUSTER", "NODES").decode().splitlines()
        return next(row.split() for row in rows if "myself" in row.split()[2])

    def fail_over(self, *options: str) -> None:
        """Have a replica of our primary take its place."""
        replica = self.replica_of(self.primary())
        self.ask(replica, "CLUSTER", "FAILOVER", *options)
        wait_until(lambda: self._has_slot(replica), "the replica to take over")

    def kill_primary(self) -> Server:
        """Returns whom, once another one has taken its place."""
        dead = self.primary()
        dead.end()
        wait_until(lambda: any(map(self._serves, self.servers)), "another primary")
        return dead

    def come_back(self, server: Server) -> None:
        """Start it again; it is a replica of who took its place."""
        server.start()
        wait_until(lambda: self._is_up(server) and not self._has_slot(server), "the replica")

    def _serves(self, server: Server) -> bool:
        return server.process is not None and self._has_slot(server)

    def migrate_slot(self) -> Server:
        """Have another primary take our slot, at once (Valkey 9). Returns which."""
        old = self.primary()
        new = self.another_primary(old)
        range_ = ("SLOTSRANGE", self.slot, self.slot, "NODE", self.id_of(new))
        self.ask(old, "CLUSTER", "MIGRATESLOTS", *range_)
        wait_until(lambda: self._has_slot(new), "our slot to move")
        return new

    def migrate_by_key(self) -> Iterator[None]:
        """The old way of tools, key by key: goes on after the slot is open, after the first half of
        its keys, and after all of them; then the slot is at its new place."""
        old = self.primary()
        new = self.another_primary(old)
        to, of = self.id_of(new), self.id_of(old)
        self.ask(new, "CLUSTER", "SETSLOT", self.slot, "IMPORTING", of)
        self.ask(old, "CLUSTER", "SETSLOT", self.slot, "MIGRATING", to)
        yield
        count = self.ask(old, "CLUSTER", "COUNTKEYSINSLOT", self.slot)
        for part in (count // 2, count):  # while it goes on, keys come and go
            found = self.ask(old, "CLUSTER", "GETKEYSINSLOT", self.slot, part)
            if found:
                self.ask(old, "MIGRATE", "127.0.0.1", new.port, "", 0, 5000, "KEYS", *found)
            yield
        for one in (new, old):
            self.ask(one, "CLUSTER", "SETSLOT", self.slot, "NODE", to)

    def another_primary(self, than: Server) -> Server:
        return next(
            one
            for one in self.servers
            if one.process and one is not than and "master" in self._myself(one)[2]
        )

    def end(self) -> None:
        for one in self.servers:
            one.signal(signal.SIGCONT)
            one.end()


@contextmanager
def clustered(replicas: int = 1, **options: str) -> Iterator[Clustered]:
    """All of it, gone afterwards. `options` are of the servers' configuration."""
    made = Clustered(Path(tempfile.mkdtemp(prefix="gavel-clustered-")))
    try:
        made.start(replicas, **options)
        yield made
    finally:
        made.end()
        shutil.rmtree(made.folder, ignore_errors=True)


def _holds(slots: str, slot: int) -> bool:
    first, _, last = slots.partition("-")
    return first.isdigit() and int(first) <= slot <= int(last or first)


def _started(folder: Path, options: dict[str, str]) -> Server:
    for _ in range(TRIES - 1):
        server = _server(folder, options)
        with suppress(EndedAtOnce):
            server.start()
            return server
    server = _server(folder, options)
    server.start()
    return server


def _port() -> int:
    """A free port that no outgoing connection takes, while a node is down either."""
    while True:
        port = random.randrange(15000, 32000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _server(folder: Path, options: dict[str, str]) -> Server:
    port, bus = _port(), _port()
    settings = {
        "save": "",
        "appendonly": "no",
        "repl-diskless-sync-delay": "0",
        "cluster-enabled": "yes",
        "cluster-node-timeout": str(NODE_TIMEOUT_MS),
        "cluster-port": str(bus),
    } | {name.replace("_", "-"): value for name, value in options.items()}
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    for name, value in settings.items():
        arguments += [f"--{name}", *(value.split() or [""])]
    return Server(folder, port, arguments)
