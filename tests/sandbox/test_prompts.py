"""Texts and files on their way into a conference: one after the other, until they are stopped."""

from collections.abc import Callable
from typing import Any

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.service import Service

Room = Callable[..., str]
SIX_WORDS = "one two three four five six"  # 2.6 s


def prompts(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.state()["conferences"][0]["prompts"])


def test_a_text_waits_for_all_that_came_before_even_when_some_is_over(
    sandbox: Sandbox, api: Api, room: Room
) -> None:
    room()
    sandbox.clock(rate=0)
    begun = sandbox.clock()["now"]
    for _ in range(2):
        api("POST", "room/Member/all/Speak/", text=SIX_WORDS)
    sandbox.clock(advance=4)  # the first is over, the second is being heard
    api("POST", "room/Member/all/Speak/", text=SIX_WORDS)
    api("DELETE", "room/Member/all/Play/")  # stops nothing
    ends = [round(one["ends_at"] - begun, 1) for one in prompts(sandbox)]
    assert ends == [5.2, 7.8]


def test_after_a_stop_the_next_text_begins_at_once(sandbox: Sandbox, api: Api, room: Room) -> None:
    room()
    sandbox.clock(rate=0)
    begun = sandbox.clock()["now"]
    api("POST", "room/Member/all/Play/", url="https://h.example/a.mp3")
    api("POST", "room/Member/all/Speak/", text=SIX_WORDS)
    sandbox.clock(advance=1)
    api("DELETE", "room/Member/all/Play/")
    assert [round(one["ends_at"] - begun, 1) for one in prompts(sandbox)] == [3.6]


def test_a_text_that_was_never_heard_is_in_no_transcript(
    sandbox: Sandbox, api: Api, room: Room, service: Service
) -> None:
    room()
    sandbox.clock(rate=0)
    wanted = {"transcription_type": "auto", "transcription_url": f"{service.url}/text"}
    api("POST", "room/Record/", **wanted)
    api("POST", "room/Member/all/Speak/", text="Heard.")
    api("POST", "room/Member/all/Speak/", text="The recording ends before this begins.")
    sandbox.clock(advance=0.6)
    api("DELETE", "room/Record/")
    service.wait_until(lambda: sandbox.state()["recordings"][0]["duration"] > 0)
    sandbox.clock(advance=3)
    assert service.wait("/text")[0].fields["transcription"] == "Heard."


def test_a_text_that_was_stopped_before_it_began_is_in_no_transcript(
    sandbox: Sandbox, api: Api, room: Room, service: Service
) -> None:
    room()
    sandbox.clock(rate=0)
    api("POST", "room/Record/")
    api("POST", "room/Member/all/Play/", url="https://h.example/a.mp3")
    api("POST", "room/Member/all/Speak/", text="Never said.")
    sandbox.clock(advance=1)
    api("DELETE", "room/Member/all/Speak/")
    assert sandbox.state()["recordings"][0]["words"] == []
