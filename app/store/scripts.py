"""The Lua scripts: every step in Redis that must be atomic is one of the files in `lua/`.

They build keys themselves, of several conferences in one step: all keys of a Gavel are on one
server (in a Cluster, by their tag: `app.store.server.tagged`).
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from redis import Redis
from redis.exceptions import NoScriptError

from app.store.server.replica import ReplicatedRedis

Script = Callable[..., Any]

STEP_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)
"""Upper bounds, in seconds, of what a step may take its caller."""


@cache
def source(name: str) -> str:
    """The text of a script: the shared beginning, then the script itself."""
    folder = files(__package__) / "lua"
    shared = (folder / "wake.lua").read_text(encoding="utf-8")
    return shared + "\n" + (folder / f"{name}.lua").read_text(encoding="utf-8")


def text_for(redis: Redis, name: str) -> str:
    """The text of a script as this client has to load it."""
    return str(redis.register_script(source(name)).script)


def load_scripts(redis: Redis) -> None:
    """Make every script known to Redis, so that no event waits for it. Raises RedisError."""
    folder = files(__package__) / "lua"
    for entry in folder.iterdir():
        if entry.name.endswith(".lua") and entry.name != "wake.lua":
            redis.script_load(text_for(redis, entry.name.removesuffix(".lua")))


def script(redis: Redis, name: str, *, confirmed: bool = False) -> Script:
    """The script, ready to be called with its arguments; loads itself where Redis lost it.
    `confirmed`: it answers when a replica has what it wrote, where the client is one that waits."""
    registered = redis.register_script(source(name))
    client: Any = redis  # the library leaves its methods without types
    times = step_times(redis, name)
    waits = redis if confirmed and isinstance(redis, ReplicatedRedis) else None

    def ask(*arguments: str | bytes | int | float) -> Any:
        if waits is not None:
            return waits.confirmed(lambda pipe: registered(args=arguments, client=pipe))
        try:
            return client.execute_command("EVALSHA", registered.sha, 0, *arguments)
        except NoScriptError:
            return registered(args=arguments)

    def run(*arguments: str | bytes | int | float) -> Any:
        began = time.perf_counter()
        try:
            return ask(*arguments)
        finally:
            times.note(time.perf_counter() - began)

    return run


class StepTimes:
    """How long one step took, each time, until somebody asks. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted = [0] * (len(STEP_BUCKETS) + 1)
        self._seconds = 0.0

    def note(self, seconds: float) -> None:
        with self._lock:
            self._counted[bisect_left(STEP_BUCKETS, seconds)] += 1
            self._seconds += seconds

    def taken(self) -> tuple[list[int], float]:
        """How often by bucket (the last is for longer), and the seconds in all; begins anew."""
        with self._lock:
            found = self._counted, self._seconds
            self._counted, self._seconds = [0] * len(self._counted), 0.0
        return found


_times: WeakKeyDictionary[Redis, dict[str, StepTimes]] = WeakKeyDictionary()


def step_times(redis: Redis, name: str) -> "StepTimes":
    """Where the times of this step through this client are noted."""
    return _times.setdefault(redis, {}).setdefault(name, StepTimes())


def times_of(redis: Redis) -> Mapping[str, StepTimes]:
    """The times of the steps that are made through this client, by their scripts."""
    return dict(_times.get(redis, {}))
