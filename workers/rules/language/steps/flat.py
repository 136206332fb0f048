"""The steps of a rule as one row, so that a position in them is a number.

Jumps within the row, who of it asks for answers, and the nodes that its steps were read from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from app.yaml.tree import Map, Text
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.model import Step
from workers.rules.vocabulary.names import ANSWERS

END = 1_000_000
"""A place past the last of any rule."""


def redirect(flat: list[Step], part: tuple[int, int], end: int, to: int) -> None:
    """Have the steps of a part that go on at `end` go on at `to`."""
    for place in range(*part):
        step = flat[place]
        jumps = tuple(to if jump == end else jump for jump in step.jumps)
        if step.after(place) == end:
            step = replace(step, next=to)
        flat[place] = replace(step, jumps=jumps)


def asking(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, those marked whose answer one behind them asks about."""
    for place, step in enumerate(steps):
        name = ANSWERS.get(step.action)
        asks = any(name in later.reads for later in steps[place + 1 :])
        yield replace(step, asks=True) if asks else step


def items_of(do: Any) -> Iterator[Any]:
    """The nodes of all steps, in the order of the row. They were read without error."""
    for item in do:
        yield item
        if isinstance(item, Map):
            for branch in item.find("choose") or ():
                yield from items_of(branch["do"])
            yield from items_of(item.find("else") or ())


def step_key(item: Text | Map) -> Text:
    """The name of a step's action as it stands in the file. The step was read without error."""
    if isinstance(item, Text):
        return item
    return next(key for key in item if key in ACTIONS and not is_side(key, item))


def is_side(key: str, item: Map) -> bool:
    """Whether a key is the name of an action and stands beside another one that takes it."""
    return any(key in ACTIONS[other].beside for other in item if other in ACTIONS)
