"""Copies of all that a list shows: planned, asked for once, and followed to their end."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from redis import Redis
from werkzeug.test import TestResponse

from app.operators.audit import Audit, Sought
from app.operators.copies import together
from app.store.questions import next_question
from app.store.recordings import EVERY
from tests.app.console.person import HIDDEN, Person
from tests.app.console.test_recordings import recorded
from tests.cli.test_archive import copy_all
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge
from tests.workers.builders import context_of, work_all
from workers.questions import answer_questions
from workers.rules.load import load

Visit = Callable[..., Person]
FAILED = {"archive_error": "the bucket is not there"}


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


def plan(person: Person, **asked: str) -> TestResponse:
    return person.get(f"/recordings/copies?{urlencode(asked)}")


def fields(page: TestResponse) -> dict[str, str]:
    """What the form of the plan sends."""
    return dict(HIDDEN.findall(page.text.partition('id="plan"')[2]))


def ask(person: Person, sent: dict[str, str]) -> str:
    """The address of the page that tells how far it is."""
    answered = person.post("/recordings/copies", sent)
    assert answered.status_code == 303, answered.text
    return answered.headers["Location"]


def told(person: Person, where: str) -> str:
    """How far it is, in words."""
    page = person.get(where).text.partition('id="copies-told"')[2].partition("</p>")[0]
    parts = [part.rpartition(">")[2] for part in page.split("</span>")[:-1]]
    return ", ".join(parts)


def work(redis: Redis, to: str) -> None:
    """What a worker does whose rules copy the recordings of `sales-*`."""
    rule = {"name": "Keep", "when": "recording.ready", "match": {"conference": "sales-*"}}
    step = {"archive": {"to": f"{to}/{{{{ recording.id }}}}"}}
    rules = load(json.dumps({"version": 1, "rules": [rule | {"do": [step]}]}), "")
    answer_questions(redis, rules, "")


def test_all_that_can_be_copied_are_planned_and_followed_to_their_end(
    visit: Visit, redis: Redis, plivo: PlivoEdge, tmp_path: Path
) -> None:
    there, url = tmp_path / "there", f"{plivo.url}/r.mp3"
    recorded(redis, "r1", url=url)
    recorded(redis, "r2", url=url, ago=60, **FAILED)
    recorded(redis, "r3", "board-1", url=url, ago=120)
    recorded(redis, "r4", url=url, archived_to="s3://acme/r4.mp3")
    recorded(redis, "r5", state="missing")
    person = visit("operator")
    assert "Copy all that have no copy" in person.get("/recordings").text
    page = plan(person)
    assert "3 can be copied" in page.text
    assert "2 have no copy, and the last copy of 1 failed" in page.text
    where = ask(person, fields(page) | {"reason": "there now"})
    assert told(person, where) == "3 not asked yet"
    work(redis, f"file://{there}")
    assert told(person, where) == "2 left, 1 not asked for"
    assert "no rule copies recordings of the conference" in person.get(where).text
    assert "start <code>gavel recordings-worker</code>" in person.get(where).text
    plivo.answers(answer(200, b"sound"), answer(410, b""))
    copy_all(redis, plivo)
    work_all(context_of(redis, plivo.url, tmp_path))  # the conference hears of it
    assert told(person, where) == "1 copied, 1 not asked for, 1 failed"
    assert "answered 410" in person.get(where).text
    assert len(list(there.iterdir())) == 1
    entries, _ = Audit(redis).entries(Sought(verb="archive"))
    assert {(one.who, one.how, one.reason) for one in entries} == {("Anna", "console", "there now")}
    assert "2 can be copied" in plan(person).text  # what failed, and what no rule copies
    assert f'href="{where}"' in plan(person).text


def test_a_filter_and_its_count_are_what_is_asked_for(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1")
    recorded(redis, "r2", "board-1", **FAILED)
    person = visit("operator")
    sent = fields(plan(person, q="board", state="failed"))
    assert (sent["q"], sent["state"], sent["expect"]) == ("board", "failed", "1")
    recorded(redis, "r3", "board-2", **FAILED)
    changed = person.post("/recordings/copies", sent)
    assert (changed.status_code, next_question(redis)) == (409, None)
    assert "there are 2 to be copied now, not 1" in changed.text
    ask(person, fields(plan(person, q="board", state="failed")))
    found = next_question(redis)
    assert found is not None
    assert sorted(found[1]["ids"]) == ["r2", "r3"]


def test_a_form_that_is_sent_twice_asks_once(visit: Visit, redis: Redis) -> None:
    for number in range(60):
        recorded(redis, f"r{number}", ago=number)
    person = visit("operator")
    sent = fields(plan(person))
    where = ask(person, sent)
    recorded(redis, "late")
    assert ask(person, sent) == where
    work(redis, "s3://acme")
    assert told(person, where) == "60 left"  # two questions, for fifty is the most of one
    assert next_question(redis) is None
    assert redis.llen("rq:queue:recordings") == 60
    assert ask(person, fields(plan(person))) != where


def test_of_more_than_are_asked_for_at_once_the_newest_are_taken(redis: Redis) -> None:
    for number in range(7):
        recorded(redis, f"r{number}", ago=number, **(FAILED if number % 2 else {}))
    found = together.plan(redis, EVERY, most=3)
    assert (found.without, found.failed, found.more) == (["r0", "r2"], ["r1"], True)
    assert not together.plan(redis, EVERY, most=7).more


def test_what_no_worker_heard_is_told(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1")
    person = visit("operator")
    where = ask(person, fields(plan(person)))
    id = where.rpartition("/")[2]
    assert "No worker is at work" in person.get(where).text
    later = together.look(redis, id, 4e9)
    assert (later.counts, later.left) == ({"unheard": 1}, 0)


def test_viewers_look_and_ask_for_nothing(visit: Visit, redis: Redis) -> None:
    recorded(redis, "r1")
    anna, viewer = visit("operator"), visit("viewer")
    sent = fields(plan(anna))
    where = ask(anna, sent)
    assert told(viewer, where) == "1 not asked yet"
    assert "Copy all" not in viewer.get("/recordings").text
    assert plan(viewer).status_code == 403
    token = {"token": viewer.token()}
    assert next_question(redis) is not None
    assert viewer.post("/recordings/copies", sent | token | {"once": "new"}).status_code == 403
    assert next_question(redis) is None


@pytest.mark.parametrize("wrong", [{"expect": ""}, {"expect": "-1"}, {"expect": "x"}, {"once": ""}])
def test_a_form_that_is_not_ours_is_refused(
    visit: Visit, redis: Redis, wrong: dict[str, str]
) -> None:
    recorded(redis, "r1")
    person = visit("operator")
    sent = fields(plan(person)) | wrong
    assert person.post("/recordings/copies", sent).status_code == 400
    assert next_question(redis) is None


def test_nothing_to_copy_and_an_unknown_id_are_said(visit: Visit) -> None:
    person = visit("operator")
    assert "0 can be copied" in plan(person).text
    assert person.get("/recordings/copies/nope").status_code == 404
