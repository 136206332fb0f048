"""What people who watch the console cost the calls: `gavel up` with the settings as they come.

    python -m bench.watchers [--rounds 6] [--seconds 10]

500 live conferences of four members each. First what `/live` takes to be made, whole. Then callbacks
at 20/s of further members of them, in rounds that alternate with and without ten people who watch
`/live` as our script does: every 2 s, with the tag of what they have.
"""

import argparse
import asyncio
import http.client
import itertools
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context

from redis import Redis

from app.console.access.sessions import Sessions
from bench.as_it_comes import AS_IT_COMES
from bench.chaos.apart import post_apart
from bench.chaos.callbacks import Callback, callback, entries
from bench.chaos.edge import Fate
from bench.chaos.report import percentile
from bench.chaos.scenarios.kills import MUTE
from bench.chaos.stage import Stage, stage

LIVE, MEMBERS, WATCHERS, EVERY, RATE = 500, 4, 10, 2.0, 20


class Person:
    """A browser that is signed in and has the live page open."""

    def __init__(self, port: int, session: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._cookie, self._tag = f"gavel={session}", ""

    def look(self, *, anew: bool = False) -> tuple[int, int, float]:
        """Status, bytes and seconds of one look; `anew`: as one who has just come."""
        headers = {"Cookie": self._cookie}
        if not anew:
            headers["X-Fragment"] = "main"
        if self._tag and not anew:
            headers["If-None-Match"] = self._tag
        begun = time.perf_counter()
        self._connection.request("GET", "/live", headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        self._tag = answer.headers.get("ETag", self._tag)
        return answer.status, len(body), time.perf_counter() - begun


def watch(port: int, session: str, seconds: float) -> list[tuple[int, int, float]]:
    """`WATCHERS` people for so long, in turn, each every `EVERY` seconds."""
    people = [Person(port, session) for _ in range(WATCHERS)]
    looks, begun = [], time.monotonic()
    for number in itertools.count():
        at = begun + number * EVERY / WATCHERS
        if at > begun + seconds:
            return looks
        time.sleep(max(0.0, at - time.monotonic()))
        looks.append(people[number % WATCHERS].look())
    return looks


@asynccontextmanager
async def filled() -> AsyncIterator[tuple[Stage, str]]:
    """A Gavel with `LIVE` conferences at rest, and somebody's session."""
    async with stage(MUTE, **AS_IT_COMES) as on:
        on.edge.fate = lambda _request, _before: Fate(delay=0.02)
        await post_apart(on.gavel.port, list(entries("live", LIVE, MEMBERS)), 200)
        await on.until_quiet()
        redis: Redis = on.gavel.redis()
        yield on, Sessions(redis).begin("bench", "operator")
        redis.close()


async def page(on: Stage, session: str) -> None:
    person = Person(on.gavel.port, session)
    person.look()
    looks = [await asyncio.to_thread(person.look, anew=True) for _ in range(40)]
    took = [seconds for _, _, seconds in looks]
    assert all(status == 200 for status, _, _ in looks)
    print(
        f"/live with {LIVE} conferences: {percentile(took, 50) * 1000:.0f} ms (p50), "
        f"{max(took) * 1000:.0f} ms (longest of {len(took)}), {looks[0][1] // 1024} KiB",
        flush=True,
    )


async def answered(on: Stage, session: str, rounds: int, seconds: int) -> None:
    alone: list[Callback] = []
    watched: list[Callback] = []
    looks: list[tuple[int, int, float]] = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        for number in range(rounds * 2):
            callbacks = [
                callback(f"live-{one % LIVE}", str(10_000 + number * 1_000 + one))
                for one in range(RATE * seconds)
            ]
            with_people = number % 2 == 1
            if with_people:
                theirs = loop.run_in_executor(pool, watch, on.gavel.port, session, seconds + 1.0)
                await asyncio.sleep(0.5)
            posted = await post_apart(on.gavel.port, callbacks, RATE)
            (watched if with_people else alone).extend(posted)
            if with_people:
                looks += await theirs
    _tell("nobody watches", alone)
    _tell(f"{WATCHERS} people watch", watched)
    statuses = [status for status, _, _ in looks]
    print(
        f"their {len(looks)} looks: {statuses.count(200)} pages, {statuses.count(304)} unchanged, "
        f"{len(looks) - statuses.count(200) - statuses.count(304)} sent away; "
        f"p50 / p99 {_shares([took for _, _, took in looks])} ms"
    )


def _tell(who: str, posted: list[Callback]) -> None:
    waits = [one.acknowledged - one.sent for one in posted if one.acknowledged]
    print(f"{who:20} {len(posted)} callbacks answered, p50 / p99 {_shares(waits)} ms", flush=True)


def _shares(seconds: list[float]) -> str:
    return " / ".join(f"{percentile(seconds, share) * 1000:.1f}" for share in (50, 99))


async def run(rounds: int, seconds: int) -> None:
    async with filled() as (on, session):
        await page(on, session)
        await answered(on, session, rounds, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=10)
    given = parser.parse_args()
    asyncio.run(run(given.rounds, given.seconds))


if __name__ == "__main__":
    main()
