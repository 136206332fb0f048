"""The live story: every journal entry, as it is written, on the terminal."""

import time

from redis.exceptions import RedisError

from app.connect import connect
from app.journal import Journal
from cli.story import Story
from cli.terminal import Terminal

AGAIN_SECONDS = 0.3


def follow(redis_url: str, timeout: float, terminal: Terminal) -> None:
    """Show the story for as long as the process lives, across every end of Redis.

    What happens while Redis is away is missing here and complete in `gavel why`.
    """
    story = Story(terminal.paint)
    journal = Journal(connect(redis_url, timeout=timeout))
    while True:
        try:
            for entry in journal.follow():
                line = story.line(entry)
                if line is not None:
                    terminal.say(line)
        except RedisError:
            time.sleep(AGAIN_SECONDS)
