"""Many accounts in one process: `/a/NAME/…` goes to the application of that account.

An application is made when somebody first asks for it, and dropped when it is long not asked. The
loop answers callbacks of every account without one. What is asked of an account that there is none
of is answered as any unknown address is.
"""

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask
from redis import Redis

from app.accounts.file import Account, AccountsFile
from app.logs import bound
from app.metrics.accounts import AccountCells
from app.metrics.cluster import ClusterMetrics
from app.metrics.counting import Counts
from app.plivo.request import raw_path
from app.store import keys
from app.store.scripts import StepTimes
from app.store.server.spaces import Spaces
from app.store.server.tagged import Tagging
from app.web.express import Express, Expresses
from app.web.metrics import COUNTS
from app.web.refusals import NO_ACCOUNT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST = 64
"""Applications that are kept."""
RETIRED_SECONDS = 30.0
"""So long what a dropped application counts is still written: one in use finishes."""
NAME = re.compile(r"/a/([a-z0-9][a-z0-9-]{0,31})(?=/|\Z)")


class Addresses:
    """Where accounts are, below PUBLIC_URL."""

    def __init__(self, public_url: str) -> None:
        self._path = urlsplit(public_url).path

    def find(self, environ: Mapping[str, Any]) -> tuple[str, str]:
        """The name of the account that a request is for, and the path that is before what its own
        application serves; the proxy in front may have left that of PUBLIC_URL on, or not. Empty
        for none: a name must stand there as it is, not encoded."""
        path: str = environ.get("PATH_INFO", "")
        under = self._path if self._path and path.startswith(f"{self._path}/a/") else ""
        found = NAME.match(path, len(under))
        if found is None:
            return "", ""
        mount, raw = path[: found.end()], raw_path(environ)
        stands = raw == mount or raw.startswith(f"{mount}/")
        return (found[1], mount) if stands else ("", "")


def mount(environ: MutableMapping[str, Any], path: str) -> None:
    """Have the request be one below that path."""
    environ["SCRIPT_NAME"] = path
    environ["PATH_INFO"] = environ["PATH_INFO"][len(path) :] or "/"


@dataclass(frozen=True, slots=True)
class Made:
    """The application of an account, and of which version of it."""

    account: Account
    app: Flask


class Applications:
    """Those that were asked for lately, `MOST` at most. Safe for threads."""

    def __init__(self, make: Callable[[Account], Flask]) -> None:
        self._make = make
        self._kept: OrderedDict[str, Made] = OrderedDict()
        self._retired: deque[tuple[float, Counts]] = deque()
        self._lock = threading.Lock()

    def of(self, account: Account) -> Flask:
        """Made anew where the account changed."""
        with self._lock:
            made = self._kept.pop(account.name, None)
            if made is None or made.account is not account:
                self._retire(made)
                made = Made(account, self._make(account))
            self._kept[account.name] = made
            if len(self._kept) > MOST:
                self._retire(self._kept.popitem(last=False)[1])
            return made.app

    def keep_only(self, names: Iterable[str]) -> None:
        """Drop those of accounts that are gone."""
        with self._lock:
            for name in self._kept.keys() - set(names):
                self._retire(self._kept.pop(name))

    def write(self) -> None:
        """Write what they counted; while Redis is away, it stays counted."""
        now = time.monotonic()
        with self._lock:
            counts = [made.app.extensions[COUNTS] for made in self._kept.values()]
            counts += [one for _, one in self._retired]
            while self._retired and self._retired[0][0] < now:
                self._retired.popleft()
        for one in counts:
            one.write()

    def _retire(self, made: Made | None) -> None:
        if made is not None:
            until = time.monotonic() + RETIRED_SECONDS
            self._retired.append((until, made.app.extensions[COUNTS]))


class AccountExpresses(Expresses):
    """Who reads callbacks of each account, made when the first comes. In the loop alone."""

    spaces = True
    serves = True

    def __init__(
        self,
        before: Expresses,
        file: AccountsFile,
        addresses: Addresses,
        cells: AccountCells,
        times: StepTimes,
    ) -> None:
        super().__init__(before.redis, before.root)
        self._file, self._addresses = file, addresses
        self._cells, self._times = cells, times
        pool: Any = before.redis.connection_pool
        self._tag: str = pool.tagging.tag if pool.tagging else ""
        self._of: Mapping[str, Account] = {}
        self._made: dict[str, tuple[Account, Express]] = {}

    def of(self, environ: MutableMapping[str, Any]) -> Express | None:
        name, path = self._addresses.find(environ)
        if not name:
            return self.root if self.root.serves else None
        if self._file.accounts is not self._of:
            self._take(self._file.accounts)
        account = self._of.get(name)
        if account is None:
            return None
        found = self._made.get(name) or self._make(account)
        if not found[1].serves:
            return None
        mount(environ, path)
        return found[1]

    def _take(self, accounts: Mapping[str, Account]) -> None:
        """Another version of the file: keep what is as it was."""
        made = self._made.items()
        self._of = accounts
        self._made = {name: one for name, one in made if accounts.get(name) is one[0]}

    def _make(self, account: Account) -> tuple[Account, Express]:
        tagging, cells = Tagging(self._tag, account.name), self._cells.of(account.name)
        made = account, Express(account.settings, self._times, cells, tagging)
        self._made[account.name] = made
        return made


class Front:
    """The applications of a process: that of the service, `root`, and before it those of the
    accounts. Used by gunicorn as one is."""

    def __init__(
        self,
        root: Flask,
        file: AccountsFile,
        spaces: Spaces,
        addresses: Addresses,
        make: Callable[[Account], Flask],
    ) -> None:
        self.root, self._file, self._spaces = root, file, spaces
        self._addresses = addresses
        self._applications = Applications(make)

    @property
    def extensions(self) -> dict[str, Any]:
        """Those of the root."""
        return self.root.extensions

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        name, path = self._addresses.find(environ)
        account = self._file.accounts.get(name) if name else None
        if account is None:
            environ[NO_ACCOUNT] = name
            return self.root(environ, start_response)
        mount(environ, path)
        with bound(account=name):
            return self._applications.of(account)(environ, start_response)

    def look(self) -> None:
        """Read the file if it changed, and forget accounts that are gone."""
        if self._file.look():
            names = list(self._file.accounts)
            self._applications.keep_only(names)
            self._spaces.keep_only(names)

    def write(self) -> None:
        """Write what was counted of accounts; while Redis is away, it stays counted."""
        self._applications.write()

    def clusters(self) -> Iterator[tuple[str, ClusterMetrics]]:
        """The accounts that have counted something, and what is told of each. Raises RedisError."""
        redis: Any = self._spaces.of("")
        counted = {name.decode() for name in redis.smembers(keys.ACCOUNTS_COUNTED)}
        for name, account in sorted(self._file.accounts.items()):
            if name in counted:
                yield name, cluster_of(account, self._spaces.of(name))


def cluster_of(account: Account, redis: Redis) -> ClusterMetrics:
    """What is told of this account."""
    rate = account.settings.plivo_rate
    return ClusterMetrics(redis, (rate.calls, rate.seconds))
