"""The outbox: what goes out next, and what may go out with it."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.call import Call
from workers.conference.outbox import Entry, Outbox, merged, next_group


def call(verb: str = "mute", *members: str, run: str = "", **changes: Any) -> Call:
    run = run or f"run-{verb}-{'-'.join(members)}"
    made = Call(
        id=f"{run}.{verb}",
        verb=verb,
        conference="sales-1",
        members=members,
        params={},
        run=run,
        rule="r",
        step=0,
        event="e",
        at=0.0,
        expires_at=None,
        on_error="stop",
        uuid="u",
    )
    return replace(made, **changes)


def outbox(*calls: Call) -> Outbox:
    return Outbox().add(calls)


def group(*calls: Call) -> list[str]:
    return [entry.call.id for entry in next_group(outbox(*calls).entries, 0.0)]


def test_the_same_call_for_different_members_goes_out_as_one() -> None:
    calls = [call("mute", "10"), call("mute", "11"), call("mute", "12")]
    chosen = next_group(outbox(*calls).entries, 0.0)
    assert merged(chosen).members == ("10", "11", "12")


def test_a_call_joins_past_calls_for_other_members() -> None:
    first, speak, second = call("mute", "1"), call("speak", "1"), call("mute", "2")
    assert group(first, speak, second) == [first.id, second.id]


def test_a_call_never_overtakes_one_for_its_own_member() -> None:
    assert len(group(call("mute", "1"), call("unmute", "2"), call("mute", "2"))) == 1


def test_a_call_never_overtakes_one_for_everybody_or_for_the_conference() -> None:
    assert len(group(call("mute", "1"), call("unmute", "all"), call("mute", "2"))) == 1
    assert len(group(call("mute", "1"), call("record"), call("mute", "2"))) == 1


def test_a_call_never_overtakes_one_of_its_own_run() -> None:
    speak, mute = call("speak", "2", run="a"), call("mute", "3", run="a")
    assert len(group(call("mute", "1"), speak, mute)) == 1


def test_calls_with_other_parameters_or_another_instance_stay_apart() -> None:
    hello, bye = (
        call("speak", "1", params={"text": "hi"}),
        call("speak", "2", params={"text": "by"}),
    )
    assert group(hello, bye) == [hello.id]
    assert len(group(call("mute", "1"), call("mute", "2", uuid="other"))) == 1


def test_kick_is_never_merged_since_plivo_takes_one_id_there() -> None:
    assert len(group(call("kick", "1"), call("kick", "2"))) == 1


def test_a_call_that_waits_for_its_time_does_not_join() -> None:
    waiting = Entry(call("mute", "2"), not_before=50.0)
    entries = (Entry(call("mute", "1")), waiting)
    assert len(next_group(entries, 0.0)) == 1
    assert len(next_group(entries, 51.0)) == 2


def test_a_merged_call_expires_when_its_first_part_does() -> None:
    calls = [call("speak", "1", expires_at=20.0), call("speak", "2", expires_at=10.0)]
    assert merged(next_group(outbox(*calls).entries, 0.0)).expires_at == 10.0


def test_a_group_that_was_split_stays_single() -> None:
    box = outbox(call("mute", "1"), call("mute", "2"), call("speak", "1"))
    chosen = next_group(box.entries, 0.0)
    apart = box.split(chosen)
    assert [e.call.members for e in apart.entries] == [("1",), ("2",), ("1",)]
    assert len(next_group(apart.entries, 0.0)) == 1


def test_what_is_left_of_a_stopped_run_is_dropped() -> None:
    box = outbox(call("mute", "1", run="a"), call("speak", "1", run="a"), call("mute", "2"))
    left, dropped = box.without_run("a")
    assert [e.call.members for e in left.entries] == [("2",)]
    assert len(dropped) == 2


def test_it_survives_being_stored() -> None:
    box = outbox(call("mute", "1"), call("speak", "2", params={"text": "\U0001f600"}))
    marked = box.mark(box.entries[:1], 12.0)
    read, damaged = Outbox.from_json(marked.to_json().encode())
    assert damaged == ()
    assert read == marked
    assert [e.call.members for e in read.left_sending()] == [("1",)]


verbs = st.sampled_from(["mute", "unmute", "speak", "kick", "record"])


@given(st.lists(st.tuples(verbs, st.sampled_from(["1", "2", "3", "all"]))))
def test_every_member_sees_the_calls_in_the_order_they_were_decided(
    wanted: list[tuple[str, str]],
) -> None:
    box = outbox(
        *(
            call(verb, *([] if verb == "record" else [member]), run=str(n))
            for n, (verb, member) in enumerate(wanted)
        )
    )
    sent: list[Call] = []
    while chosen := next_group(box.entries, 0.0):
        sent += [entry.call for entry in chosen]
        box = box.without(chosen)
    assert len(sent) == len(wanted)
    for member in "123":
        runs = [int(c.run) for c in sent if not c.members or c.members in (("all",), (member,))]
        assert runs == sorted(runs)
