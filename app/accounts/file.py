"""ACCOUNTS_FILE: the accounts in it, read once, or followed as the file changes."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.accounts.reading import accounts_in
from app.accounts.settings import AccountSettings, Siblings
from app.domain.redaction import hide
from app.errors import GavelError
from app.logs import step
from app.settings import Settings
from app.yaml.changing import (
    SETTLED,
    ChangingFile,
    Content,
    Signature,
    read_content,
    signature,
)
from app.yaml.document import decode
from app.yaml.problems import FileError, Problem

log = logging.getLogger("gavel.accounts")

_NAMED = 20
"""Accounts that a line of the log names; it counts the others."""
AGAIN_SECONDS = 10.0
"""So often the files are looked at that secrets stand in, and a version that was refused is tried
again: what it names may be there by then. Neither changes anything in the file itself."""


class AccountsError(GavelError):
    """ACCOUNTS_FILE cannot be used: mend each line below, then run `gavel check`.

    `problems` has everything that was found, warnings too, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = (str(problem) for problem in self.problems)
        super().__init__("\n".join(["ACCOUNTS_FILE cannot be used:", *lines]))


@dataclass(frozen=True, slots=True)
class Account:
    """One Plivo account, with all the settings that hold for it."""

    name: str
    settings: AccountSettings


class Accounts(Mapping[str, Account]):
    """Those of one good version of the file, by name, in its order. An account that is as it was
    in the version before is the same object. `below_service`: what subaccounts of the service's
    own account sign with. `files`: those that secrets were read from, as they were then."""

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        warnings: Iterable[Problem] = (),
        below_service: tuple[str, ...] = (),
        files: Mapping[str, Signature] = MappingProxyType({}),
    ) -> None:
        self._by_name = {account.name: account for account in accounts}
        self.warnings, self.below_service = tuple(warnings), below_service
        self.files = files

    def __getitem__(self, name: str) -> Account:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


def read_accounts(path: str, base: Settings) -> Accounts:
    """The accounts of a file; `base` are the settings of the service. Raises AccountsError."""
    return _read(read_content(path), path, base)


def _read(content: Content, path: str, base: Settings) -> Accounts:
    if content.failure:
        told = f"the accounts file {content.failure}"
        raise AccountsError([Problem(path, 1, 1, "error", told)])
    try:
        found = accounts_in(decode(content.data, path), path, base)
    except FileError as error:
        raise AccountsError(error.problems) from None
    accounts = (Account(name, settings) for name, settings in found.accounts.items())
    return Accounts(accounts, found.warnings, found.below_service, found.files)


class AccountsFile:
    """The file as it changes. `accounts` is replaced as a whole, so that who holds it sees one
    version. `siblings` are those of the service's own account. Any thread may look."""

    def __init__(
        self,
        path: str,
        base: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path, self._base = path, base
        self._file, self._clock = ChangingFile(path, clock=clock, pause=pause), clock
        self._looking = threading.Lock()
        self._content = Content()
        self._refused: tuple[Problem, ...] = ()  # what is wrong with this content
        self._secrets: Mapping[str, Signature] = {}  # their files, at the last look at them
        self._again_at = clock() + AGAIN_SECONDS
        self.accounts, self.siblings = Accounts(), Siblings()

    def open(self) -> None:
        """Read it for the first time. Raises AccountsError."""
        with self._looking:
            self._content = self._file.poll() or Content()
            self.accounts = _read(self._content, self._path, self._base)
        self.siblings.tokens = self.accounts.below_service
        hide_secrets(self.accounts)
        _tell_doubts(self.accounts)
        step(log, "accounts loaded", accounts=len(self.accounts))

    def look(self) -> bool:
        """Take the file if it, or a secret in a file of its own, changed and is good; call it about
        twice a second. Says whether any account is new, gone or other than it was. A broken file
        changes nothing, is told once, and tried again now and then.
        """
        if not self._looking.acquire(blocking=False):
            return False
        try:
            content = self._file.poll()
            if content is None and not self._is_to_be_tried_again():
                return False
            self._content = content or self._content
            return self._take()
        finally:
            self._looking.release()

    def _is_to_be_tried_again(self) -> bool:
        now = self._clock()
        if now < self._again_at:
            return False
        before = self._secrets
        self._secrets = {path: signature(path) for path in self.accounts.files}
        changed, settled = self._secrets != self.accounts.files, self._secrets == before
        # One that is being written is let alone until it stays as it is.
        self._again_at = now + (SETTLED if changed and not settled else AGAIN_SECONDS)
        return (changed and settled) or bool(self._refused)

    def _take(self) -> bool:
        try:
            found = _read(self._content, self._path, self._base)
        except AccountsError as error:
            if self._refused != error.problems:
                _tell_broken(error.problems)
            self._refused = error.problems
            return False
        self._refused = ()
        before, after = self.accounts, _with_those_kept(found, self.accounts)
        hide_secrets(before, after)
        added = [name for name in after if name not in before]
        removed = [name for name in before if name not in after]
        changed = [name for name in after if name in before and after[name] is not before[name]]
        self.accounts, self.siblings.tokens = after, after.below_service
        if before and not after:
            log.error("all accounts are gone: the accounts file has none any more")
        _tell_doubts(after)
        step(
            log,
            "accounts loaded",
            accounts=len(after),
            added=_names(added),
            changed=_names(changed),
            removed=_names(removed),
        )
        return bool(added or removed or changed)


def _with_those_kept(found: Accounts, before: Accounts) -> Accounts:
    """The accounts found; in place of those that are as they were, the very same as before."""
    kept = []
    for name, account in found.items():
        old = before.get(name)
        if old == account:
            old.settings.siblings.tokens = account.settings.siblings.tokens
            account = old
        kept.append(account)
    return Accounts(kept, found.warnings, found.below_service, found.files)


def hide_secrets(*versions: Accounts) -> None:
    """From now on no log and no reason shows those of these versions: those of the one before are
    under way for a while. For who follows the file it is done already."""
    hide(
        secret
        for accounts in versions
        for account in accounts.values()
        for secret in account.settings.secrets()
    )


def _tell_broken(problems: Iterable[Problem]) -> None:
    for problem in problems:
        words = "accounts broken, the last good ones stay"
        level = logging.ERROR if problem.level == "error" else logging.WARNING
        step(log, words, level=level, problem=str(problem))


def _tell_doubts(accounts: Accounts) -> None:
    for problem in accounts.warnings:
        step(log, "accounts doubtful", level=logging.WARNING, problem=str(problem))


def _names(names: list[str]) -> str | None:
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown or None
