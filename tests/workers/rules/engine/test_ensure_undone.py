"""What rules ensure and is undone: by somebody else, by another rule, by hand."""

from tests.workers.rules.engine.builders import Timeline
from tests.workers.rules.engine.ensuring import NEVER_RECORDED, PANEL, RECORDED, Room
from workers.rules.load import load


def test_what_a_list_shows_otherwise_is_corrected_once_and_told() -> None:
    room = Room()
    room.enter(1)
    room.since()
    room.listed(m1=False)
    assert room.since() == ["mute 1"]
    room.listed(m1=True)
    assert room.calls == []
    assert room.notes == []


def test_a_list_that_may_be_older_than_our_call_changes_nothing() -> None:
    room = Room()
    room.enter(1)
    room.since()
    room.listed(after=2.0, m1=False)
    assert room.calls == []


def test_a_member_who_speaks_all_the_time_is_seen_all_the_same() -> None:
    room = Room()
    room.enter(1)
    room.since()
    room.later(10.0)
    room.happen("member.speaking", member_id="1")
    room.listed(after=0.0, m1=False)
    assert room.calls == ["mute 1"]


def test_what_is_undone_again_and_again_is_left_for_longer_each_time() -> None:
    room = Room()
    room.enter(1)
    room.since()
    room.listed(m1=False)
    assert room.since() == ["mute 1"]
    pauses = []
    for _ in range(7):
        room.listed(m1=False)
        assert room.calls == []
        (note,) = room.notes
        assert note.startswith(
            "“Guests stay muted”: somebody else unmutes member 1 again and again"
        )
        pauses.append(note.rpartition(" in ")[2])
        begun = room.outside.now
        while not room.calls:
            room.later(1.0)
        pauses.append(f"{room.outside.now - begun:.0f}")
        assert room.since() == ["mute 1"]
    assert pauses[::2] == ["1m", "2m", "4m", "8m", "16m", "30m", "30m"]
    assert pauses[1::2] == ["60", "120", "240", "480", "960", "1800", "1800"]


def test_lists_do_not_shorten_the_wait() -> None:
    room = Room()
    room.enter(1)
    room.listed(m1=False)
    room.listed(m1=False)
    room.since()
    for _ in range(5):
        room.listed(m1=False)
    assert room.since() == []
    room.listed(m1=False)
    assert room.calls == ["mute 1"]


def test_after_ten_quiet_minutes_it_is_corrected_at_once_again() -> None:
    room = Room()
    room.enter(1)
    for _ in range(3):
        room.since()
        room.listed(after=601.0, m1=False)
        assert room.calls == ["mute 1"]
        assert room.notes == []


def test_a_rule_that_undoes_it_is_named() -> None:
    room = Room()
    room.enter(1)
    room.since()
    room.press(1)
    assert room.calls == ["unmute 1", "mute 1"]
    assert room.told[-1].reason == "rule “A guest helps themselves” unmutes member 1"
    room.later(5.0)
    room.press(1)
    loop = "rule “A guest helps themselves” unmutes member 1 again and again; trying again in 1m"
    assert room.notes == [f"“Guests stay muted”: {loop}"]
    room.since()
    room.later(61.0)
    assert room.calls == ["mute 1"]


def test_what_is_done_by_hand_is_left_so() -> None:
    room = Room()
    room.enter(1)
    room.since()
    room.by_hand(unmute="all")
    room.listed(m1=False)
    room.later(3600.0)
    room.listed(m1=False)
    assert room.calls == ["unmute all"]
    assert room.notes == ["“Guests stay muted”: member 1 is not muted by hand, and is left so"]
    assert room.why_idle == "member 1 is not muted by hand (anna)"


def test_until_it_is_made_right_by_hand() -> None:
    room = Room()
    room.enter(1)
    room.by_hand(unmute=["1"])
    room.later(10.0)
    room.by_hand(mute=["1"])
    room.since()
    room.listed(m1=False)
    assert room.calls == ["mute 1"]


def test_until_it_is_not_ensured_any_more() -> None:
    room = Room()
    room.enter(1)
    room.by_hand(unmute=["1"])
    room.since()
    room.happen("trigger", name="floor", data={"member": "1"})
    room.happen("trigger", name="floor", data={"member": ""})
    assert room.calls == ["mute 1"]


def test_a_run_that_a_hand_triggered_is_no_hand() -> None:
    text = PANEL + "  - {name: Open, when: {trigger: open}, do: [{unmute: all}]}\n"
    room = Room(text)
    room.enter(1)
    room.since()
    room.by_hand(trigger="open")
    assert room.calls == ["unmute all", "mute 1"]


def test_a_recording_runs_while_it_is_ensured() -> None:
    room = Room(RECORDED)
    room.enter(1)
    assert room.calls == []
    room.enter(2)
    assert room.since() == ["record"]
    room.happen("recording.started", recording_id="r1")
    room.later(60.0)
    room.happen("recording.ready", recording_id="r1", url="https://x.example.com/r1.wav")
    assert room.since() == ["record"]
    room.happen("recording.started", recording_id="r2")
    room.later(60.0)
    room.happen("recording.ready", recording_id="r2", url="https://x.example.com/r2.wav")
    assert room.calls == []
    said = "somebody else ends the recording again and again; trying again in 1m"
    assert f"“It is recorded”: {said}" in room.notes


def test_a_recording_that_shall_not_run_is_ended() -> None:
    room = Room(NEVER_RECORDED)
    room.enter(1)
    assert room.calls == []
    room.happen("recording.started", recording_id="r1")
    assert room.calls == ["stop_recording"]
    assert room.told[-1].reason == "the conference is recorded"


def test_a_recording_that_was_ended_by_hand_stays_so() -> None:
    room = Room(RECORDED)
    room.enter(1)
    room.enter(2)
    room.by_hand(stop_recording=None)
    room.enter(3)
    assert room.since() == ["record", "stop_recording"]
    room.by_hand(record=None)
    room.happen("recording.started", recording_id="r2")
    room.later(700.0)
    room.happen("recording.ready", recording_id="r2", url="https://x.example.com/r2.wav")
    assert room.calls == ["record", "record"]


def test_a_list_that_may_be_older_than_a_correction_changes_nothing() -> None:
    room = Room()
    room.enter(1)
    room.listed(m1=False)
    room.since()
    room.listed(after=2.0, m1=False)
    assert room.notes == []
    assert room.muted == {"1": True}


def test_what_a_hand_has_made_otherwise_is_not_waited_for() -> None:
    room = Room()
    room.enter(1)
    for _ in range(2):
        room.listed(m1=False)
    room.by_hand(unmute=["1"])
    assert not room.state.timers


def test_what_stays_as_it_shall_be_is_forgotten_after_a_while() -> None:
    room = Room()
    room.enter(1)
    room.listed(after=590.0, m1=True)
    assert room.state.ensured
    room.listed(after=20.0, m1=True)
    assert not room.state.ensured


def test_a_recording_that_could_not_be_ended_is_ended_later() -> None:
    room = Room(NEVER_RECORDED)
    room.enter(1)
    room.outside.answers = {"stop_recording": "400"}
    room.happen("recording.started", recording_id="r1")
    assert "stop recording failed for the conference; trying again in 1m" in room.notes[-1]
    room.since()
    room.outside.answers = {}
    room.later(61.0)
    assert room.calls == ["stop_recording"]


def test_a_recording_that_ends_with_its_conference_is_not_missed_though_another_was_to_begin() -> (
    None
):
    room = Timeline(load(RECORDED, "rules.yaml"), "panel-1")
    room.enter(1)
    call = room.enter(2).calls[0]
    room.happen("step.done", run=call.run, step=0, call=call.id, verb="record")
    room.happen("recording.started", recording_id="r1")
    room.pass_time(60.0)
    url = "https://x.example.com/r1.wav"
    assert len(room.happen("recording.ready", recording_id="r1", url=url).calls) == 1
    room.exit(1)
    room.exit(2)
    assert not room.conference.timers


def test_a_recording_that_was_begun_is_awaited() -> None:
    room = Room(RECORDED)
    room.enter(1)
    room.enter(2)
    for member in ("1", "2"):
        room.happen("member.exited", member_id=member, call_uuid=f"call-{member}")
    assert [timer.kind for timer in room.state.timers.values()] == ["seek"]
