"""How far something is that takes a while, for people who wait at a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

One = TypeVar("One")


def shown_progress(things: Sequence[One]) -> Iterable[One]:
    """The things, one after the other, with a bar on the standard error while it takes long, which
    is gone at the end; without a terminal there is none."""
    return shown_progress_of(things, len(things))


def shown_progress_of(things: Iterable[One], total: int) -> Iterable[One]:
    """The same of things that come one by one, so many in the end."""
    if not sys.stderr.isatty():
        return things
    from rich.console import Console  # only who waits at a terminal waits for it
    from rich.progress import track

    console = Console(stderr=True)
    return track(things, description="", total=total, console=console, transient=True)


def shown_progress_up_to(
    looks: Iterable[One], total: int, done: Callable[[One], int]
) -> Iterator[One]:
    """What was seen at each look at something that goes on, with a bar of how much is `done`."""
    if not sys.stderr.isatty():
        yield from looks
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=total)
        for look in looks:
            bars.update(bar, completed=done(look))
            yield look
