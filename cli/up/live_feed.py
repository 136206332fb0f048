"""The live story: every journal entry, as it is written, on the terminal.

For people: what comes faster than anybody reads is not followed for a while, so that telling a
burst takes nothing from working it off.
"""

import time
from contextlib import closing

from redis.exceptions import RedisError

from app.domain.durations import format_duration
from app.store.connection import connect
from app.store.journal import Journal
from cli.output.format_journal import Story
from cli.output.terminal import Terminal

AGAIN_SECONDS = 0.3
MOST_A_SECOND = 100
PAUSE_SECONDS = 5.0
TOGETHER_SECONDS = 0.1
"""Nobody sees sooner what comes alone; told together it costs less."""


def follow(redis_url: str, timeout: float, terminal: Terminal) -> None:
    """Show the story for as long as the process lives, across every end of Redis.

    What happens while Redis is away is missing here and complete in `gavel why`.
    """
    story = Story(terminal.paint, width=terminal.width)
    journal = Journal(connect(redis_url, timeout=timeout))
    while True:
        try:
            if _tell(journal, story, terminal):
                terminal.say(
                    f"  (more than {MOST_A_SECOND} things a second happen: none is told here "
                    f"for {format_duration(PAUSE_SECONDS)}, all are in `gavel why CONFERENCE`)"
                )
                time.sleep(PAUSE_SECONDS)
        except RedisError:
            time.sleep(AGAIN_SECONDS)


def _tell(journal: Journal, story: Story, terminal: Terminal) -> bool:
    """Tell until too much happens at once; True then."""
    second, count = 0, 0
    with closing(journal.follow(TOGETHER_SECONDS)) as entries:
        for entry in entries:
            now = int(time.monotonic())
            second, count = (second, count + 1) if now == second else (now, 1)
            if count > MOST_A_SECOND:
                return True
            for line in story.lines(entry):
                terminal.say(line)
    return False
