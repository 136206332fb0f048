"""The client of Redis that a simulated process is given: every command is a seam."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import hiredis
from redis import Redis
from redis.client import Pipeline
from redis.commands.core import Script
from redis.exceptions import (
    BusyLoadingError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.simulation.scheduler import Killed, Process
from tests.simulation.server import TOGETHER

if TYPE_CHECKING:
    from tests.simulation.world import World

TIMEOUT = 2.0  # of one command, as REDIS_TIMEOUT
ANSWERS = (
    ReadOnlyError("READONLY You can't write against a read only replica."),
    OutOfMemoryError("OOM command not allowed"),
    BusyLoadingError("LOADING Valkey is loading the dataset in memory"),
)


class Client(Redis):
    """The real client down to the socket; below it is the simulation."""

    def __init__(self, world: "World", process: Process) -> None:
        super().__init__(protocol=2, lib_name=None, lib_version=None)
        self.connection_pool.connection_kwargs["socket_timeout"] = TIMEOUT
        self._world = world
        self._process = process

    def register_script(self, script: Any) -> Script:
        return Script(self, self._world.server.register(str(script)))

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return Together(self)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        command = str(args[0])
        if command == "BLPOP":
            return self._blpop(str(args[1]), float(args[-1]))
        return self._read(self._ask(args), command, options)

    def together(self, commands: Sequence[tuple[tuple[Any, ...], dict[str, Any]]]) -> list[Any]:
        """The answers to commands, with their options, that are sent at once."""
        replies = self._ask((TOGETHER, *(args for args, _ in commands))) if commands else []
        return [
            self._read(reply, str(args[0]), options)
            for reply, (args, options) in zip(replies, commands, strict=True)
        ]

    def _read(self, reply: Any, command: str, options: dict[str, Any]) -> Any:
        """What the library makes of a reply."""
        if isinstance(reply, hiredis.ReplyError):
            text = str(reply)
            raise NoScriptError(text) if text.startswith("NOSCRIPT") else ResponseError(text)
        callback = self.response_callbacks.get(command)
        options = {name: value for name, value in options.items() if name != "keys"}
        return callback(reply, **options) if callback else reply

    def _blpop(self, key: str, seconds: float) -> Any:
        world, until = self._world, self._world.now + seconds
        while (popped := self._ask(("LPOP", key))) is None:
            if not world.wait_for_wakeup(until):
                return None
        return key.encode(), popped

    def _ask(self, args: tuple[Any, ...]) -> Any:
        """One command: on its way, done, and on its way back; at each point things go wrong."""
        world, faults = self._world, self._world.faults
        if world.scheduler.current is None:
            return world.execute(args, self._process)
        if not self._process.alive:
            raise Killed
        world.seam(self._process)
        if faults.strikes("refuse", world.now):
            world.scheduler.sleep(faults.trip(world.now))
            self._fail(args, RedisConnectionError("simulated: connection refused"))
        if faults.strikes("refuse", world.now):
            world.scheduler.sleep(faults.trip(world.now))
            self._fail(args, ANSWERS[int(faults.between(0, 2.999))])
        reply = self._send(args, 0.0)
        if faults.strikes("lose", world.now):
            if faults.choose("again", "raise") == "raise":
                self._fail(args, RedisConnectionError("simulated: connection lost, was done"))
            reply = self._send(args, 0.0)  # as the library does
        world.seam(self._process)
        return reply

    def _send(self, args: tuple[Any, ...], least: float) -> Any:
        world, faults, scheduler = self._world, self._world.faults, self._world.scheduler
        task = scheduler.current
        assert task is not None
        answer: list[Any] = []
        turn = task.turn
        there = faults.trip(world.now)
        late = faults.strikes("late", world.now)
        if late:
            there = TIMEOUT + faults.between(-0.5, 1.5)

        def arrive() -> None:
            answer.append(world.execute(args, self._process))
            if not late and task.turn == turn:
                scheduler.wake(task, world.now + faults.trip(world.now, back=True))

        scheduler.at(world.now + there, arrive)
        if late:
            scheduler.sleep(TIMEOUT)
            self._fail(args, RedisTimeoutError("simulated: timeout"))
        scheduler.suspend()
        if isinstance(answer[0], RedisError):
            self._fail(args, answer[0])
        return answer[0]

    def _fail(self, args: tuple[Any, ...], error: RedisError) -> None:
        self._world.tell(self._world.shown(args), "->", error)
        raise error


class Together(Pipeline):
    """Commands that go to Redis and come back together: seams only before and after all of them."""

    def __init__(self, client: Client) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, False, None)
        self._client = client

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands, self.command_stack = self.command_stack, []
        return self._client.together(commands)
