"""Threads that work units by their keys."""

import threading
import time
from collections import Counter

from tests.waiting import PATIENCE, until
from workers.threads import Threads


def test_each_key_is_worked_and_never_more_at_once_than_there_are_threads() -> None:
    lock, under_way, most, done = threading.Lock(), Counter[str](), [0], Counter[str]()

    def work(key: str) -> None:
        with lock:
            under_way[key] += 1
            most[0] = max(most[0], under_way.total())
        with lock:
            under_way[key] -= 1
            done[key] += 1

    threads = Threads(3, work)
    for number in range(200):
        threads.submit(str(number))
    until(lambda: done.total() == 200, "all to be worked")
    assert set(done.values()) == {1}
    assert most[0] <= 3


def test_a_key_that_waits_is_not_taken_twice_and_one_at_work_may_be() -> None:
    gate, begun = threading.Event(), Counter[str]()

    def work(key: str) -> None:
        begun[key] += 1
        gate.wait(PATIENCE)

    threads = Threads(1, work)
    threads.submit("first")
    until(lambda: begun["first"] == 1, "the first")
    for _ in range(3):
        threads.submit("first")
        threads.submit("second")
    gate.set()
    until(lambda: begun.total() == 3, "what waited")
    assert begun == {"first": 2, "second": 1}


def test_after_a_stop_nothing_is_begun_and_what_is_under_way_ends() -> None:
    gate, begun, ended = threading.Event(), [], []

    def work(key: str) -> None:
        begun.append(key)
        gate.wait(PATIENCE)
        ended.append(key)

    threads = Threads(1, work)
    threads.submit("under way")
    until(lambda: bool(begun), "the first")
    threads.submit("waits")
    threads.stop()
    threads.submit("too late")
    gate.set()
    threads.join(time.monotonic() + PATIENCE)
    assert begun == ended == ["under way"]
