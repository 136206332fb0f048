"""The Lua scripts: every step in Redis that must be atomic is one of the files in `lua/`.

They build keys themselves, so they need one Redis (alone or behind Sentinel), not a Cluster.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from redis import Redis

Script = Callable[..., Any]


@cache
def source(name: str) -> str:
    """The text of a script: the shared beginning, then the script itself."""
    folder = files(__package__) / "lua"
    shared = (folder / "wake.lua").read_text(encoding="utf-8")
    return shared + "\n" + (folder / f"{name}.lua").read_text(encoding="utf-8")


def load_scripts(redis: Redis) -> None:
    """Make every script known to Redis, so that no event waits for it. Raises RedisError."""
    folder = files(__package__) / "lua"
    for entry in folder.iterdir():
        if entry.name.endswith(".lua") and entry.name != "wake.lua":
            redis.script_load(source(entry.name.removesuffix(".lua")))


def script(redis: Redis, name: str) -> Script:
    """The script, ready to be called with its arguments; loads itself where Redis lost it."""
    registered = redis.register_script(source(name))

    def run(*arguments: str | bytes | int | float) -> Any:
        return registered(args=arguments)

    return run
