"""Recipes of the cookbook, played live: where callers are and what they hear, at the sandbox."""

from collections.abc import Iterator, Mapping
from itertools import permutations

import pytest

from tests.e2e.story.conftest import NO_COPIES, Gavel, starting
from tests.e2e.story.sound import TONES, hearing
from tests.e2e.story.test_recipes_in_turn import play
from tests.waiting import until

HOST, GUEST = "+14155550100", "+4930123456"
HOST_PIN, GUEST_PIN = "902417", "553108"

WAITS, MUTED, SPEAKS = (True, True), (False, True), (False, False)


@pytest.fixture(scope="module")
def gavel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gavel]:
    """Gavel with the secrets of the recipes, and no rule yet."""
    with starting(tmp_path_factory.mktemp("recipes")) as start:
        pins = {"HOST_PIN": HOST_PIN, "GUEST_PIN": GUEST_PIN}
        running = start("version: 1\nrules: []\n", **NO_COPIES, **pins)
        running.until_ready()
        yield running


def until_there_are(gavel: Gavel, conference: str, wanted: Mapping[str, object]) -> None:
    """Until just these calls are in, each waiting (or not) and muted (or not)."""

    def there() -> dict[str, object]:
        found = gavel.sandbox.members(conference)
        return {one["call_uuid"]: (one["waiting"], one["muted"]) for one in found}

    until(lambda: there() == wanted, lambda: f"{wanted} in {conference}, there is {there()}")


def until_over(gavel: Gavel, call: str, *heard: str) -> None:
    """Until the call has ended; it heard this last."""
    until(lambda: gavel.sandbox.call(call)["status"] == "completed", "the end of the call")
    assert gavel.sandbox.call(call)["heard"][-len(heard) :] == list(heard)


def enter(gavel: Gavel, call: str, pin: str) -> None:
    until(lambda: gavel.sandbox.call(call)["asked"], "the caller to be asked")
    gavel.sandbox.press(call, f"{pin}#")


def test_guests_of_a_board_meeting_wait_for_the_host_and_leave_with_them(gavel: Gavel) -> None:
    play(gavel, "board-meeting")
    one, other = (join(gavel, "board-1", GUEST, tone) for tone in TONES[:2])
    voices = {one: TONES[0], other: TONES[1]}
    until_there_are(gavel, "board-1", {one: WAITS, other: WAITS})
    assert hearing(gavel.sandbox, voices) == set()
    host = join(gavel, "board-1", HOST, TONES[2])
    voices |= {host: TONES[2]}
    until_there_are(gavel, "board-1", {one: MUTED, other: MUTED, host: SPEAKS})
    assert hearing(gavel.sandbox, voices) == {(one, host), (other, host)}
    gavel.sandbox.press(one, "*1")
    gavel.sandbox.press(host, "*1")
    until_there_are(gavel, "board-1", {one: SPEAKS, other: SPEAKS, host: SPEAKS})
    assert hearing(gavel.sandbox, voices) == set(permutations(voices, 2))
    gavel.sandbox.press(host, "*2")
    until_there_are(gavel, "board-1", {one: MUTED, other: MUTED, host: SPEAKS})
    assert hearing(gavel.sandbox, voices) == {(one, host), (other, host)}
    gavel.sandbox.hang_up(host)
    for guest in (one, other):
        until_over(gavel, guest, "The meeting is over. Goodbye.")


def join(gavel: Gavel, conference: str, number: str, tone: float) -> str:
    return gavel.sandbox.call_in(conference, **{"from": number, "tone": str(tone)})


def test_a_pin_makes_hosts_and_guests_and_keeps_others_out(gavel: Gavel) -> None:
    play(gavel, "pin-for-hosts-and-guests")
    stranger = gavel.sandbox.call_in("members-1", **{"from": "+15005550006"})
    for tries in range(1, 4):
        enter(gavel, stranger, "000000")
        told = ["That is not right."] * tries
        if tries < 3:
            until(lambda told=told: said(gavel, stranger) == told, "the wrong try to be told")
    until_over(gavel, stranger, "You can not join now. Goodbye.")
    guest = gavel.sandbox.call_in("members-1", **{"from": GUEST})
    enter(gavel, guest, GUEST_PIN)
    until_there_are(gavel, "members-1", {guest: WAITS})
    host = gavel.sandbox.call_in("members-1", **{"from": GUEST})  # by the PIN, not by the number
    enter(gavel, host, HOST_PIN)
    until_there_are(gavel, "members-1", {guest: MUTED, host: SPEAKS})
    gavel.sandbox.press(host, "*1")
    until_there_are(gavel, "members-1", {guest: SPEAKS, host: SPEAKS})
    gavel.sandbox.hang_up(host)
    until_over(gavel, guest, "The host has left. Goodbye.")


def said(gavel: Gavel, call: str) -> list[str]:
    return [text for text in gavel.sandbox.call(call)["heard"] if text == "That is not right."]
