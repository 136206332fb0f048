"""`archive` from a rule to the file, as RQ's jobs."""

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue, Retry
from rq.serializers import JSONSerializer

from app.domain.event import Event, new_id
from app.fetching.recordings import RecordingSource
from app.operators.attention import given_up
from app.store import keys
from app.store.inbox import Inbox
from app.store.journal import Journal
from app.store.lease import Leases
from app.store.recordings import Recordings
from app.store.timers import Timers
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge
from tests.waiting import until
from tests.workers.builders import context_of, work_all
from workers.bootstrap import Context
from workers.conference.budget import Budget
from workers.plivo import PlivoApi
from workers.recordings.copying import Archiver
from workers.recordings.file_systems import FileSystems
from workers.recordings.jobs import CopyGivenUp, Copying, deleting, work

SOUND = bytes(range(256)) * 64
KEY = keys.conference_key("sales-1")
QUEUE = "rq:queue:recordings"


def rules(folder: Path, more: str = "") -> str:
    return f"""
version: 1
rules:
  - name: Archive
    when: recording.ready
    do:
      - archive: {{to: "file://{folder}/{{{{ conference.name }}}}/{{{{ recording.id }}}}.mp3"}}
      - log: "it is at {{{{ recording.archived_to }}}}"
{more}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    made.mkdir()
    return made


@pytest.fixture
def context(redis: Redis, tmp_path: Path, folder: Path) -> Context:
    return context_of(redis, "http://127.0.0.1:9", tmp_path, rules(folder))


@pytest.fixture
def copying(redis: Redis, source: RecordingSource, plivo: PlivoEdge) -> Copying:
    api = PlivoApi(plivo.url, "MA1", "token")
    delete = deleting(api, Budget(redis, 300, 5.0))
    return Copying(redis, Leases(redis), Archiver(source, FileSystems()), delete)


def ready(redis: Redis, plivo: PlivoEdge, id: str = "r-1", conference: str = "sales-1") -> None:
    data = {"recording_id": id, "url": f"{plivo.url}/{id}.mp3", "duration": 60.0, "format": "mp3"}
    tell(redis, "recording.ready", data, conference)


def tell(redis: Redis, kind: str, data: dict[str, Any], conference: str = "sales-1") -> None:
    event = Event(new_id(), kind, conference, 0.0, "uuid-1", data)
    Inbox(redis).accept(event, identities=[])


def copy_all(copying: Copying) -> list[Retry | None]:
    """What RQ's workers do, until their queue is empty."""
    found = []
    while popped := copying.redis.lpop(QUEUE):
        assert isinstance(popped, bytes)
        found.append(work(copying, popped.decode()))
    return found


def notes(redis: Redis) -> list[str]:
    return [entry["text"] for entry in Journal(redis).of("sales-1") if entry["kind"] == "note"]


def test_the_file_is_there_before_the_run_goes_on(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge, folder: Path
) -> None:
    plivo.answers(answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    assert notes(redis) == []
    assert copy_all(copying) == [None]
    assert (folder / "sales-1/r-1.mp3").read_bytes() == SOUND
    work_all(context)
    assert notes(redis) == [f"Archive: it is at file://{folder}/sales-1/r-1.mp3"]


def test_the_record_says_where_it_is(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge, folder: Path
) -> None:
    plivo.answers(answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    copy_all(copying)
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert kept.archived_to == f"file://{folder}/sales-1/r-1.mp3"
    assert kept.archived_at
    assert (kept.conference, kept.archive_error) == ("sales-1", "")


def test_it_is_a_job_as_rq_knows_it(redis: Redis, context: Context, plivo: PlivoEdge) -> None:
    ready(redis, plivo)
    work_all(context)
    queue = Queue("recordings", connection=redis, serializer=JSONSerializer)
    (job,) = queue.jobs
    assert job.func_name == "workers.recordings.jobs.copy_recording"
    assert job.args == [job.id]
    assert job.id.endswith(keys.COPY)


def test_told_twice_it_is_copied_once(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge
) -> None:
    plivo.answers(answer(200, SOUND))
    for _ in range(2):
        ready(redis, plivo)
    work_all(context)
    copy_all(copying)
    assert len(plivo.seen) == 1


def test_a_slow_copy_holds_no_other_call_up(
    redis: Redis, tmp_path: Path, folder: Path, plivo: PlivoEdge
) -> None:
    """The worker that decides has nothing to do with it."""
    with plivo_edge() as api:
        more = """
  - name: Mute
    when: member.entered
    do:
      - mute: member
"""
        context = context_of(redis, api.url, tmp_path, rules(folder, more))
        ready(redis, plivo)
        tell(redis, "member.entered", {"member_id": "1", "call_uuid": "c"})
        work_all(context)
        assert [seen.path.rpartition("/Conference/")[2] for seen in api.seen] == [
            "sales-1/Member/1/Mute/"
        ]
        assert plivo.seen == []


def test_a_file_that_is_not_there_yet_is_waited_for(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge, folder: Path
) -> None:
    plivo.answers(answer(404), answer(403), answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    (first,) = copy_all(copying)
    assert isinstance(first, Retry)  # what RQ shows as scheduled

    def there() -> bool:
        Timers(redis).tick()
        copy_all(copying)
        return (folder / "sales-1/r-1.mp3").exists()

    until(there, "the copy")
    assert len(plivo.seen) == 3


def test_one_that_is_given_up_is_told_and_asked_for_again(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge, folder: Path
) -> None:
    plivo.answers(answer(401), answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    with pytest.raises(CopyGivenUp, match="PLIVO_AUTH_TOKEN"):
        copy_all(copying)
    work_all(context)
    (one,) = given_up(redis)
    assert one.call["verb"] == "archive"
    assert "PLIVO_AUTH_TOKEN" in one.error
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert (kept.archived_to, "401" in kept.archive_error) == ("", True)
    assert notes(redis) == ["the run of rule “Archive” does not go on: step 1 failed"]
    _ask_again(redis)
    work_all(context)
    copy_all(copying)
    assert (folder / "sales-1/r-1.mp3").read_bytes() == SOUND
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert (bool(kept.archived_to), kept.archive_error) == (True, "")


def _ask_again(redis: Redis) -> None:
    from app.domain.operator import Operator
    from app.operators.attention import ask_again

    (one,) = given_up(redis)
    ask_again(redis, one, one.at, Operator("ann", "cli"))


def test_names_from_outside_can_not_leave_the_folder(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge, folder: Path
) -> None:
    for number, name in enumerate(["../../etc/x", "/etc/x", "a/../../b", "C:\\x", "é 🎙"]):
        plivo.answers(answer(200, SOUND))
        ready(redis, plivo, f"r-{number}", name)
    work_all(context)
    copy_all(copying)
    found = sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())
    assert found == [
        "%2Fetc%2Fx/r-1.mp3",
        "%C3%A9%20%F0%9F%8E%99/r-4.mp3",
        "..%2F..%2Fetc%2Fx/r-0.mp3",
        "C%3A%5Cx/r-3.mp3",
        "a%2F..%2F..%2Fb/r-2.mp3",
    ]


def test_nothing_of_a_copy_that_is_over_stays(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge
) -> None:
    plivo.answers(answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    copy_all(copying)
    work_all(context)
    left = [key.decode() for key in redis.scan_iter("gavel:*-rec")]
    assert [key for key in left if redis.ttl(key) == -1] == []
    assert redis.hkeys(keys.NAMES) == [KEY.encode()]
    assert redis.zrange(keys.AWAKE, 0, -1) == []


# Transcripts


def transcript(redis: Redis, text: str = "hello there") -> None:
    tell(redis, "transcription.ready", {"recording_id": "r-1", "text": text})


@pytest.mark.parametrize("order", ["before", "while", "after"])
def test_the_transcript_lies_beside_it(
    redis: Redis,
    context: Context,
    copying: Copying,
    plivo: PlivoEdge,
    folder: Path,
    order: str,
) -> None:
    plivo.answers(answer(200, SOUND))
    if order == "before":
        transcript(redis)
    ready(redis, plivo)
    work_all(context)
    if order != "while":
        copy_all(copying)
        work_all(context)
    if order != "before":
        transcript(redis)
        work_all(context)
    copy_all(copying)
    work_all(context)
    copy_all(copying)
    assert (folder / "sales-1/r-1.mp3").read_bytes() == SOUND
    assert (folder / "sales-1/r-1.txt").read_text() == "hello there\n"
    told = json.loads((folder / "sales-1/r-1.json").read_text())
    assert (told["recording_id"], told["text"]) == ("r-1", "hello there")
    assert len(plivo.seen) == 1


def test_a_transcript_that_is_decided_before_the_copy_is_told_follows(
    redis: Redis, context: Context, copying: Copying, plivo: PlivoEdge, folder: Path
) -> None:
    plivo.answers(answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    copy_all(copying)  # it saw none
    inbox = redis.lrange(keys.inbox(KEY), 0, -1)
    redis.delete(keys.inbox(KEY))
    transcript(redis)
    redis.rpush(keys.inbox(KEY), *inbox)  # that it is done comes behind the transcript
    work_all(context)
    copy_all(copying)
    assert (folder / "sales-1/r-1.txt").read_text() == "hello there\n"


def test_later_rules_see_where_it_is(
    redis: Redis, tmp_path: Path, folder: Path, copying: Copying, plivo: PlivoEdge
) -> None:
    more = """
  - name: Tell
    when: transcription.ready
    do:
      - log: "{{ recording.id }} is at {{ recording.archived_to }}"
"""
    context = context_of(redis, "http://127.0.0.1:9", tmp_path, rules(folder, more))
    plivo.answers(answer(200, SOUND))
    ready(redis, plivo)
    work_all(context)
    copy_all(copying)
    transcript(redis)
    work_all(context)
    assert notes(redis)[-1] == f"Tell: r-1 is at file://{folder}/sales-1/r-1.mp3"


# Deleting at Plivo

DELETING = """
version: 1
rules:
  - name: Archive
    when: recording.ready
    do:
      - archive:
          to: "file://FOLDER/{{ recording.id }}.mp3"
          delete_at_plivo: true
"""


@pytest.mark.parametrize("status", [204, 404])
def test_plivos_own_copy_goes_when_ours_is_there(
    redis: Redis, tmp_path: Path, folder: Path, copying: Copying, plivo: PlivoEdge, status: int
) -> None:
    rules = DELETING.replace("FOLDER", str(folder))
    context = context_of(redis, "http://127.0.0.1:9", tmp_path, rules)
    plivo.answers(answer(200, SOUND), answer(status))
    ready(redis, plivo)
    work_all(context)
    copy_all(copying)
    assert (folder / "r-1.mp3").read_bytes() == SOUND
    assert [seen.method for seen in plivo.seen] == ["GET"]
    work_all(context)
    copy_all(copying)
    assert (plivo.seen[1].method, plivo.seen[1].path) == (
        "DELETE",
        "/v1/Account/MA1/Recording/r-1/",
    )
    work_all(context)
    assert given_up(redis) == []


def test_nothing_is_deleted_that_was_not_copied(
    redis: Redis, tmp_path: Path, folder: Path, copying: Copying, plivo: PlivoEdge
) -> None:
    rules = DELETING.replace("FOLDER", str(folder))
    context = context_of(redis, "http://127.0.0.1:9", tmp_path, rules)
    plivo.answers(answer(401))
    ready(redis, plivo)
    work_all(context)
    with pytest.raises(CopyGivenUp):
        copy_all(copying)
    work_all(context)
    copy_all(copying)
    assert [seen.method for seen in plivo.seen] == ["GET"]


def test_a_copy_that_plivo_does_not_delete_is_told_and_stays(
    redis: Redis, tmp_path: Path, folder: Path, copying: Copying, plivo: PlivoEdge
) -> None:
    rules = DELETING.replace("FOLDER", str(folder))
    context = context_of(redis, "http://127.0.0.1:9", tmp_path, rules)
    plivo.answers(answer(200, SOUND), answer(401, {"error": "no"}))
    ready(redis, plivo)
    work_all(context)
    copy_all(copying)
    work_all(context)
    with pytest.raises(CopyGivenUp, match="401"):
        copy_all(copying)
    work_all(context)
    (one,) = given_up(redis)
    assert one.call["params"]["part"] == "delete"
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert kept.archived_to
    assert (folder / "r-1.mp3").read_bytes() == SOUND
