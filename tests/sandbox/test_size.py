"""A big day: 1,000 conferences of 20 members, and nothing left of them afterwards."""

import asyncio
import gc
from collections.abc import Iterator

from sandbox.api.answers import Request
from sandbox.api.operations import get_conference, hang_up_all, list_conferences
from sandbox.telephony import Telephony
from sandbox.world.clock import Clock
from sandbox.world.elements import ConferenceElement
from sandbox.world.model import Call, Member, new_uuid
from sandbox.world.options import Options


def calls() -> Iterator[tuple[Call, ConferenceElement]]:
    for number in range(20_000):
        call = Call(uuid=new_uuid(), caller=f"+49{number}", to="+14155550199")
        yield call, ConferenceElement(name=f"size-{number % 1_000}")


async def live_through_it(lines: Telephony) -> None:
    for call, element in calls():
        lines.call_in(call, [element])
    await asyncio.sleep(0)
    assert len(list_conferences(lines, Request()).body["conferences"]) == 1_000
    shown = get_conference(lines, Request(conference="size-7")).body
    assert shown["conference_member_count"] == "20"
    hang_up_all(lines, Request())
    while lines.calls:
        await asyncio.sleep(0)
    assert lines.exchange.conferences == {}
    assert len(lines.ended_calls) == 200


async def story() -> int:
    """How many members are still in memory after they all left."""
    lines = Telephony(Options(sound="off"), Clock(asyncio.get_running_loop()))
    try:
        await live_through_it(lines)
        gc.collect()
        members = [one for one in gc.get_objects() if isinstance(one, Member)]
        return sum(one.conference.name.startswith("size-") for one in members)
    finally:
        await lines.close()


def test_a_thousand_conferences_of_twenty_live_and_leave_nothing() -> None:
    assert asyncio.run(story()) <= 1  # a last loop variable may hold one
