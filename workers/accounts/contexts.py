"""The contexts of accounts: each is made when it is first wanted, and dropped when long idle.

So an account at rest costs a worker nothing. One whose entry in ACCOUNTS_FILE has changed is made
anew; units that are under way go on with what they began with.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.accounts.file import Account, AccountsFile
from app.errors import GavelError
from app.store.server.spaces import Spaces
from workers.accounts.left_out import LeftOut
from workers.bootstrap import Context, context_of_account

IDLE_SECONDS = 600.0
RETIRED_SECONDS = 60.0
"""So long who has a context that was replaced may still take a lease with it: it has to wait for a
turn first."""


class UnknownAccount(GavelError):
    """ACCOUNTS_FILE has no account of that name."""


@dataclass(slots=True)
class _Made:
    account: Account
    context: Context
    used: float


class AccountContexts:
    """Safe for threads. `root` is the context of the process, `file` is looked at by its owner."""

    def __init__(self, root: Context, file: AccountsFile) -> None:
        self.root, self.file = root, file
        self.spaces = Spaces(root.redis)
        self.left_out = LeftOut()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._made: dict[str, _Made] = {}
        self._retired: list[tuple[float, Context]] = []  # with when they were

    def of(self, name: str) -> Context:
        """The context of that account; "" is the root's. Raises UnknownAccount, FileError when it
        has no rules to work with, and RedisError. Who catches the first two says so by `left_out`.
        """
        if not name:
            return self.root
        account = self.file.accounts.get(name)
        if account is None:
            raise UnknownAccount(f"the accounts file has no account {name!r}")
        with self._lock:
            if (found := self._used(account)) is not None:
                return found
            making = self._making.setdefault(name, threading.Lock())
        with making:  # reading rules takes long: others go on meanwhile
            with self._lock:
                if (found := self._used(account)) is not None:
                    return found
            context = context_of_account(self.root, self.spaces.of(name), account.settings, name)
            with self._lock:
                self._retire(name)
                self._made[name] = _Made(account, context, time.monotonic())
            self.left_out.served(name)
            return context

    def busy(self, seconds: float) -> Sequence[Context]:
        """Those that somebody has wanted within so many seconds."""
        since = time.monotonic() - seconds
        with self._lock:
            return [made.context for made in self._made.values() if made.used >= since]

    def loaded(self, name: str) -> Context | None:
        """The context of that account, if there is one now."""
        with self._lock:
            made = self._made.get(name)
            return made.context if made else None

    def all(self) -> Sequence[Context]:
        """All that may hold leases or counts."""
        with self._lock:
            retired = (context for _, context in self._retired)
            return [*(made.context for made in self._made.values()), *retired]

    def drop_idle(self, idle: float = IDLE_SECONDS) -> None:
        """Let go of what nobody has wanted for so many seconds, and of accounts that are gone."""
        now = time.monotonic()
        with self._lock:
            for name, made in list(self._made.items()):
                gone = name not in self.file.accounts
                if (gone or now - made.used > idle) and not made.context.leases.any_held:
                    self._retire(name)
            self._retired = [
                (at, context)
                for at, context in self._retired
                if context.leases.any_held or now - at <= RETIRED_SECONDS
            ]

    def _used(self, account: Account) -> Context | None:
        made = self._made.get(account.name)
        if made is None or made.account is not account:
            return None
        made.used = time.monotonic()
        return made.context

    def _retire(self, name: str) -> None:
        if (made := self._made.pop(name, None)) is not None:
            self._retired.append((time.monotonic(), made.context))
