"""The record of a recording: written by commits, changed afterwards, found again."""

import json
from contextlib import suppress
from typing import Any

import pytest
from redis import Redis

from app.domain.event import Event, new_id
from app.domain.recording import Recording, RecordingChange, UnreadableRecording
from app.domain.retention import KEPT
from app.store import keys
from app.store.commit import Commit
from app.store.inbox import Inbox
from app.store.lease import LeaseLost, Leases
from app.store.recordings import STATES, Recordings, Wanted
from tests.waiting import until


def commit(redis: Redis, *changes: RecordingChange, conference: str = "sales-1") -> None:
    """What the turn of a worker does; once more, as another worker does, where a busy machine let
    the lease run out."""
    Inbox(redis).accept(Event(new_id(), "trigger", conference, 0.0), identities=[])

    def committed() -> bool:
        lease = Leases(redis).take(keys.conference_key(conference))
        if lease is None:
            return False
        with suppress(LeaseLost):
            lease.commit(Commit(decided=1, recordings=list(changes)), release=True)
            return True
        return False

    until(committed, "a lease that lasts")


def now(redis: Redis) -> float:
    return float(redis.time()[0])


def began(redis: Redis, id: str, ago: float = 0.0, **fields: object) -> RecordingChange:
    at = now(redis) - ago
    return RecordingChange(id, {"started_at": at, **fields}, {"state": "started", "heard_at": at})


def ids(found: tuple[object, str]) -> list[str]:
    rows, _ = found
    assert isinstance(rows, list)
    return [row.id for row in rows]


def test_what_commits_learn_of_a_recording_becomes_one_record(redis: Redis) -> None:
    at = now(redis)
    first = {"conference": "sales-1", "heard_at": at, "state": "started", "rule": "Record"}
    commit(redis, RecordingChange("r1", {}, first))
    commit(redis, RecordingChange("r1", {"state": "ready", "url": "https://x/1.mp3"}, first))
    commit(redis, RecordingChange("r1", {"members": [{"id": "1", "from": "+1415"}]}))
    assert Recordings(redis).get("r1") == Recording(
        "r1",
        "sales-1",
        "ready",
        at,
        url="https://x/1.mp3",
        rule="Record",
        members=[{"id": "1", "from": "+1415"}],
    )


def test_what_was_kept_before_its_id_was_known_comes_along(redis: Redis) -> None:
    commit(redis, RecordingChange("unknown-1", {"rule": "Record"}, {"heard_at": now(redis)}))
    commit(redis, RecordingChange("r1", {"state": "ready"}, {"rule": "?"}, ("unknown-1",)))
    records = Recordings(redis)
    found = records.get("r1")
    assert found is not None
    assert (found.rule, found.state, found.recording_id) == ("Record", "ready", "r1")
    assert records.get("unknown-1") is None
    assert ids(records.find()) == ids(records.find(Wanted("sales-1"))) == ["r1"]


def test_a_commit_whose_answer_was_lost_changes_nothing_when_sent_again(redis: Redis) -> None:
    Inbox(redis).accept(Event(new_id(), "trigger", "sales-1", 0.0), identities=[])
    lease = Leases(redis).take(keys.conference_key("sales-1"))
    assert lease is not None
    change = Commit(decided=1, recordings=[began(redis, "r1")])
    lease.commit(change)
    Recordings(redis).change("r1", archived_to="file:///a")
    lease._number -= 1
    lease.commit(change)
    found = Recordings(redis).get("r1")
    assert found is not None
    assert found.archived_to == "file:///a"


def test_what_happens_to_the_file_is_written_into_the_record(redis: Redis) -> None:
    commit(redis, began(redis, "r1"))
    records = Recordings(redis)
    assert records.change("r1", archived_to="s3://b/r1.mp3", archived_at=5.0)
    found = records.get("r1")
    assert found is not None
    assert (found.archived_to, found.archived_at, found.state) == ("s3://b/r1.mp3", 5.0, "started")
    with pytest.raises(KeyError):
        records.change("r1", place="s3://b")


def test_a_record_that_is_gone_is_not_made_again(redis: Redis) -> None:
    assert not Recordings(redis).change("r1", archived_to="s3://b/r1.mp3")
    assert Recordings(redis).get("r1") is None
    assert not redis.exists(keys.recorded("r1"))


def test_they_are_found_by_conference_start_and_what_became_of_them(redis: Redis) -> None:
    commit(redis, began(redis, "old", 500, state="ready", archived_to="s3://b/old.mp3"))
    commit(redis, began(redis, "gone", 400, state="missing"))
    commit(redis, began(redis, "here", 300, state="ready"), conference="support-1")
    commit(redis, began(redis, "runs", 200))
    commit(redis, began(redis, "bad", 100, state="ready", archive_error="no such bucket"))
    records, at = Recordings(redis), now(redis)

    def found(**wanted: Any) -> list[str]:
        return ids(records.find(Wanted(**wanted)))

    assert found() == ["bad", "runs", "here", "gone", "old"]
    assert found(conference="support-1") == ["here"]
    assert found(since=at - 450) == ["bad", "runs", "here", "gone"]
    assert found(since=at - 450, until=at - 150) == ["runs", "here", "gone"]
    [old] = records.find(Wanted(until=at - 450))[0]
    assert found(until=old.at) == []
    assert found(since=old.at, until=old.at + 0.001) == ["old"]
    assert found(conference="other") == []
    assert {state: found(state=state) for state in STATES} == {
        "all": ["bad", "runs", "here", "gone", "old"],
        "started": ["runs"],
        "ready": ["bad", "here", "old"],
        "missing": ["gone"],
        "archived": ["old"],
        "not_archived": ["bad", "here"],
        "failed": ["bad"],
    }


@pytest.mark.parametrize(
    ("q", "ids_found"),
    [
        ("SALES", ["r1"]),
        ("straße", ["r2"]),
        ("STRASSE", ["r2"]),
        ("0C0F", ["r2"]),
        ("+1 (415) 555-0177", ["r1"]),
        ("0014155550177", ["r1"]),
        ("…0177", ["r1"]),
        ("0178", ["r2"]),
        ("178", []),
        ("from", []),
        ("7777", []),
        ("  sales-1 ", ["r1"]),
        ("nobody", []),
        ("", ["r2", "r1"]),
    ],
)
def test_they_are_found_by_a_part_of_a_name_an_id_or_a_number(
    redis: Redis, q: str, ids_found: list[str]
) -> None:
    there = [{"id": "7777", "from": "14155550177"}, {"id": "2", "from": ""}]
    other = [{"id": "3", "from": "sip:anna@acme.example"}, {"id": "4", "from": "+493012340178"}]
    id = "8e0c0f3a"
    commit(redis, began(redis, "r1", 9, conference="sales-1", members=there))
    commit(redis, began(redis, id, conference="Straße", members=other), conference="Straße")
    named = {"r1": "r1", id: "r2"}
    assert [
        named[one] for one in ids(Recordings(redis).find(Wanted(q=q, numbers=True)))
    ] == ids_found


def test_members_that_can_not_be_read_are_nobody(redis: Redis) -> None:
    commit(redis, began(redis, "r1"), began(redis, "r2"), began(redis, "r3"))
    redis.hset(keys.recorded("r1"), "members", "{4155")
    redis.hset(keys.recorded("r2"), "members", '["4155"]')
    assert ids(Recordings(redis).find(Wanted(q="4155"))) == []
    assert sorted(ids(Recordings(redis).find(Wanted(q="r")))) == ["r1", "r2", "r3"]


def test_one_answer_looks_at_so_many_and_says_where_it_stopped(redis: Redis) -> None:
    commit(redis, *(began(redis, f"r{n:03}", n) for n in range(450)))
    commit(redis, began(redis, "gone", 500, state="missing"))
    records, wanted, looks, cursor = Recordings(redis), Wanted(state="missing"), 0, ""
    while True:
        found, cursor = records.find(wanted, cursor=cursor, looks=100)
        looks += 1
        if not cursor:
            break
        assert found == []
    assert (looks, ids((found, ""))) == (5, ["gone"])


def test_a_list_is_read_in_parts_and_new_ones_move_nothing(redis: Redis) -> None:
    commit(redis, *(began(redis, f"r{n:03}", n // 3) for n in range(450)))
    records, seen, cursor = Recordings(redis), list[str](), ""
    while True:
        found, cursor = records.find(most=37, cursor=cursor)
        seen += [one.id for one in found]
        if not cursor:
            break
        commit(redis, began(redis, f"new-{len(seen)}", -len(seen)))
    assert sorted(seen) == [f"r{n:03}" for n in range(450)]
    for cursor in ("yesterday", "nan x", "inf x"):
        with pytest.raises(ValueError, match=r"float|not a time"):
            records.find(cursor=cursor)


def test_a_record_is_kept_for_a_while_after_its_start(redis: Redis) -> None:
    commit(redis, began(redis, "r1", 3 * 86400))
    left = redis.ttl(keys.recorded("r1"))
    assert 0 < KEPT.recordings - 3 * 86400 - int(left) + 5 < 10
    commit(redis, began(redis, "r0", KEPT.recordings + 60))
    assert ids(Recordings(redis).find()) == ["r1"]


def test_one_that_can_not_be_read_hides_no_other(redis: Redis) -> None:
    commit(redis, began(redis, "r1"), began(redis, "r2"))
    redis.hset(keys.recorded("r1"), "state", "{")
    assert ids(Recordings(redis).find()) == ["r2"]
    with pytest.raises(UnreadableRecording):
        Recordings(redis).get("r1")


def test_fields_of_a_newer_version_are_left_alone(redis: Redis) -> None:
    commit(redis, began(redis, "r1"))
    redis.hset(keys.recorded("r1"), "colour", json.dumps("green"))
    found = Recordings(redis).get("r1")
    assert found is not None
    assert found.state == "started"
