"""Running one seed and telling what came of it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from tests.simulation.ended import ended
from tests.simulation.invariants import violations
from tests.simulation.server import Server
from tests.simulation.world import World


@dataclass(frozen=True)
class Result:
    """`wrong`: the invariants that do not hold, as sentences. `arguments`: what else it takes to
    run it again."""

    seed: int
    wrong: list[str]
    world: World
    arguments: str = ""

    def digest(self) -> str:
        """The same for two runs that went the same way."""
        return hashlib.sha1(repr(self.world.story).encode()).hexdigest()[:16]

    def told(self, lines: int | None = None) -> str:
        """The story, or its last lines, and what is wrong with it."""
        world = self.world
        head = [
            f"seed {self.seed}: {world.faults.climate}",
            f"rules {world.rules}, budget {world.budget}",
        ]
        story = world.story[-lines:] if lines else world.story
        told = [f"{at:9.4f} {who:22} {_text(what)}" for at, who, what in story]
        wrong = [f"WRONG: {problem}" for problem in self.wrong]
        again = f"again: make simulate SEED={self.seed} {self.arguments}".rstrip()
        return "\n".join([*head, *told, *wrong, again] if wrong else [*head, *told])


def run_seed(seed: int, server: Server, kinds: tuple[str, ...] = ()) -> Result:
    world = World(seed, server, kinds)
    at_rest = world.run()
    return Result(seed, list(violations(ended(world), at_rest=at_rest)), world)


def _text(what: tuple[Any, ...]) -> str:
    return " ".join(str(part)[:160] for part in what)
