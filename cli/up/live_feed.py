"""The live story: every journal entry, as it is written, on the terminal.

For people: what comes faster than anybody reads is not followed for a while, so that telling a
burst takes nothing from working it off.
"""

import time
from collections.abc import Iterator
from contextlib import closing

from redis.exceptions import RedisError

from app.domain.durations import format_duration
from app.store.connection import connect
from app.store.journal import Entry, Journal
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
    stories = Stories(terminal)
    journal = Journal(connect(redis_url, timeout=timeout))
    while True:
        try:
            if _tell(journal, stories, terminal):
                terminal.say(
                    f"  (more than {MOST_A_SECOND} things a second happen: none is told here "
                    f"for {format_duration(PAUSE_SECONDS)}, all are in `gavel why CONFERENCE`)"
                )
                time.sleep(PAUSE_SECONDS)
        except RedisError:
            time.sleep(AGAIN_SECONDS)


class Stories:
    """The story of each account, its lines with the account's name in front."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._by_account: dict[str, Story] = {}
        self._day = ""

    def lines(self, account: str, entry: Entry) -> Iterator[str]:
        """None for an entry that is not told."""
        story = self._by_account.get(account)
        if story is None:
            story = Story(self._terminal.paint, width=self._terminal.width)
            story.of = f"{account}: " if account else ""
            self._by_account[account] = story
        story.day = self._day
        yield from story.lines(entry)
        self._day = story.day


def _tell(journal: Journal, stories: Stories, terminal: Terminal) -> bool:
    """Tell until too much happens at once; True then."""
    second, count = 0, 0
    with closing(journal.follow_all(TOGETHER_SECONDS)) as entries:
        for account, entry in entries:
            now = int(time.monotonic())
            second, count = (second, count + 1) if now == second else (now, 1)
            if count > MOST_A_SECOND:
                return True
            for line in stories.lines(account, entry):
                terminal.say(line)
    return False
