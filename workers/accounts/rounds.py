"""What a worker process does for all its accounts now and then, without asking each.

The clock looks at one set that all accounts share (`app.accounts.doorbell`), reconciling at another
one, of those that have something live. The rules files of accounts at rest are looked at in turns,
so many in a second however many there are.
"""

import logging
import os
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from redis import Redis
from redis.exceptions import RedisError

from app.accounts.doorbell import Doorbell, asked
from app.accounts.file import Account, AccountsFile
from app.logs import bound, fields
from app.settings import Settings
from app.store import keys
from app.store.retention import enforce
from app.store.server.errors import may_pass
from app.store.timers import Timers
from app.yaml.changing import read_content
from app.yaml.document import decode
from app.yaml.problems import FileError
from workers.accounts.contexts import AccountContexts, UnknownAccount
from workers.bootstrap import Context
from workers.questions import answer_questions
from workers.reconcile import reconcile_round
from workers.rules.load import digest_of

log = logging.getLogger("gavel.accounts")

DAY = 86400.0
LOOK_SECONDS = 1.0
AT_ONCE = 8
IN_TURNS = 25
"""Accounts at rest whose rules files are looked at each time, twice a second."""
MOST_SECONDS = 0.5
MOST_TOLD = 8000
BUSY_SECONDS = 10.0
"""So long after it was last worked an account is looked at each time."""
PUT_OFF_SECONDS = 5.0
"""So long an account waits whose timers could not be fired, or about which Plivo could not be
asked, for a fault of its own."""

Stamp = tuple[int, int]
"""What a look at a file tells of its content."""


class AccountRounds:
    """For the threads of one process: `tick` and `renew` for its clock, `look` for the one that
    watches rules, `reconcile_forever` for one of its own."""

    def __init__(self, contexts: AccountContexts) -> None:
        self.contexts = contexts
        self._doorbell = Doorbell(contexts.root.redis)
        self._timers: dict[str, tuple[Account, Timers]] = {}
        self._begun: frozenset[str] = frozenset()
        self._rung: set[str] = set()
        self._seen: dict[str, Stamp] = {}  # rules files, by account
        self._kept_at: dict[str, float] = {}
        self._turn = 0

    def tick(self) -> float:
        """Fire what is due of any account. Answers the seconds until there is something to do.
        Raises RedisError."""
        accounts = self.contexts.file.accounts  # one version: it may be replaced meanwhile
        rung, later = self._doorbell.rung(accounts)
        for name in rung:
            try:
                self._timers_of(accounts[name]).tick()
            except RedisError as error:
                self._tell_of_one(name, error)
                self._doorbell.put_off(name, PUT_OFF_SECONDS)
        self._rung.update(rung)
        return 0.0 if rung else later if later is not None else DAY

    def renew(self) -> None:
        """Keep the leases of all accounts, and write what was counted. Raises RedisError."""
        for context in self.contexts.all():
            context.leases.renew()
            context.counts.write()
        self.contexts.drop_idle()

    def look(self) -> None:
        """Take what has changed in the accounts file and in rules files; answer questions. Raises
        RedisError."""
        file = self.contexts.file
        changed, names = file.look(), frozenset(file.accounts)
        if changed:
            self._forget_all_but(names)
        if new := names - self._begun:
            self._doorbell.begin(sorted(new))
        self._begun = names
        busy = {context.account for context in self.contexts.busy(BUSY_SECONDS)}
        asked = {self._rung.pop() for _ in range(len(self._rung))}
        for name in asked:  # perhaps because Redis does not know its rules any more
            self._seen.pop(name, None)
        for name in sorted((busy | asked) & names):
            self._look_at_one(name)
        self._look_in_turns(sorted(names - busy))

    def reconcile_forever(self, stopping: threading.Event) -> None:
        """Hold what is live of each account against Plivo, several accounts at once."""
        under_way: set[str] = set()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not stopping.wait(LOOK_SECONDS):
                try:
                    to_ask = self._doorbell.to_ask()
                except RedisError as error:
                    self.contexts.root.tell(error)
                    continue
                for name in sorted(to_ask & self._begun - under_way):
                    under_way.add(name)
                    pool.submit(self._reconcile, name, stopping, under_way)

    def _reconcile(self, name: str, stopping: threading.Event, under_way: set[str]) -> None:
        try:
            if stopping.is_set():  # it waited for a thread of the pool until now
                return
            with bound(account=name):
                context = self.contexts.of(name)
                asked(context.redis, whole=reconcile_round(context, stopping))
        except (FileError, UnknownAccount) as error:
            self.contexts.left_out.tell(name, error)
            self._ask_later(name)
        except RedisError as error:
            self.contexts.root.tell(error)
        except Exception:  # the next round may go well
            log.exception("an account could not be reconciled")
            self._ask_later(name)
        finally:
            under_way.discard(name)

    def _ask_later(self, name: str) -> None:
        try:
            self._doorbell.ask_later(name, PUT_OFF_SECONDS)
        except RedisError as error:
            self.contexts.root.tell(error)

    def _timers_of(self, account: Account) -> Timers:
        """Of this account as it stands in one version of the file."""
        of, timers = self._timers.get(account.name, (None, None))
        if timers is None or of is not account:  # the file may have changed since it was asked
            timers = Timers(self.contexts.spaces.of(account.name), account.settings.keep)
            self._timers[account.name] = account, timers
        return timers

    def _look_in_turns(self, names: list[str]) -> None:
        until = time.monotonic() + MOST_SECONDS
        for name in names[self._turn : self._turn + IN_TURNS]:
            self._look_at_one(name)
            self._turn += 1
            if time.monotonic() > until:  # reading many that are new takes long
                break
        if self._turn >= len(names):
            self._turn = 0

    def _look_at_one(self, name: str) -> None:
        """What is wrong with one account keeps no other waiting. Raises RedisError where it is
        Redis that is at fault."""
        try:
            self._look_at(name)
        except RedisError as error:
            self._tell_of_one(name, error)
        except Exception:
            log.exception("an account could not be looked at", extra=fields(account=name))

    def _look_at(self, name: str) -> None:
        """Take the rules of an account if they are others than are known, and answer what is asked
        of them; once a day see to it that nothing of it is kept for too long."""
        account = self.contexts.file.accounts.get(name)
        if account is None:
            return
        redis, now = self.contexts.spaces.of(name), time.monotonic()
        with bound(account=name):
            if now - self._kept_at.get(name, -DAY) >= DAY:
                enforce(redis, account.settings.keep)
                self._kept_at[name] = now
            context, stamp = self.contexts.loaded(name), _stamp(account.settings.rules_file)
            try:
                if context is None and self._is_wanted(account, stamp, redis):
                    context = self.contexts.of(name)
                if context is not None:
                    context.reloader.look()
                    answer_questions(redis, context.reloader.rules, context.public_url)
            except FileError as error:
                self._seen[name] = stamp
                told = "\n".join(str(problem) for problem in error.problems)
                redis.set(keys.RULES_BROKEN, told[:MOST_TOLD])
                self.contexts.left_out.tell(name, error)
            except UnknownAccount:
                return  # it was taken out just now

    def _is_wanted(self, account: Account, stamp: Stamp, redis: Redis) -> bool:
        """Has an account at rest other rules than are known, or a question to be answered?"""
        if redis.exists(keys.QUESTIONS):
            return True
        if self._seen.get(account.name) == stamp:
            return False
        known = redis.get(keys.RULES_DIGEST)
        if not isinstance(known, bytes) or known.decode() != _digest(account.settings.rules_file):
            return True
        self._seen[account.name] = stamp
        return False

    def _tell_of_one(self, name: str, error: RedisError) -> None:
        """A step of this account was refused. Raises the error where all would have it."""
        if may_pass(error):
            raise error
        with bound(account=name):
            self.contexts.root.tell(error)

    def _forget_all_but(self, names: Collection[str]) -> None:
        self._timers.clear()
        self.contexts.spaces.keep_only(names)
        for known in (self._seen, self._kept_at):
            for gone in known.keys() - set(names):
                known.pop(gone)


def rounds_of(settings: Settings, root: Context) -> AccountRounds | None:
    """Those of the accounts of ACCOUNTS_FILE; None where there is no such file. Raises
    AccountsError for one that can not be used."""
    if settings.accounts_file is None:
        return None
    file = AccountsFile(settings.accounts_file, settings)
    file.open()
    return AccountRounds(AccountContexts(root, file))


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)
    except OSError as error:
        return (error.errno or 0, 0)
    return found.st_mtime_ns, found.st_size


def _digest(path: str) -> str:
    """Of the rules there; "" where they can not be read."""
    content = read_content(path)
    try:
        return "" if content.failure else digest_of(decode(content.data, path))
    except FileError:
        return ""
