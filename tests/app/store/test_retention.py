"""How long what is kept is kept: given by commits, and cut when less shall be kept."""

import pytest
from redis import Redis

from app.domain.event import Event, new_id
from app.domain.recording import RecordingChange
from app.domain.retention import KEPT, Retention
from app.store import keys
from app.store.commit import Commit, journal_line
from app.store.inbox import Inbox
from app.store.lease import Leases
from app.store.recordings import Recordings
from app.store.retention import enforce

ROOM = keys.conference_key("sales-1")
SHORT = Retention(journal=3600.0, recordings=7200.0, transcripts=1800.0, audit=86400.0)
LEEWAY = 600


def now(redis: Redis) -> float:
    return float(redis.time()[0])


def worked(redis: Redis, keep: Retention) -> None:
    """A turn that wrote a line, and learnt of a recording that has just begun."""
    Inbox(redis).accept(Event(new_id(), "trigger", "sales-1", 0.0), identities=[])
    lease = Leases(redis, keep).take(ROOM)
    assert lease is not None
    said = RecordingChange(
        "r1", {"transcript": "hello", "state": "ready"}, {"heard_at": now(redis)}
    )
    written = [journal_line("sales-1", now(redis), "note", text="x")]
    lease.commit(Commit(decided=1, recordings=[said], journal=written), release=True)


def lives(redis: Redis) -> list[int]:
    kept = (keys.journal(ROOM), keys.recorded("r1"), keys.transcript("r1"))
    return [int(redis.ttl(key)) for key in kept]


def near(found: list[int], wanted: list[float]) -> bool:
    """A slow machine takes its time in between."""
    return all(0 <= most - one < LEEWAY for one, most in zip(found, wanted, strict=True))


def test_commits_say_how_long_each_thing_is_kept(redis: Redis) -> None:
    worked(redis, SHORT)
    assert near(lives(redis), [3600, 7200, 1800])


def test_what_was_said_can_be_gone_before_the_record_is(redis: Redis) -> None:
    worked(redis, SHORT)
    found = Recordings(redis).get("r1")
    assert found is not None
    assert found.transcript == "hello"
    redis.delete(keys.transcript("r1"))
    left = Recordings(redis).get("r1")
    assert left is not None
    assert (left.state, left.transcript) == ("ready", None)


def test_when_less_shall_be_kept_what_is_there_is_cut(redis: Redis) -> None:
    worked(redis, KEPT)
    enforce(redis, KEPT)
    assert near(lives(redis), [KEPT.journal, KEPT.recordings, KEPT.transcripts])
    enforce(redis, SHORT)
    assert near(lives(redis), [3600, 7200, 1800])


def test_when_more_shall_be_kept_what_is_there_stays_as_it_is(redis: Redis) -> None:
    worked(redis, SHORT)
    enforce(redis, KEPT)
    assert near(lives(redis), [3600, 7200, 1800])


def test_what_is_too_old_is_gone_at_once(redis: Redis) -> None:
    worked(redis, KEPT)
    redis.zadd(keys.KNOWN, {ROOM: now(redis) - 4000})
    redis.zadd(keys.RECORDINGS, {"r1": now(redis) - 8000})
    enforce(redis, SHORT)
    assert redis.exists(keys.journal(ROOM), keys.recorded("r1"), keys.transcript("r1")) == 0
    assert Recordings(redis).find() == ([], "")


@pytest.mark.parametrize(("ago", "left"), [(86400 + LEEWAY, 0), (86400 - LEEWAY, 1)])
def test_the_audit_is_cut_whatever_was_kept_before(redis: Redis, ago: int, left: int) -> None:
    enforce(redis, SHORT)
    redis.xadd(keys.AUDIT, {"entry": "{}"}, id=f"{int(now(redis) - ago) * 1000}-0")
    enforce(redis, SHORT)
    assert redis.xlen(keys.AUDIT) == left
