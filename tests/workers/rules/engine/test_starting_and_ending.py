from tests.workers.rules.engine.builders import (
    OTHER_UUID,
    UUID,
    Timeline,
    book,
    rule,
    speak,
    webhook,
)

LIFE = book(
    rule("conference.started", speak("Welcome"), name="started"),
    rule("conference.ended", webhook(), name="ended"),
)


def test_the_first_member_starts_a_conference_and_the_last_one_ends_it() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.enter(2)
    room.exit(1)
    assert room.runs == [("started", "applied")]
    room.exit(2)
    assert room.runs == [("started", "applied"), ("ended", "applied")]
    assert not room.conference.live


def test_the_start_is_the_time_of_the_first_event() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    first = room.at
    room.at += 10
    room.enter(2)
    assert room.conference.started_at == first


def test_a_member_of_a_new_instance_ends_the_old_one_first() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.another(1, call_uuid="another")
    assert [name for name, _ in room.runs] == ["started", "ended", "started"]
    assert room.conference.uuid == OTHER_UUID
    assert list(room.conference.members) == ["1"]
    assert room.conference.past[-1].uuid == UUID


def test_a_new_instance_inherits_nothing() -> None:
    rules = book(
        rule(("conference.elapsed", 60.0), speak("A minute"), name="elapsed"),
        rule("member.entered", speak("Once"), name="once", once="conference", cooldown=500.0),
    )
    room = Timeline(rules)
    room.enter(1)
    old = set(room.conference.timers)
    room.another(1, call_uuid="another")
    assert not old & set(room.conference.timers)
    assert room.runs == [("once", "applied"), ("once", "applied")]
    room.pass_time(120)
    assert room.runs.count(("elapsed", "applied")) == 1


def test_events_of_an_ended_instance_change_nothing() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.exit(1)
    before = room.conference
    assert room.enter(2).runs == ()
    assert room.exit(1).runs == ()
    assert room.happen("member.digits", member_id="1", digits="*1").runs == ()
    assert room.conference == before
    assert "ended" in room.notes[-1]


def test_a_replay_without_a_uuid_does_not_start_a_conference_again() -> None:
    room = Timeline(LIFE)
    room.enter(1, uuid="")
    room.exit(1, uuid="")
    room.enter(1, uuid="")
    assert not room.conference.live
    assert len(room.runs) == 2


def test_a_replay_that_is_older_than_our_memory_opens_a_conference_until_the_next_look() -> None:
    room = Timeline(LIFE)  # nothing is known any more: callbacks carry no time
    room.enter(1)
    assert room.conference.live
    room.pass_time(30.0)
    room.happen("conference.observed", uuid="", gone=True)
    assert not room.conference.live


def test_a_conference_that_began_without_a_uuid_learns_it() -> None:
    room = Timeline(LIFE)
    room.enter(1, uuid="")
    room.enter(2)
    assert room.conference.uuid == UUID
    assert room.runs == [("started", "applied")]


def test_an_emptied_roster_is_no_end_when_plivo_says_somebody_is_still_there() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.exit(1, last=False)
    assert room.conference.live
    room.exit(7, last=True)
    assert not room.conference.live


def test_exits_that_come_swapped_end_a_conference_all_the_same() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.enter(2)
    room.exit(2, last=True)
    assert room.conference.live
    room.exit(1, last=False)
    assert not room.conference.live
    assert room.runs == [("started", "applied"), ("ended", "applied")]


def test_who_enters_after_that_makes_it_doubtful_again() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.enter(2)
    room.exit(2, last=True)
    room.enter(3)
    room.exit(1, last=False)
    room.exit(3, last=False)
    assert room.conference.live


def test_what_was_said_of_one_instance_is_not_said_of_the_next() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    room.exit(1, last=True)
    room.enter(2, uuid=OTHER_UUID)
    room.exit(2, last=False, uuid=OTHER_UUID)
    assert room.conference.live


def test_a_call_is_never_made_for_a_conference_that_is_over() -> None:
    rules = book(rule("member.exited", speak("Somebody left"), webhook(), name="left"))
    room = Timeline(rules)
    room.enter(1)
    room.enter(2)
    room.exit(1)
    room.exit(2)
    assert room.calls == [("speak", "all"), ("webhook",), ("webhook",)]


def test_a_run_of_both_triggers_of_one_event_happens_once() -> None:
    room = Timeline(book(rule(["conference.started", "member.entered"], speak())))
    room.enter(1)
    assert room.calls == [("speak", "all")]


# Another instance of the name, while one is live

MEMBER_OF_OURS = {"member_id": "1", "call_uuid": "call-1"}
MEMBER_OF_THEIRS = {"member_id": "1", "call_uuid": "another"}


def doubtful_room() -> Timeline:
    """A member enters another instance a minute after one entered ours."""
    room = Timeline(LIFE)
    room.enter(1)
    room.at += 60
    room.enter(1, uuid=OTHER_UUID, call_uuid="another")
    assert room.conference.uuid == UUID
    assert "waits" in room.notes[-1]
    return room


def look(room: Timeline, *members: dict[str, str], after: float = 3.5, **more: object) -> None:
    """Plivo's list, so many seconds later."""
    room.at += after
    room.happen("conference.observed", uuid="", members=list(members), **more)


def names(room: Timeline) -> list[str]:
    return [name for name, _ in room.runs]


def test_an_enter_that_is_played_again_does_not_end_a_live_conference() -> None:
    room = doubtful_room()
    look(room, MEMBER_OF_OURS)
    room.pass_time(60)
    assert room.conference.uuid == UUID
    assert names(room) == ["started"]
    assert any("ignored: Plivo does not know of it" in note for note in room.notes)
    assert not room.conference.doubted
    assert not room.conference.timers


def test_another_instance_is_believed_when_plivo_lists_its_member() -> None:
    room = doubtful_room()
    look(room, MEMBER_OF_THEIRS, after=0.2)
    assert room.conference.uuid == OTHER_UUID
    assert names(room) == ["started", "ended", "started"]
    room.pass_time(60)
    assert names(room) == ["started", "ended", "started"]


def test_another_instance_is_believed_when_ours_ends() -> None:
    room = doubtful_room()
    room.enter(2, uuid=OTHER_UUID, call_uuid="yet another")
    room.exit(1)
    assert room.conference.uuid == OTHER_UUID
    assert sorted(room.conference.members) == ["1", "2"]
    assert names(room) == ["started", "ended", "started"]


def test_another_instance_is_believed_when_nobody_can_tell() -> None:
    room = doubtful_room()
    room.pass_time(9)
    assert room.conference.uuid == UUID
    room.pass_time(1)
    assert room.conference.uuid == OTHER_UUID


def test_a_list_that_may_be_older_than_the_enter_settles_nothing() -> None:
    room = doubtful_room()
    look(room, MEMBER_OF_OURS, after=1.0)
    assert room.conference.doubted
    room.at += 3.0
    room.happen("conference.observed", uuid="", members=[MEMBER_OF_OURS], partial=True)
    assert room.conference.doubted


def test_an_enter_of_a_name_that_plivo_does_not_know_starts_nothing() -> None:
    room = doubtful_room()
    look(room, gone=True)
    assert not room.conference.live
    assert names(room) == ["started", "ended"]


def test_what_is_known_to_have_ended_is_refused_however_many_came_after() -> None:
    room = Timeline(LIFE)
    first = room.event("member.entered", uuid="first", member_id="1", call_uuid="call-1")
    room.over = {"first"}  # what the store remembers for a week
    room.enter(7)
    before = room.conference
    room.feed(first)
    room.happen("member.digits", uuid="first", member_id="7", digits="1")
    room.exit(7, uuid="first")
    assert room.conference == before
    assert [note for note in room.notes if "its conference has ended" in note] == room.notes[-3:]


def test_a_decision_says_which_instances_have_ended_and_which_have_not() -> None:
    room = Timeline(LIFE)
    room.enter(1)
    assert room.exit(1).ended == {UUID: True}
