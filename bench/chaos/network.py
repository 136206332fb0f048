"""Hosts on one machine: network namespaces, joined by two networks whose cables can be pulled.

One namespace is the middle: what all share stands there (`MIDDLE`), and both bridges. `front` is
where callbacks come and where Plivo's API is, `back` is where Redis is. This process has a leg in
both. Needs root and iproute2; everything is gone with `close`.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Side = Literal["front", "back"]
SIDES: Mapping[Side, str] = {"front": "198.18", "back": "198.19"}
"""The networks that are set apart for trials (RFC 2544)."""
MIDDLE, HERE = 1, 254
"""Last parts of an address: the middle's, and this process's."""
GONE_SECONDS = 10.0


class NoNamespaces(Exception):
    """Why network namespaces can not be had here, as a sentence."""


@dataclass
class Network:
    """`number` sets this one apart from others on the machine."""

    number: int
    hosts: list[int] = field(default_factory=list)

    def address(self, side: Side, host: int) -> str:
        return f"{SIDES[side]}.{self.number}.{host}"

    def namespace(self, host: int) -> str:
        return f"gavel-{self.number}-{host}"

    def build(self, hosts: Sequence[int]) -> None:
        """Raises NoNamespaces when the machine does not allow it."""
        try:
            self._add(MIDDLE)
            for side in SIDES:
                _ip("-n", self.namespace(MIDDLE), "link", "add", side, "type", "bridge")
                self._address(MIDDLE, side)
            for host in hosts:
                self._add(host)
                for side in SIDES:
                    self._cable(host, side, ["netns", self.namespace(host)])
                    self._address(host, side)
            for side in SIDES:
                name = self._name(HERE, side)
                self._cable(HERE, side, [], name)
                _ip("addr", "add", f"{self.address(side, HERE)}/24", "dev", name)
                _ip("link", "set", name, "up")
        except subprocess.CalledProcessError as error:
            self.close()
            said = error.stderr.strip() or f"{' '.join(error.cmd)} failed"
            raise NoNamespaces(f"network namespaces can not be made: {said}") from None

    def plugged(self, host: int, side: Side, *, into: bool) -> None:
        """Pull the cable of a host out of a network, or put it back: what is sent while it is out
        is lost without a word, in both directions."""
        middle = self.namespace(MIDDLE)
        _ip("-n", middle, "link", "set", self._name(host, side), "up" if into else "down")

    def inside(self, host: int) -> list[str]:
        """What makes a command run on that host, as its own process."""
        return ["ip", "netns", "exec", self.namespace(host)]

    def pids(self, host: int) -> list[int]:
        """All processes that run there."""
        return [int(word) for word in _ip("netns", "pids", self.namespace(host)).split()]

    def signal(self, host: int, number: signal.Signals) -> int:
        """To every process of a host; how many there were."""
        pids = self.pids(host)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return len(pids)

    def close(self) -> None:
        """Kill what still runs there, and take everything away."""
        for host in self.hosts:
            end = time.monotonic() + GONE_SECONDS
            while self.signal(host, signal.SIGKILL) and time.monotonic() < end:
                time.sleep(0.05)
            _ip("netns", "del", self.namespace(host))
        self.hosts.clear()

    def _add(self, host: int) -> None:
        _ip("netns", "add", self.namespace(host))
        self.hosts.append(host)
        _ip("-n", self.namespace(host), "link", "set", "lo", "up")

    def _cable(self, host: int, side: Side, where: Sequence[str], name: str = "") -> None:
        middle, end = self.namespace(MIDDLE), self._name(host, side)
        _ip(
            *("link", "add", end, "netns", middle, "type", "veth"),
            *("peer", "name", name or side, *where),
        )
        _ip("-n", middle, "link", "set", end, "master", side, "up")

    def _address(self, host: int, side: Side) -> None:
        at = ("-n", self.namespace(host))
        _ip(*at, "addr", "add", f"{self.address(side, host)}/24", "dev", side)
        _ip(*at, "link", "set", side, "up")

    def _name(self, host: int, side: Side) -> str:
        return f"gv{self.number}-{host}{side[0]}"


@contextmanager
def network(hosts: Sequence[int]) -> Iterator[Network]:
    """One with these hosts. Raises NoNamespaces."""
    if shutil.which("ip") is None:
        raise NoNamespaces("there is no `ip` here: install iproute2")
    if os.geteuid() != 0:
        raise NoNamespaces("only root may make network namespaces")
    made = Network(os.getpid() % 250 + 1)
    made.build(hosts)
    try:
        yield made
    finally:
        made.close()


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout
