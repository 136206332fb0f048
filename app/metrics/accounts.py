"""What is counted of the accounts of ACCOUNTS_FILE, told with the label `account`.

Of the requests of each there are fewer cells than of those of the service itself: the routes that
machines ask. They lie in memory that gunicorn's processes share from before they are forked, where
each has places of its own, which it gives to accounts as they come: what nobody asks costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from mmap import mmap
from threading import Lock

from prometheus_client.core import Metric

from app.metrics.cluster import ClusterMetrics
from app.metrics.counting import HttpCells
from app.metrics.http import OTHER, REASONS, told_of

ROUTES = (
    "/plivo/conference",
    "/plivo/recording",
    "/plivo/transcription",
    "/plivo/answer/{conference}",
    "/plivo/pin/{conference}",
    "/triggers/{name}",
    OTHER,
)
METHODS = ("GET", "POST", "other")
CODES = ("200", "202", "303", "400", "401", "403", "404", "413", "429", "500", "503", "other")
LONGEST_NAME = 32
OTHERS = "_others"
"""Who came when no place was left: no account has such a name."""
OF_THE_SERVICE = {"gavel_workers_alive", "gavel_worker_turns", "gavel_queue_jobs"}
"""Metrics that are of no account."""


class AccountCells:
    """Those of all accounts, with so many `places` in each row, which is for one process. Who comes
    when no place is left shares the last one. Safe for threads."""

    def __init__(self, rows: int, places: int) -> None:
        self._rows, self._places = rows, places
        self._http = HttpCells(rows * places, ROUTES, METHODS, CODES, REASONS)
        self._names = mmap(-1, rows * places * LONGEST_NAME)
        self._lock = Lock()
        self.begin(0)

    def begin(self, row: int) -> None:
        """From now on this process counts in that row, where one before it may have counted."""
        with self._lock:
            self._row = row
            self._known = {name: place for place, name in self._of_row(row)}
            self._found: dict[str, HttpCells] = {}

    def of(self, account: str) -> HttpCells:
        """The cells of this account in this process."""
        found = self._found.get(account)
        if found is None:
            with self._lock:
                place = self._place(account)
                name = OTHERS if place == self._places - 1 else account
                at = self._row * self._places + place
                found = self._found.get(name) or self._http.at(at)
                self._found[account] = self._found[name] = found
        return found

    def _place(self, account: str) -> int:
        last = self._places - 1
        place = self._known.get(account, min(len(self._known), last))
        name = OTHERS if place == last else account
        if name not in self._known:
            self._known[name] = place
            at = (self._row * self._places + place) * LONGEST_NAME
            self._names[at : at + LONGEST_NAME] = name.encode().ljust(LONGEST_NAME, b"\0")
        return place

    def _of_row(self, row: int) -> Iterator[tuple[int, str]]:
        """The places of a row that are taken, and by whom."""
        for place in range(self._places):
            at = (row * self._places + place) * LONGEST_NAME
            name = self._names[at : at + LONGEST_NAME].rstrip(b"\0").decode()
            if not name:
                return
            yield place, name

    def told(self, account: str = "") -> Iterator[tuple[str, Sequence[Metric]]]:
        """What is to be told of each that was counted, or of one, by all processes together."""
        totals: dict[str, list[float]] = {}
        for row in range(self._rows):
            for place, name in self._of_row(row):
                if account in ("", name):
                    counted = self._http.cells.row(row * self._places + place)
                    before = totals.get(name, [0.0] * len(counted))
                    totals[name] = [a + b for a, b in zip(before, counted, strict=True)]
        for name in sorted(totals):
            yield name, told_of(self._http, totals[name])


class OneAccount:
    """In the place of `InstanceMetrics`, for the application of one account."""

    def __init__(self, cells: AccountCells, account: str) -> None:
        self._cells, self._account = cells, account
        self.http = cells.of(account)

    def collect(self) -> Iterator[Metric]:
        for _, families in self._cells.told(self._account):
            yield from families


class EachAccount:
    """What `/metrics/cluster` tells of the root, and with their label of all `accounts` that have
    counted something. A collector of prometheus-client's. Raises RedisError."""

    def __init__(
        self, root: ClusterMetrics, accounts: Callable[[], Iterable[tuple[str, ClusterMetrics]]]
    ) -> None:
        self._root, self._accounts = root, accounts

    def collect(self) -> Iterator[Metric]:
        found = list(self._root.collect())
        for name, cluster in self._accounts():
            own = [family for family in cluster.collect() if family.name not in OF_THE_SERVICE]
            label(found, name, own)
        yield from found


def label(families: Sequence[Metric], account: str, own: Iterable[Metric]) -> None:
    """Add to these families what stands in those of an account, with its label."""
    by_name = {family.name: family for family in families}
    for family in own:
        by_name[family.name].samples += [
            one._replace(labels={"account": account, **one.labels}) for one in family.samples
        ]
