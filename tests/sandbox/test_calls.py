"""Members that come, go, and obey every attribute of `<Conference>` (docs/plivo.md 1)."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from sandbox.embedded import Sandbox
from tests.sandbox.conftest import Api, members
from tests.sandbox.service import Reply, Service

Room = Callable[..., str]


def call_by_xml(sandbox: Sandbox, service: Service, xml: str, **wanted: str) -> str:
    """A call that is answered with this XML; the word SERVICE in it is the service's URL."""
    service.answer_xml("/answer", xml.replace("SERVICE", service.url))
    return sandbox.call_in(answer_url=f"{service.url}/answer", **wanted)


def ended(sandbox: Sandbox, call: str) -> bool:
    return call in [one["call_uuid"] for one in sandbox.state()["ended_calls"]]


def test_a_call_goes_where_the_service_answers_it(sandbox: Sandbox, service: Service) -> None:
    call = call_by_xml(
        sandbox,
        service,
        '<Conference callbackUrl="SERVICE/events" muted="true">sales</Conference>',
        from_="+4930100",
        caller_name="Anna",
    )
    entered = service.wait_for("enter").fields
    assert (entered["CallUUID"], entered["From"]) == (call, "+4930100")
    assert entered["ConferenceFirstMember"] == "true"
    asked = service.at("/answer")[0].fields
    assert (asked["Event"], asked["CallerName"], asked["Direction"]) == (
        "StartApp",
        "Anna",
        "inbound",
    )
    assert members(sandbox, "sales")[0]["muted"] is True


def test_the_services_own_answer_url_is_taken_when_only_a_conference_is_named() -> None:
    with Service() as service, Sandbox(service=service.url) as own:
        path = "/plivo/answer/" + quote("a b/ü", safe="")
        service.answer_xml(path, f'<Conference callbackUrl="{service.url}/events">x</Conference>')
        own.call_in("a b/ü")
        assert service.wait_for("enter").fields["ConferenceName"] == "x"


@pytest.mark.parametrize(
    ("fragment", "tries"), [("", 3), ("#rc=0", 1), ("#rp=all&rc=1", 2), ("#rp=ct", 1)]
)
def test_an_answer_url_is_tried_three_times_unless_it_says_otherwise(
    fragment: str, tries: int, sandbox: Sandbox, service: Service
) -> None:
    sandbox.switch(retry_delay=0)
    service.reply("/answer", Reply(503))
    call = sandbox.call_in(answer_url=f"{service.url}/answer{fragment}")
    service.wait_until(lambda: ended(sandbox, call))
    assert len(service.at("/answer")) == tries


def test_who_hangs_up_leaves_and_the_conference_ends(
    sandbox: Sandbox, service: Service, room: Room, api: Api
) -> None:
    sandbox.hang_up(room())
    assert service.wait_for("exit").fields["ConferenceLastMember"] == "true"
    assert api("GET", "room/").status_code == 404


def test_the_same_name_is_another_conference_later(
    service: Service, room: Room, sandbox: Sandbox
) -> None:
    sandbox.hang_up(room())
    first = service.wait_for("enter").fields
    service.received.clear()
    room()
    second = service.wait_for("enter").fields
    assert first["ConferenceUUID"] != second["ConferenceUUID"]
    assert first["ConferenceMemberID"] != second["ConferenceMemberID"]


def test_member_ids_begin_anew_when_switched(
    service: Service, room: Room, sandbox: Sandbox
) -> None:
    sandbox.switch(member_ids="restart")
    sandbox.hang_up(room())
    room()
    ids = [one.fields["ConferenceMemberID"] for one in service.wait("/events", 3)]
    assert ids == ["1", "1", "1"]


def test_a_kicked_call_goes_on_with_its_next_element(
    sandbox: Sandbox, service: Service, api: Api
) -> None:
    conference = '<Conference callbackUrl="SERVICE/events">{}</Conference>'
    call_by_xml(sandbox, service, conference.format("one") + conference.format("two"))
    service.wait_for("enter")
    api("POST", "one/Member/all/Kick/")
    service.wait("/events", 3)
    told = [(one.action, one.fields["ConferenceName"]) for one in service.at("/events")]
    assert sorted(told) == [("enter", "one"), ("enter", "two"), ("exit", "one")]


def test_a_kicked_call_goes_on_with_the_xml_of_its_action(
    sandbox: Sandbox, service: Service, api: Api
) -> None:
    service.answer_xml("/after", f'<Conference callbackUrl="{service.url}/events">b</Conference>')
    call_by_xml(sandbox, service, '<Conference action="SERVICE/after">a</Conference><Hangup/>')
    service.wait_until(lambda: bool(members(sandbox, "a")))
    api("POST", "a/Member/all/Kick/")
    assert service.wait_for("enter").fields["ConferenceName"] == "b"
    asked = service.at("/after")[0].fields
    assert (asked["ConferenceName"], asked["CallStatus"]) == ("a", "in-progress")
    assert "ConferenceAction" not in asked


def test_a_bad_answer_of_action_ends_the_call(sandbox: Sandbox, service: Service, api: Api) -> None:
    service.reply("/after", Reply(body="not xml"))
    call = call_by_xml(
        sandbox, service, '<Conference action="SERVICE/after">a</Conference><Wait length="99"/>'
    )
    service.wait_until(lambda: bool(members(sandbox, "a")))
    api("POST", "a/Member/all/Kick/")
    service.wait_until(lambda: ended(sandbox, call))


def test_without_redirect_action_is_only_told(sandbox: Sandbox, service: Service, api: Api) -> None:
    service.answer_xml("/after", "<Hangup/>")
    xml = '<Conference action="SERVICE/after" redirect="false" method="GET">a</Conference>'
    call_by_xml(sandbox, service, xml + "<Conference>b</Conference>")
    service.wait_until(lambda: bool(members(sandbox, "a")))
    api("POST", "a/Member/all/Kick/")
    service.wait_until(lambda: bool(members(sandbox, "b")))
    assert service.wait("/after")[0].method == "GET"


def test_a_member_who_is_hung_up_does_not_go_on(
    sandbox: Sandbox, service: Service, api: Api
) -> None:
    xml = '<Conference action="SERVICE/after">a</Conference><Conference>b</Conference>'
    call = call_by_xml(sandbox, service, xml)
    service.wait_until(lambda: bool(members(sandbox, "a")))
    api("DELETE", "a/Member/all/")
    service.wait_until(lambda: ended(sandbox, call))
    assert service.wait("/after")[0].fields["CallStatus"] == "completed"
    assert members(sandbox, "b") == []


def test_members_wait_muted_until_someone_starts_the_conference(
    sandbox: Sandbox, service: Service, api: Api, room: Room
) -> None:
    room(startConferenceOnEnter=False)
    assert api("GET", "room/").json()["members"][0]["muted"] is True
    room()
    assert [one["muted"] for one in api("GET", "room/").json()["members"]] == [False, False]


def test_waiting_members_are_not_listed_when_switched(
    sandbox: Sandbox, api: Api, room: Room
) -> None:
    sandbox.switch(list_waiting=False)
    room(startConferenceOnEnter=False)
    shown = api("GET", "room/").json()
    assert (shown["members"], shown["conference_member_count"]) == ([], "0")


def test_when_the_host_leaves_everybody_is_removed(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    host = room(endConferenceOnExit=True)
    room()
    room()
    sandbox.hang_up(host)
    service.wait_until(lambda: service.actions().count("exit") == 3)
    assert sandbox.state()["conferences"] == []


def test_the_last_one_is_removed_when_nobody_may_stay_alone(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    first = room(stayAlone=False)
    second = room(stayAlone=False)
    assert len(members(sandbox)) == 2
    sandbox.hang_up(second)
    service.wait_until(lambda: ended(sandbox, first))


def test_the_default_lets_the_last_one_stay(sandbox: Sandbox, service: Service, room: Room) -> None:
    room()
    sandbox.hang_up(room())
    service.wait_for("exit")
    assert len(members(sandbox)) == 1
    sandbox.switch(stay_alone_default=False)
    sandbox.hang_up(room())
    service.wait_until(lambda: members(sandbox) == [])


def test_the_member_too_many_goes_to_the_next_element(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    room()
    xml = '<Conference maxMembers="1" callbackUrl="SERVICE/events">room</Conference>'
    call_by_xml(sandbox, service, xml + "<Conference>overflow</Conference>")
    service.wait_until(lambda: len(members(sandbox, "overflow")) == 1)
    assert service.actions() == ["enter"]


@pytest.mark.parametrize("limits", [(600, 900), (900, 600)])
def test_the_nearest_time_limit_ends_the_conference_to_the_second(
    limits: tuple[int, int], sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.clock(rate=0)
    for limit in limits:
        room(timeLimit=limit)
    sandbox.clock(advance=599)
    assert len(members(sandbox)) == 2
    sandbox.clock(advance=1)
    assert members(sandbox) == []
    service.wait_until(lambda: service.actions().count("exit") == 2)


def test_the_time_limit_may_end_it_silently(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.switch(time_limit_end="silent")
    call = room(timeLimit=600)
    sandbox.clock(advance=600)
    service.wait_until(lambda: ended(sandbox, call) and not sandbox.state()["under_way"])
    assert service.actions() == ["enter"]


def test_digits_that_are_waited_for_are_told(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    call = room(digitsMatch="*1, #0,99")
    sandbox.press(call, "5*1#9")
    sandbox.press(call, "9")
    service.wait_until(lambda: service.actions().count("digits") == 2)
    matches = [one.fields.get("ConferenceDigitsMatch") for one in service.at("/events")]
    assert sorted(filter(None, matches)) == ["*1", "99"]


def test_a_star_hangs_up_when_the_xml_says_so(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.press(room(hangupOnStar=True), "1*")
    service.wait_for("exit")


def test_the_new_floor_holder_is_told_once(sandbox: Sandbox, service: Service, room: Room) -> None:
    anna, bert, muted = (
        room(floorEvent=True),
        room(floorEvent=True),
        room(muted=True, floorEvent=True),
    )
    for speaker in (anna, anna, muted, bert, anna):
        sandbox.speak(speaker, "I say")
    service.wait_until(lambda: service.actions().count("floor") == 3)
    floors = [one.fields["CallUUID"] for one in service.at("/events") if one.action == "floor"]
    assert sorted(floors) == sorted([anna, bert, anna])


def test_the_wait_sound_is_fetched_with_empty_ids(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    room(waitSound=f"{service.url}/music")
    asked = service.wait("/music")[0]
    assert (asked.method, asked.action) == ("POST", "waitSound")
    assert (asked.fields["ConferenceMemberID"], asked.fields["ConferenceUUID"]) == ("", "")
    assert asked.fields["Event"] == "ConferenceRemoteSounds"


def test_the_wait_sound_goes_on_until_somebody_comes(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    service.answer_xml("/music", '<Speak>Please wait</Speak><Wait length="1"/>')
    room(waitSound=f"{service.url}/music")
    service.wait("/music")
    for _ in range(3):
        sandbox.clock(advance=60)
    room(waitSound=f"{service.url}/music")
    service.wait_until(lambda: not sandbox.state()["under_way"])
    assert len(service.at("/music")) == 1


def test_the_action_tells_the_recording_also_when_it_ended_with_the_last_member(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    sandbox.hang_up(room(record="true", action=f"{service.url}/next"))
    told = service.wait("/next")[0].fields
    assert told["RecordingID"] == sandbox.state()["recordings"][0]["id"]
    assert told["RecordUrl"].endswith(".mp3")


def test_the_wait_sound_comes_back_for_the_one_who_is_left_alone(
    sandbox: Sandbox, service: Service, room: Room
) -> None:
    service.answer_xml("/music", '<Wait length="60"/>')
    room(waitSound=f"{service.url}/music")
    service.wait("/music")
    bert, carl = room(), room()
    sandbox.hang_up(bert)
    sandbox.hang_up(carl)
    service.wait("/music", 2)
    service.wait_until(lambda: not sandbox.state()["under_way"])
    assert len(service.at("/music")) == 2


def test_enter_and_exit_sounds_are_fetched(sandbox: Sandbox, service: Service, room: Room) -> None:
    sandbox.hang_up(room(enterSound=f"{service.url}/in", exitSound=f"{service.url}/out"))
    service.wait("/in")
    service.wait("/out")


def test_callbacks_come_by_get_when_the_xml_says_so(service: Service, room: Room) -> None:
    room(callbackMethod="GET", callbackUrl=f"{service.url}/events?v=1")
    entered = service.wait_for("enter")
    assert (entered.method, entered.query["v"], entered.body) == ("GET", "1", "")


def test_each_member_is_told_of_at_its_own_callback_url(service: Service, room: Room) -> None:
    room(callbackUrl=f"{service.url}/one")
    room(callbackUrl=f"{service.url}/two")
    assert len(service.wait("/two")) == len(service.wait("/one")) == 1


def test_what_the_xml_says_wrongly_is_warned_of(sandbox: Sandbox, service: Service) -> None:
    call_by_xml(sandbox, service, '<Dial/><Conference deaf="true" muted="perhaps">a</Conference>')
    service.wait_until(lambda: bool(members(sandbox, "a")))
    warnings = sandbox.state()["calls"][0]["warnings"]
    assert [part in "\n".join(warnings) for part in ("<Dial>", "deaf=", "muted=")] == [True] * 3


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "<Conference>a</Conference>",
        "<Response><Conference/></Response>",
        '<?xml version="1.0" encoding="nonsense"?><Response/>',
        "<Response>" + "<Wait/>" * 20_000 + "</Response>",
    ],
)
def test_a_call_ends_when_its_answer_is_no_xml(
    body: str, sandbox: Sandbox, service: Service
) -> None:
    service.reply("/answer", Reply(body=body))
    call = sandbox.call_in(answer_url=f"{service.url}/answer")
    service.wait_until(lambda: ended(sandbox, call))
    assert sandbox.state()["ended_calls"][-1]["warnings"]


def test_who_hangs_up_before_the_answer_is_gone(sandbox: Sandbox, service: Service) -> None:
    service.reply("/answer", Reply(after=1))
    call = sandbox.call_in(answer_url=f"{service.url}/answer")
    service.wait("/answer")
    sandbox.hang_up(call)
    service.wait_until(lambda: ended(sandbox, call))
    assert sandbox.state()["calls"] == []


def test_a_callback_url_that_is_none_is_logged(sandbox: Sandbox, service: Service) -> None:
    for url in ("http://[", "nowhere", "ftp://h/"):
        sandbox.call_in("room", attributes={"callbackUrl": url})
    service.wait_until(lambda: len(sandbox.deliveries()) == 3)
    assert [bool(one["error"]) for one in sandbox.deliveries()] == [True] * 3


def test_other_elements_take_their_time(sandbox: Sandbox, service: Service) -> None:
    service.answer_xml("/next", "<Conference>there</Conference>")
    xml = '<Speak>Welcome to us</Speak><Play>http://h/a.mp3</Play><Wait length="3"/>'
    call_by_xml(sandbox, service, xml + "<Redirect>SERVICE/next</Redirect>")
    service.wait("/answer")
    service.wait_until(lambda: sandbox.state()["calls"][0]["status"] == "in-progress")
    assert members(sandbox, "there") == []

    def is_there() -> bool:
        sandbox.clock(advance=5)  # an element begins when the one before it is over
        return bool(members(sandbox, "there"))

    service.wait_until(is_there)


def test_hanging_up_a_conference_may_let_the_calls_go_on(
    sandbox: Sandbox, service: Service, api: Api
) -> None:
    sandbox.switch(hang_up_conference="next_element")
    call_by_xml(sandbox, service, "<Conference>a</Conference><Conference>b</Conference>")
    service.wait_until(lambda: bool(members(sandbox, "a")))
    assert api("DELETE", "a/").status_code == 204
    service.wait_until(lambda: bool(members(sandbox, "b")))
