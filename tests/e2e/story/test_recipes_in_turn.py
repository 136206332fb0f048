"""Recipes of the cookbook, played live one after the other at one Gavel, which takes each as its
rules change: where callers are, what they hear, and what is recorded, at the sandbox with sound."""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from itertools import permutations
from urllib.request import Request, urlopen

import numpy as np
import pytest
import soundfile

from tests.doubles.plivo_edge import answer, plivo_edge
from tests.e2e.story.conftest import NO_COPIES, Gavel, starting
from tests.e2e.story.processes import ROOT
from tests.e2e.story.sound import TONES, has, heard, hearing, recorded, say
from tests.waiting import PATIENCE, until
from workers.rules.load import digest_of

HOST, GUEST = "+14155550100", "+4930123456"
TOKEN = "token-of-the-story"
WELCOME = 3100.0
"""Of the sound that a VIP hears, in Hz."""

AT_FIRST = """version: 1
rules: []
conferences:
  - {match: {conference: "board-*"}, ask_pin: {is: {env: BOARD_PIN}, prompt: "PIN?"}}
"""


@pytest.fixture(scope="module")
def gavel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gavel]:
    with starting(tmp_path_factory.mktemp("recipes")) as start:
        running = start(
            AT_FIRST,
            **NO_COPIES,
            TRIGGER_TOKEN=TOKEN,
            RECONCILE_INTERVAL="1s",
            ALLOW_PRIVATE_WEBHOOKS="true",
            CRM_WEBHOOK_SECRET="whsec_aGk=",
        )
        running.until_ready()
        yield running


def play(gavel: Gavel, name: str, elsewhere: Sequence[tuple[str, str]] = (), **sooner: str) -> None:
    """Gavel goes on by this recipe, with some of its addresses elsewhere and of its durations
    shorter."""
    text = (ROOT / "docs" / "cookbook" / f"{name}.yaml").read_text(encoding="utf-8")
    for address, other in elsewhere:
        assert address in text
        text = text.replace(address, other)
    for long, short in sooner.items():
        assert f" {long[1:]}" in text
        text = text.replace(f" {long[1:]}", f" {short}")
    (gavel.folder / "rules.yaml").write_text(text, encoding="utf-8")
    wanted = f'gavel_rules_info{{digest="{digest_of(text)}"}} 1'
    until(lambda: wanted in _get(f"{gavel.url}/metrics/cluster").decode(), f"{name} to be taken")


def _get(url: str) -> bytes:
    with urlopen(url, timeout=PATIENCE) as answer:
        return bytes(answer.read())


def call_in(gavel: Gavel, conference: str, number: str, tone: float) -> str:
    """A call comes in, with this voice, and is in."""
    there = len(gavel.sandbox.members(conference))
    call = gavel.sandbox.call_in(conference, **{"from": number, "tone": str(tone)})
    until(lambda: len(gavel.sandbox.members(conference)) == there + 1, f"{number} to be in")
    return call


def at_plivo(gavel: Gavel, method: str, path: str) -> None:
    """What somebody does at Plivo's console: a request to the Conference API past Gavel."""
    account = json.loads((gavel.folder / "var" / "sandbox.json").read_text())
    url = f"{gavel.sandbox.url}/v1/Account/{account['auth_id']}/Conference/{path}"
    pair = f"{account['auth_id']}:{account['auth_token']}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    with urlopen(Request(url, headers=headers, method=method), timeout=PATIENCE):
        pass


def muted(gavel: Gavel, conference: str) -> dict[str, bool]:
    """By call, whether it is muted."""
    return {one["call_uuid"]: one["muted"] for one in gavel.sandbox.members(conference)}


def until_muted(gavel: Gavel, conference: str, wanted: dict[str, bool]) -> None:
    until(
        lambda: muted(gavel, conference) == wanted,
        lambda: f"{wanted} in {conference}, there is {muted(gavel, conference)}",
    )


def until_ended(gavel: Gavel, call: str) -> list[str]:
    """The end of a call; what it heard outside of conferences."""
    until(lambda: gavel.sandbox.call(call)["status"] == "completed", "the end of the call")
    return list(gavel.sandbox.call(call)["heard"])


def said(gavel: Gavel, conference: str) -> list[tuple[str, str]]:
    """What was spoken into a conference, and to whom: a member or all, also where one request
    speaks to several members at once."""
    spoken = [one for one in gavel.sandbox.asked(conference) if one["operation"] == "speak"]
    return [(member, one["params"]["text"]) for one in spoken for member in one["members"]]


def trigger(gavel: Gavel, name: str, conference: str) -> None:
    body = json.dumps({"conference": conference}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with urlopen(Request(f"{gavel.url}/triggers/{name}", body, headers), timeout=PATIENCE):
        pass


def test_a_pin_that_the_environment_does_not_have_is_told_at_the_start(gavel: Gavel) -> None:
    gavel.up.until_said("rules.yaml:4:58: note: BOARD_PIN is not set here to 4 to 20 digits")


def test_guests_of_a_panel_are_muted_again_and_heard_while_they_have_the_floor(
    gavel: Gavel,
) -> None:
    play(gavel, "panel")
    host = call_in(gavel, "panel-1", HOST, TONES[0])
    guest = call_in(gavel, "panel-1", GUEST, TONES[1])
    voices = {host: TONES[0], guest: TONES[1]}
    until_muted(gavel, "panel-1", {host: False, guest: True})
    (member,) = [one["id"] for one in gavel.sandbox.members("panel-1") if one["muted"]]
    at_plivo(gavel, "DELETE", f"panel-1/Member/{member}/Mute/")
    gavel.sandbox.until_asked("panel-1", "mute")
    until_muted(gavel, "panel-1", {host: False, guest: True})
    until(
        lambda: f"Plivo's list shows member {member} not muted" in gavel.ask("why", "panel-1"),
        "it to be told",
    )
    assert hearing(gavel.sandbox, voices) == {(guest, host)}
    gavel.sandbox.press(guest, "*1")
    gavel.sandbox.press(host, "*1")
    until_muted(gavel, "panel-1", {host: False, guest: False})
    assert hearing(gavel.sandbox, voices) == {(guest, host), (host, guest)}
    gavel.sandbox.press(host, "*2")
    until_muted(gavel, "panel-1", {host: False, guest: True})
    assert hearing(gavel.sandbox, voices) == {(guest, host)}
    assert gavel.sandbox.operations("panel-1").count("record") == 1


def test_breakout_rooms_end_together(gavel: Gavel) -> None:
    play(gavel, "breakout", _1m="1s")
    rooms = ("breakout-red", "breakout-blue")
    hosts = [gavel.sandbox.call_in(room, **{"from": HOST}) for room in rooms]
    guests = [gavel.sandbox.call_in(room, **{"from": GUEST}) for room in rooms]
    until(lambda: all(len(gavel.sandbox.members(room)) == 2 for room in rooms), "all are in")
    gavel.sandbox.press(guests[0], "*9")
    gavel.sandbox.press(hosts[1], "*9")
    for call in (*hosts, *guests):
        assert until_ended(gavel, call) == ["The breakout is over."]
    for room in rooms:
        assert said(gavel, room) == [("all", "One minute is left.")]
        assert gavel.sandbox.operations(room) == ["speak", "kick"]


def test_the_fifth_caller_of_the_board_starts_the_recording(gavel: Gavel) -> None:
    play(gavel, "quorum")
    calls = []
    for number in range(5):
        assert gavel.sandbox.recordings("board-9") == []
        tone = TONES[min(number, 1)]
        calls.append(call_in(gavel, "board-9", f"+493011111{number}", tone))
        if number == 0:
            say(gavel.sandbox, calls[0])
    until(lambda: len(gavel.sandbox.recordings("board-9")) == 1, "the recording")
    told = [("all", "Five are present. The meeting is recorded from now on.")]
    assert said(gavel, "board-9") == told
    say(gavel.sandbox, calls[1])
    for call in calls:
        gavel.sandbox.hang_up(call)
    sound = recorded(gavel.sandbox, "board-9")
    assert [has(sound, tone) for tone in TONES[:2]] == [False, True]


def test_two_who_consent_are_recorded_and_who_does_not_leaves(gavel: Gavel) -> None:
    play(gavel, "consent-by-key")
    voices = {call_in(gavel, "interview-1", f"+4930123{n}", TONES[n]): TONES[n] for n in (0, 1)}
    both = list(voices)
    until(lambda: len(said(gavel, "interview-1")) == 2, "both to be asked")
    until(lambda: gavel.ask("timers", "interview-1").count("wait") == 2, "both keys to be awaited")
    assert hearing(gavel.sandbox, voices) == set()
    for call in both:
        gavel.sandbox.press(call, "1")
    until(lambda: len(gavel.sandbox.recordings("interview-1")) == 1, "the recording")
    until_muted(gavel, "interview-1", dict.fromkeys(both, False))
    late = call_in(gavel, "interview-1", "+49301232", TONES[2])
    heard_by_all = set(permutations(both)) | {(late, call) for call in both}
    assert hearing(gavel.sandbox, {**voices, late: TONES[2]}) == heard_by_all
    gavel.sandbox.hang_up(late)
    play(gavel, "consent-by-key", _30s="500ms", _5s="500ms")
    silent = gavel.sandbox.call_in("interview-1", **{"from": GUEST})
    until_ended(gavel, silent)
    assert set(muted(gavel, "interview-1")) == set(both)
    last = "Without your consent we can not go on. Goodbye."
    assert [text for _, text in said(gavel, "interview-1")].count(last) == 1


def test_raised_hands_get_the_floor_in_their_order(gavel: Gavel) -> None:
    play(gavel, "hands-in-order")
    calls = []
    for number in range(3):
        calls.append(call_in(gavel, "panel-2", f"+493055555{number}", TONES[number]))
    ids = {one["call_uuid"]: one["id"] for one in gavel.sandbox.members("panel-2")}
    for nth, call in enumerate((calls[2], calls[0]), 1):
        gavel.sandbox.press(call, "*1")
        until(lambda n=nth: len(said(gavel, "panel-2")) == n, "the hand to be seen")
    for nth, speaker in enumerate((calls[2], calls[0]), 3):
        trigger(gavel, "next-please", "panel-2")
        until(lambda n=nth: len(said(gavel, "panel-2")) == n, "the floor to be given")
        until_muted(gavel, "panel-2", {call: call != speaker for call in calls})
        only = {(call, speaker) for call in calls if call != speaker}
        assert hearing(gavel.sandbox, dict(zip(calls, TONES, strict=False))) == only
    floor = "You have the floor."
    assert said(gavel, "panel-2")[2:] == [(ids[calls[2]], floor), (ids[calls[0]], floor)]


def test_a_vip_is_known_by_a_question_to_the_crm_and_hears_a_welcome_alone(gavel: Gavel) -> None:
    with plivo_edge() as crm, plivo_edge() as cdn:
        crm.answers(answer(200, {"vip": False}), answer(200, {"vip": True, "name": "Ada"}))
        cdn.answers(answer(200, a_tone(WELCOME), Content_Type="audio/wav"))
        addresses = (
            ("https://crm.example.com", crm.url),
            ("https://cdn.example.com/vip-welcome.mp3", f"{cdn.url}/vip-welcome.wav"),
        )
        play(gavel, "vip-by-question", addresses, _5s="5m")  # a busy machine may be slow
        guest = gavel.sandbox.call_in("sales-1", **{"from": GUEST})
        until(lambda: len(said(gavel, "sales-1")) == 1, "the guest to be greeted")
        vip = gavel.sandbox.call_in("sales-1", **{"from": HOST})
        until(lambda: len(said(gavel, "sales-1")) == 2, "the guest to hear of the VIP")
        until(lambda: has(heard(gavel.sandbox, vip), WELCOME), "the welcome to be heard")
        assert not has(heard(gavel.sandbox, guest), WELCOME)
    ids = {one["call_uuid"]: one["id"] for one in gavel.sandbox.members("sales-1")}
    told = [(ids[guest], "Welcome."), (ids[guest], "Ada is here.")]
    assert said(gavel, "sales-1") == told
    assert [seen.json() for seen in crm.seen] == [{"number": GUEST}, {"number": HOST}]
    assert all(seen.headers["webhook-signature"] for seen in crm.seen)
    story = gavel.ask("why", "sales-1", "--json")
    assert '"size"' in story
    assert "Ada" not in story


def a_tone(hertz: float) -> bytes:
    """Half a second of it, as a .wav file."""
    file = io.BytesIO()
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(4000) / 8000)
    soundfile.write(file, samples, 8000, format="WAV")
    return file.getvalue()
