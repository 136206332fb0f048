"""The real Valkey of the simulation, spoken to over one unix socket, on virtual time."""

import hashlib
import json
import socket
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import hiredis

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = Path(__file__).with_name("prelude.lua").read_text(encoding="utf-8")
PLAIN = PRELUDE + "\nreturn redis.call(unpack(ARGV))"
COPY = "for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', key, key, 'DB', 1) end"
QUEUE = "rq:queue:gavel"
DUE = "gavel:due"
TOGETHER = "TOGETHER"
"""Before commands that are sent at once."""

Reply = Any


@cache
def shipped() -> Mapping[str, str]:
    """The scripts of the product, by the names of their files."""
    found = [path for room in ("app", "workers") for path in (ROOT / room).rglob("*.lua")]
    return {path.stem: path.read_text(encoding="utf-8") for path in found}


def name_of(text: str) -> str:
    """The file that a registered script ends with."""
    return next((name for name, own in shipped().items() if text.endswith(own)), "script")


class Shown(NamedTuple):
    """A command for the story, made into words only when somebody reads it."""

    command: Sequence[Any]
    name: str

    def __str__(self) -> str:
        if not self.name:
            return " ".join(str(part)[:40] for part in self.command)[:150]
        words = [str(part)[:40] for part in self.command[3:] if part != ""]
        return f"{self.name}({' '.join(words)[:150]})"


class Server:
    """One database, emptied for every seed; what is shipped can be changed for a mutation."""

    def __init__(self, path: str, changes: Mapping[str, tuple[str, str]]) -> None:
        self.names: dict[str, str] = {}
        self._registered: dict[str, str] = {}  # what is shipped -> what runs
        self._changes = changes
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = hiredis.Reader()
        self._texts = [PLAIN]
        self._reload()

    def register(self, text: str) -> str:
        """The text as it runs here: with virtual time, and with the mutation that is tried."""
        if text not in self._registered:
            self._registered[text] = self._changed(text)
        return self._registered[text]

    def _changed(self, text: str) -> str:
        name = name_of(text)
        if change := self._changes.get(name):
            if change[0] not in text:
                raise LookupError(f"the mutation of {name}.lua no longer finds its line")
            text = text.replace(*change)
        whole = PRELUDE + "\n" + text
        sha = hashlib.sha1(whole.encode()).hexdigest()
        if sha not in self.names:
            self.names[sha] = name
            self._texts.append(whole)
            self._load(whole)
        return whole

    def run(self, now: float, command: Sequence[Any]) -> tuple[Reply, int, float | None]:
        """The reply (an error is a value), how many wake-ups are queued, and the next due time."""
        at = str(round(now * 1e6))
        commands = command[1:] if command[0] == TOGETHER else (command,)
        sent = [self._timed(at, commands[0]), *(self._after(at, one) for one in commands[1:])]
        due = ("ZRANGE", DUE, "0", "0", "WITHSCORES")
        *replies, queued, next_due = self._speak(*sent, ("LLEN", QUEUE), due)
        reply = replies if command[0] == TOGETHER else replies[0]
        return reply, queued, float(next_due[1]) if next_due else None

    def _timed(self, at: str, command: Sequence[Any]) -> Sequence[Any]:
        """The same command, carried out at that time."""
        if command[0] == "EVALSHA":
            _, sha, count, *rest = command
            keys = int(count)
            return ("EVALSHA", sha, str(keys + 1), *rest[:keys], at, *rest[keys:])
        if command[0] in ("SCRIPT LOAD", "SCRIPT"):
            return ("SCRIPT", "LOAD", command[-1])
        return ("EVALSHA", self._plain, "1", at, *command)

    def _after(self, at: str, command: Sequence[Any]) -> Sequence[Any]:
        """The same after another at that time, which has let go of what is over."""
        return command if command[0] == "HINCRBY" else self._timed(at, command)

    def look(self, *commands: Sequence[Any]) -> list[Reply]:
        """Read without time going by, for the invariants."""
        return self._speak(*commands)

    def script_of(self, command: Sequence[Any]) -> str:
        """The name of the script that this command runs; empty: another command."""
        return self.names.get(str(command[1]), "") if command[0] == "EVALSHA" else ""

    def first_of_inbox(self, unit: str) -> str:
        """The id of the event that is decided next."""
        entry = self._speak(("LINDEX", f"gavel:inbox:{unit}", "0"))[0]
        return str(json.loads(entry.partition(b" ")[2])["id"]) if entry else ""

    def lease_token(self, unit: str, now: float) -> str:
        """Of whoever holds the lease of that unit now; empty: nobody."""
        key = f"gavel:lease:{unit}"
        held, until = self._speak(("GET", key), ("ZSCORE", "sim:expiry", key))
        if held is None or until is None or float(until) <= now * 1e6:
            return ""
        return str(held.decode()).rpartition(":")[0]

    def empty(self) -> None:
        """As every run finds it: no keys, all scripts."""
        self._speak(("FLUSHALL", "SYNC"))
        if self._forgotten:
            self._reload()

    def keep(self) -> None:
        """What a replica has received: from here on it lags behind."""
        self._speak(("EVAL", COPY, "0"))

    def fall_back(self) -> None:
        """The replica becomes the server; what it had not received is lost."""
        self._speak(("SWAPDB", "0", "1"))

    def forget_scripts(self) -> None:
        """A server that was a replica knows no scripts."""
        self._speak(("SCRIPT", "FLUSH"))
        self._forgotten = True
        self._load(PLAIN)

    def _reload(self) -> None:
        self._forgotten = False
        self._plain, *_ = [self._load(text) for text in self._texts]

    def at_rest(self, before: float) -> bool:
        """No unit awake or to be woken, nothing queued, no timer left from before that time."""
        awake, queued, due = self._speak(
            ("ZCARD", "gavel:awake"), ("LLEN", QUEUE), ("ZRANGE", DUE, "0", "-1", "WITHSCORES")
        )
        late = any(float(at) < before for at in due[1::2])
        return not (awake or queued or late or any(row.endswith(b" ~") for row in due[::2]))

    def searches(self) -> int:
        """How many recordings Plivo is to be asked for."""
        return int(self._speak(("ZCARD", "gavel:sought"))[0])

    def _load(self, text: str) -> str:
        return self._speak(("SCRIPT", "LOAD", text))[0].decode()

    def _speak(self, *commands: Sequence[Any]) -> list[Reply]:
        packed = b"".join(hiredis.pack_command(tuple(command)) for command in commands)
        self._socket.sendall(packed)
        return [self._read() for _ in commands]

    def _read(self) -> Reply:
        while (reply := self._reader.gets()) is False:
            self._reader.feed(self._socket.recv(65536))
        return reply
