"""The live story: every journal entry, as it is written, on the terminal.

For people: what comes faster than anybody reads is not followed for a while, so that telling a
burst takes nothing from working it off.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress

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


class LiveFeed:
    """The story for as long as the process lives, across every end of Redis.

    What happens while Redis is away is missing here and complete in `gavel why`.
    """

    def __init__(self, redis_url: str, timeout: float, terminal: Terminal) -> None:
        self._journal = Journal(connect(redis_url, timeout=timeout))
        self._terminal, self._stories = terminal, Stories(terminal)
        self._entries: Generator[tuple[str, Entry], None, None] | None = None

    def listen(self) -> None:
        """What happens from now on will be told, unless Redis is away."""
        with suppress(RedisError):
            self._entries = self._journal.follow_all(TOGETHER_SECONDS)

    def follow(self) -> None:
        """Tell what was heard since `listen`, and all that comes."""
        while True:
            try:
                if self._tell():
                    self._terminal.say(
                        f"  (more than {MOST_A_SECOND} things a second happen: none is told here "
                        f"for {format_duration(PAUSE_SECONDS)}, all are in `gavel why CONFERENCE`)"
                    )
                    time.sleep(PAUSE_SECONDS)
            except RedisError:
                time.sleep(AGAIN_SECONDS)

    def _tell(self) -> bool:
        """Tell until too much happens at once; True then."""
        entries = self._entries or self._journal.follow_all(TOGETHER_SECONDS)
        self._entries = None
        second, count = 0, 0
        with closing(entries):
            for account, entry in entries:
                now = int(time.monotonic())
                second, count = (second, count + 1) if now == second else (now, 1)
                if count > MOST_A_SECOND:
                    return True
                for line in self._stories.lines(account, entry):
                    self._terminal.say(line)
        return False


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
