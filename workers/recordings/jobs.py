"""RQ's jobs that copy recordings: a job names a unit by its key and carries nothing else.

What is to be copied, and what became of it, is in the unit, which is worked under a lease as every
other: whoever dies is replaced, and a job that comes twice finds nothing to do. RQ shows the jobs,
forks a process for them, and keeps those that were given up in its registry of failures.
"""

import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from redis import Redis
from redis.exceptions import RedisError
from rq import Retry

from app.accounts.file import Accounts, AccountsError, hide_secrets, read_accounts
from app.errors import GavelError
from app.fetching.recordings import RecordingSource
from app.logs import bound
from app.settings import Settings
from app.store import keys
from app.store.connection import connect
from app.store.lease import Lease, LeaseLost, Leases
from app.store.recordings import Recordings
from app.store.scripts import load_scripts
from app.store.server.spaces import Spaces, space_of
from workers.accounts.contexts import UnknownAccount
from workers.conference.budget import Budget, Wait
from workers.conference.errors import PlivoError
from workers.plivo import PlivoApi
from workers.recordings.copying import Archiver
from workers.recordings.file_systems import FileSystems, SftpLogin
from workers.recordings.processor import Delete, RecordingProcessor

RENEW_SECONDS = 1.0
AGAIN_SECONDS = 30
PRIORITY = 2

NO_LIMIT = 1_000_000
"""Of RQ's retries: how often a copy is tried is decided by its own time."""


class CopyGivenUp(GavelError):
    """The recording was not copied: see the reason, mend it, then `gavel retry`."""


@dataclass(frozen=True, slots=True)
class Copying:
    """The parts of a process that copies, for one thread; `leases` for two."""

    redis: Redis
    leases: Leases
    archiver: Archiver
    delete: Delete
    stopping: threading.Event = field(default_factory=threading.Event)


def copying(redis: Redis, settings: Settings) -> Copying:
    """These parts, from settings. Connects to nothing yet."""
    source = RecordingSource(
        settings.plivo_auth_id or "",
        _token(settings),
        settings.plivo_api_url,
        allow_private=settings.allow_private_webhooks,
    )
    login = SftpLogin(
        settings.sftp_password or "", settings.sftp_key or "", settings.sftp_known_hosts
    )
    api = PlivoApi(settings.plivo_api_url, settings.plivo_auth_id or "", _token(settings))
    budget = Budget(redis, settings.plivo_rate.calls, settings.plivo_rate.seconds)
    return Copying(
        redis,
        Leases(redis, settings.keep),
        Archiver(source, FileSystems(login)),
        deleting(api, budget),
    )


def _token(settings: Settings) -> str:
    """That of our own requests; "" beside an accounts file where the service has no account."""
    return settings.plivo_auth_token[0] if settings.plivo_auth_token else ""


def deleting(api: PlivoApi, budget: Budget) -> Delete:
    """Deletes when the account's budget has room for it: calls that people wait for go first."""

    def delete(recording_id: str) -> Sequence[str]:
        while isinstance(answer := budget.reserve(PRIORITY, keys.RECORDINGS_QUEUE), Wait):
            time.sleep(answer.seconds)
        try:
            ids = api.delete_recording(recording_id)
        except PlivoError as error:
            budget.observe(error)
            raise
        budget.observe(None)
        return ids

    return delete


def copy_recording(job: str) -> Retry | None:
    """The job: the key of its unit, with its account in front. Safe to run at any time, twice, or
    too late. Raises CopyGivenUp when it was given up; answers RQ's `Retry` when it is to be tried
    again: the clock of the workers brings it back, RQ shows it meanwhile."""
    account, key = keys.account_of(job)
    try:
        parts = _this_process().of(account)
    except (AccountsError, UnknownAccount):  # it is being mended
        return Retry(max=NO_LIMIT, interval=AGAIN_SECONDS)
    return work(parts, key)


def work(parts: Copying, key: str) -> Retry | None:
    """Work a unit; returns at once when another process has it. Raises CopyGivenUp or RedisError:
    what was not recorded is taken up again when the lease has run out."""
    lease = parts.leases.take(key)
    if lease is None:
        return None
    account = {"account": name} if (name := space_of(parts.redis)) else {}
    with bound(conference=lease.taken.name, **account):
        return _worked(parts, lease)


def _worked(parts: Copying, lease: Lease) -> Retry | None:
    processor = RecordingProcessor(
        lease, parts.archiver, Recordings(parts.redis), parts.delete, parts.stopping
    )
    try:
        processor.run()
    except LeaseLost:
        return None
    finally:
        lease.drop()
    if processor.failed:
        raise CopyGivenUp(processor.failed)
    waiting = processor.unit.outbox.entries
    if not waiting:
        return None
    later = min(entry.not_before for entry in waiting) - lease.now()
    return Retry(max=NO_LIMIT, interval=max(1, math.ceil(later)))


class Process:
    """The parts of this process for each account that it copies recordings of."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._settings, self._spaces = settings, Spaces(redis)
        self._made: dict[str, Copying] = {}
        self._read: list[Accounts] = []  # what was made is of these

    def of(self, account: str) -> Copying:
        """Those of an account; "" for none. Raises AccountsError and UnknownAccount."""
        if account not in self._made:
            settings = self._settings_of(account)
            self._made[account] = copying(self._spaces.of(account), settings)
        return self._made[account]

    def _settings_of(self, account: str) -> Settings:
        if not account:
            return self._settings
        if self._settings.accounts_file is None:
            raise UnknownAccount("there is no accounts file")
        accounts = read_accounts(self._settings.accounts_file, self._settings)
        self._read.append(accounts)
        hide_secrets(*self._read)
        if account not in accounts:
            raise UnknownAccount(f"the accounts file has no account {account!r}")
        return accounts[account].settings

    def renew(self) -> None:
        """Keep the leases. Raises RedisError."""
        for parts in list(self._made.values()):
            parts.leases.renew()


def _keep(process: Process) -> None:
    """Renew the leases of this process for as long as it lives. One whose worker was killed does
    not go on."""
    parent = os.getppid()
    while True:
        time.sleep(RENEW_SECONDS)
        try:
            process.renew()
        except RedisError:
            continue  # it runs out, if that lasts
        if os.getppid() != parent:
            os._exit(1)


@cache
def _this_process() -> Process:
    settings = Settings.load().require("plivo_auth_id", "plivo_auth_token", "redis_url")
    redis = connect(
        settings.redis_url or "", timeout=settings.redis_timeout, replicated=settings.replicated
    )
    load_scripts(redis)
    process = Process(settings, redis)
    threading.Thread(target=_keep, args=(process,), daemon=True).start()
    return process
