"""The names that RQ knows. A job carries the key of a unit and nothing else: it is a wake-up."""

from workers.bootstrap import hands
from workers.work import work


def work_conference(key: str) -> None:
    """Work this conference, or this web lane, until nothing is left to do now.

    Safe to run at any time, twice, or too late: whoever holds the lease works, the others return.
    """
    work(hands(), key)
