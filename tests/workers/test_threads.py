"""Threads that work units by their keys."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from queue import Empty, SimpleQueue

import pytest

from tests.waiting import PATIENCE, until
from workers.threads import SPARE, Crew, Threads


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


class Source:
    """Keys to work, handed out to who listens; those that begin with `hang` wait at a gate."""

    def __init__(self) -> None:
        self.waiting: SimpleQueue[str] = SimpleQueue()
        self.gate, self.stopping = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.begun, self.done = list[str](), list[str]()

    def listen(self) -> str:
        try:
            return self.waiting.get(timeout=0.01)
        except Empty:
            return ""

    def work(self, key: str) -> None:
        with self.lock:
            self.begun.append(key)
        if key.startswith("hang"):
            self.gate.wait(PATIENCE)
        with self.lock:
            self.done.append(key)


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.gate.set()
    source.stopping.set()


def test_units_that_hang_leave_threads_for_others_and_those_end_when_they_are_idle(
    source: Source,
) -> None:
    before = threading.active_count()
    crew = Crew(200, source.listen, source.work, source.stopping)
    crew.start()
    for number in range(100):
        source.waiting.put(f"hang-{number}")
    source.waiting.put("other")
    until(lambda: "other" in source.done, "the other unit")
    assert source.done == ["other"]
    source.gate.set()
    until(lambda: threading.active_count() <= before + SPARE, "idle threads to end")
    source.waiting.put("later")
    until(lambda: "later" in source.done, "a later unit")
    source.stopping.set()
    crew.join(time.monotonic() + PATIENCE)
    assert threading.active_count() == before


def test_there_are_never_more_than_it_may_have(source: Source) -> None:
    crew = Crew(3, source.listen, source.work, source.stopping)
    crew.start()
    for number in range(5):
        source.waiting.put(f"hang-{number}")
    until(lambda: len(source.begun) == 3, "all threads to be taken")
    assert source.waiting.qsize() == 2
    source.gate.set()
    until(lambda: len(source.done) == 5, "all to be worked")
