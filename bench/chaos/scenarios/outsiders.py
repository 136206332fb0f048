"""Promise 9: whoever is slow outside, a callback of another conference is answered and acted upon."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing import get_context

from bench.chaos.callbacks import Callback, Sender, callback
from bench.chaos.edge import Fate
from bench.chaos.outsiders import OUTSIDERS, run
from bench.chaos.report import Row, ms, percentile
from bench.chaos.stage import Stage, stage

RULES = """
version: 1
rules:
  - name: Everyone joins muted
    when: member.entered
    match: {conference: {not: "hooks-*"}}
    do:
      - mute: member
  - name: The office is told
    when: member.entered
    match: {conference: "hooks-*"}
    do:
      - webhook: {url: "http://127.0.0.1:%d/hook"}
  - name: A key is confirmed
    when: member.digits
    do:
      - speak: {to: member, text: "Thank you."}
"""
HANGING = 200
RATE = 10
ANSWERED, MUTED = 0.25, 0.5
"""Seconds: p99 of a callback's answer, and of its mute's arrival at the API double."""


async def beside_outsiders(short: bool) -> list[Row]:
    """Each kind of outsider alone, then all together."""
    seconds = 3 if short else 15
    rows = [await _beside([], seconds)]
    kinds = [*OUTSIDERS, "hooks", "unanswered"]
    for kind in kinds:
        rows.append(await _beside([kind], seconds))
    return [*rows, await _beside(kinds, seconds)]


async def _beside(kinds: Sequence[str], seconds: int) -> Row:
    async with (
        _who_never_answers() as port,
        stage(RULES % port, ALLOW_PRIVATE_WEBHOOKS="true", TRIGGER_TOKEN="t" * 32) as on,
    ):
        on.edge.fate = lambda request, _before: (
            Fate(silent=True) if request.conference.startswith("unanswered") else Fate(delay=0.02)
        )
        for kind in {"hooks", "unanswered"} & set(kinds):
            hanging = [callback(f"{kind}-{number}", "1") for number in range(HANGING)]
            await on.plivo.post_all(hanging, 100)
        names = [kind for kind in kinds if kind in OUTSIDERS]
        with ProcessPoolExecutor(max(1, len(names)), mp_context=get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            theirs = [
                loop.run_in_executor(pool, run, name, on.gavel.port, seconds + 3.0)
                for name in names
            ]
            await asyncio.sleep(2)
            beside = {0: "nobody", 1: "".join(kinds)}.get(len(kinds), "all together")
            row = await _measured(on, seconds, beside)
            did = [text for text in await asyncio.gather(*theirs) if text]
    return replace(row, measured="; ".join([row.measured, *did]))


async def _measured(on: Stage, seconds: int, beside: str) -> Row:
    callbacks = [callback(f"other-{number}", "1") for number in range(seconds * RATE)]
    await asyncio.gather(*(_post(on, one, n / RATE) for n, one in enumerate(callbacks)))
    wanted = {one.conference for one in callbacks}
    all_came = await on.until(lambda: wanted <= {r.conference for r in on.edge.calls("mute")})
    at = {request.conference: request.at for request in reversed(on.edge.calls("mute"))}
    answered = [one.acknowledged - one.sent for one in callbacks]
    muted = [at.get(one.conference, float("inf")) - one.sent for one in callbacks]
    p99 = percentile(answered, 99), percentile(muted, 99)
    told = (
        f"{len(callbacks)} callbacks at {RATE}/s: answered p50 {ms(percentile(answered, 50))}, "
        f"p99 {ms(p99[0])}; muted p50 {ms(percentile(muted, 50))}, p99 {ms(p99[1])}"
    )
    return Row(f"9 Beside {beside}", told, all_came, p99[0] <= ANSWERED and p99[1] <= MUTED)


async def _post(on: Stage, one: Callback, delay: float) -> None:
    """Over a new connection, which has to find a place."""
    sender = Sender(on.gavel.port)
    await sender.post(one, f"{one.conference}-{one.member}", delay=delay)
    sender.close()


@asynccontextmanager
async def _who_never_answers() -> AsyncIterator[int]:
    """A receiver of webhooks that accepts and says nothing; its port."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0, backlog=512)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
