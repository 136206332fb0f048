"""The rules that a process works with now: the last good version of the file.

A changed file is taken when it is good; a broken one changes nothing but is told everywhere (log,
metric, story). New rules are published once, whichever process sees them first: the receiver
gets what it needs of them, every live conference an event, so that its timers are derived again
(`lua/publish.lua`). The last good text is kept in Redis, for a process that starts while the file
is broken.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence

from redis import Redis

from app.domain.event import Event, new_id
from app.logs import step
from app.store import keys
from app.store.commit import journal_line
from app.store.journal import tell_of_rules
from app.store.scripts import script
from app.store.server.clock import redis_time
from app.yaml.problems import FileError
from workers.rules.difference import difference, in_words
from workers.rules.engine.index import Rules
from workers.rules.file import Broken, Loaded, RulesFile
from workers.rules.load import load
from workers.rules.published import published

log = logging.getLogger("gavel.rules")

_TOLD = 20  # problems that the story names; the log has them all

ABANDONED_SECONDS = 3
"""Rules that no process has held for so long are no longer those that run."""


class RulesReloader:
    """One file of rules. `rules` is replaced as a whole, so that a decision sees one version."""

    rules: Rules

    def __init__(
        self, redis: Redis, path: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._file = RulesFile(path, clock=clock)
        self._publish, self._hold = script(redis, "publish"), script(redis, "hold")
        self._pending_notice: Loaded | Broken | None = None
        self._taken: Loaded | None = None

    def open(self) -> None:
        """Load the file, or the last good rules when it is broken; nobody is told before the first
        `look`. Raises FileError when there are none, and RedisError."""
        found = self._file.poll()
        if isinstance(found, Loaded):
            self.rules = found.rules
            if not self.rules.rules:
                step(
                    log, "the rules file has no rules: nothing will be done", level=logging.WARNING
                )
        else:
            problems = found.problems if isinstance(found, Broken) else ()
            text = self._redis.get(keys.RULES_TEXT)
            if not isinstance(text, bytes):
                raise FileError(problems)
            self.rules = load(text.decode(), "the last good rules")
            self._taken = Loaded(self.rules, text.decode())
        self._pending_notice = found

    def look(self) -> None:
        """Take the file if it changed; called about twice a second. Raises RedisError when nobody
        could be told: the next look does."""
        self._pending_notice = self._file.poll() or self._pending_notice
        if isinstance(self._pending_notice, Loaded):
            self._take(self._pending_notice)
        elif isinstance(self._pending_notice, Broken):
            self._tell_broken(self._pending_notice.problems)
        else:
            self._keep_known()
        self._pending_notice = None

    def _keep_known(self) -> None:
        """Put the rules back where Redis lost them, or where they are those of a process that is
        gone."""
        if self._taken is None or not self._hold(self.rules.digest, ABANDONED_SECONDS):
            return
        if self._make_known(self._taken, None) >= 0:
            step(log, "rules put back", level=logging.WARNING, digest=self.rules.digest)

    def _make_known(self, found: Loaded, before: Rules | None) -> int:
        """Publish them; how many live conferences were told, -1 when they were known."""
        said = in_words(before, found.rules)
        data = {"digest": found.rules.digest, "said": said}
        told: int = self._publish(
            json.dumps(published(found.rules), ensure_ascii=False),
            found.text,
            found.rules.digest,
            Event(new_id(), "rules.changed", "", 0.0, "", data).to_json(),
            _entry(redis_time(self._redis), f"rules taken: {said}", found.rules),
        )
        return told

    def _known_before(self) -> Rules | None:
        """Others that were published last, as far as this version reads them."""
        if self._redis.get(keys.RULES_DIGEST) == self.rules.digest.encode():
            return None
        text = self._redis.get(keys.RULES_TEXT)
        try:
            return load(text.decode(), "") if isinstance(text, bytes) else None
        except (FileError, UnicodeDecodeError):
            return None

    def _take(self, found: Loaded) -> None:
        before = self.rules if self._taken is not None else self._known_before()
        changes = difference(self.rules, found.rules)
        _tell_emptied(self.rules, found.rules)
        self.rules, self._taken = found.rules, found
        if changes:
            step(
                log,
                "rules changed",
                added=changes.get("added"),
                changed=changes.get("changed"),
                removed=changes.get("removed"),
                lists=changes.get("lists"),
            )
        told = self._make_known(found, before)
        mended = self._redis.delete(keys.RULES_BROKEN) == 1
        if mended and told < 0:
            words = f"the rules file is good again: {in_words(None, found.rules)}"
            tell_of_rules(self._redis, _entry(redis_time(self._redis), words, found.rules))
        step(
            log,
            "rules loaded",
            digest=found.rules.digest,
            rules=len(found.rules.rules),
            live_conferences_told=told if told >= 0 else None,
        )

    def _tell_broken(self, problems: tuple[object, ...]) -> None:
        lines = [str(problem) for problem in problems]
        text = "\n".join(lines)[:8000]
        if self._redis.set(keys.RULES_BROKEN, text, get=True) != text.encode():
            tell_of_rules(
                self._redis,
                _entry(redis_time(self._redis), _broken(lines), self.rules, taken=False),
            )
        for problem in lines:
            words = "rules broken, the last good ones stay"
            step(log, words, level=logging.ERROR, problem=problem)


def _broken(problems: Sequence[str]) -> str:
    """What the story says of a broken file: each problem on a line of its own."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    more = len(problems) - _TOLD
    said = [f"rules broken, the last good ones stay: {count}", *problems[:_TOLD]]
    return "\n".join([*said, f"and {more} more: see `gavel check`"] if more > 0 else said)


def _entry(now: float, text: str, rules: Rules, *, taken: bool = True) -> str:
    """Of the journal of rules; `rules` are those that run."""
    fields = {"taken": taken, "rules": len(rules.rules), "digest": rules.digest, "text": text}
    return journal_line("", now, "rules", **fields)


def _tell_emptied(before: Rules, after: Rules) -> None:
    """It is taken, but a file that was cut off or rendered empty is likelier than a wish."""
    if before.rules and not after.rules:
        log.error("all rules are gone: the rules file has none any more, nothing will be done")
    if before.limits and not after.limits:
        log.warning("all limits are gone: no conference has a time limit any more")
