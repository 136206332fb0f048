"""Settings: what the doctor finds, who has access, and what the audit tells of it."""

import csv
import io
import json
import os
import re
from collections.abc import Callable
from html import unescape

import pytest
from redis import Redis

from app.console.access.sessions import Sessions
from app.domain.conference import VERSION
from app.domain.operator import Operator
from app.factory import create_app
from app.metrics.processes import Beats
from app.operators.audit import Audit, Entry
from app.operators.tokens import Tokens
from app.store import keys
from app.store.inbox import Inbox
from tests.app.builders import settings
from tests.app.console.conftest import PASSWORD
from tests.app.console.person import Person
from tests.app.console.test_live import HOSTILE, give_up

Visit = Callable[..., Person]


@pytest.fixture
def redis_url(redis: Redis) -> str:
    where = redis.connection_pool.connection_kwargs
    return f"redis://{where['host']}:{where['port']}/{where.get('db', 0)}"


def verbs(redis: Redis) -> list[tuple[str, str, str]]:
    """What the audit tells, oldest first."""
    entries, _ = Audit(redis).entries()
    return [(one.verb, one.who, one.object) for one in reversed(entries)]


def test_who_came_who_could_not_and_who_went_is_in_the_audit(visit: Visit, redis: Redis) -> None:
    person = visit()
    person.sign_in("wrong-" + PASSWORD)
    person.sign_in(PASSWORD)
    person.post("/logout", {"token": person.token()})
    person.sign_in_by_link("viewer", "Ben")
    assert verbs(redis) == [
        ("sign_in.refused", "", "a wrong password"),
        ("sign_in", "admin", "admin, by the password"),
        ("sign_out", "admin", "admin"),
        ("sign_in", "Ben", "viewer, by a link"),
    ]
    assert PASSWORD not in str(redis.xrange(keys.AUDIT))


def test_guesses_beyond_the_brake_do_not_fill_the_audit(visit: Visit, redis: Redis) -> None:
    person = visit()
    for number in range(30):
        person.sign_in(f"guess-{number}")
    assert len(verbs(redis)) == 10


def test_the_doctor_tells_the_worst_first_and_no_secret(
    visit: Visit, redis: Redis, redis_url: str
) -> None:
    give_up(redis, "room")
    redis.set(keys.RULES_BROKEN, "rules.yaml:1:1: error: one\nrules.yaml:2:1: error: two")
    visit()
    made = settings(redis_url=redis_url, admin_password=PASSWORD, public_url="http://127.0.0.1")
    person = Person(create_app(made, Inbox(redis)).test_client(), redis)
    assert person.sign_in_by_link("viewer").status_code == 303
    page = person.get("/settings/doctor").text
    assert page.index("BAD") < page.index(">ok<") if ">ok<" in page else "BAD" in page
    assert "2 problems: run `gavel check rules.yaml`; the workers go on by" in page
    assert PASSWORD not in page


def test_the_doctor_asks_for_a_worker_as_the_banner_does(
    visit: Visit, redis: Redis, redis_url: str
) -> None:
    visit()
    made = settings(redis_url=redis_url, admin_password=PASSWORD, public_url="http://127.0.0.1")
    person = Person(create_app(made, Inbox(redis)).test_client(), redis)
    person.sign_in_by_link("viewer")
    for working in (True, False):
        redis.delete(keys.state_version(VERSION))
        if working:
            redis.set(keys.state_version(VERSION), "1")
        page = person.get("/settings/doctor").text
        assert ("No worker is at work" in page) != working
        assert ("no worker is at work" in page) != working


def test_a_session_is_ended_by_another_admin(visit: Visit, redis: Redis) -> None:
    admin, ben = visit("admin"), visit()
    ben.sign_in_by_link("operator", "Ben <b>")
    page = admin.get("/settings/access").text
    assert "Ben &lt;b&gt;" in page
    where = re.findall(r'action="(/settings/access/sessions/[^"/]+/end)"', page)
    assert len(where) == 1  # not one's own
    assert ben.get("/live").status_code == 200
    assert admin.post(where[0], {"token": admin.token()}).status_code == 303
    assert ben.get("/live").status_code == 303
    assert admin.post(where[0], {"token": admin.token()}).status_code == 404
    assert ("session.end", "Anna", "operator, Ben <b>") in verbs(redis)


def came(visit: Visit, who: str, *, times: int = 1, role: str = "operator") -> list[Person]:
    people = [visit() for _ in range(times)]
    for person in people:
        assert person.sign_in_by_link(role, who).status_code == 303
    return people


def inside(person: Person) -> bool:
    return person.get("/live").status_code == 200


def test_all_other_sessions_are_ended_at_once(visit: Visit, redis: Redis) -> None:
    admin, (ben, again), (carla,) = (
        visit("admin"),
        came(visit, "Ben", times=2),
        came(visit, "Carla"),
    )
    assert admin.post("/settings/access/sessions/end", {"token": admin.token()}).status_code == 303
    assert [inside(one) for one in (admin, ben, again, carla)] == [True, False, False, False]
    assert verbs(redis)[-1] == ("session.end", "Anna", "all others: 3")
    admin.post("/settings/access/sessions/end", {"token": admin.token()})
    assert verbs(redis)[-1] == ("session.end", "Anna", "all others: 3")  # there was none


def test_everything_of_one_person_is_ended(visit: Visit, redis: Redis) -> None:
    admin, (ben, again), (carla,) = (
        visit("admin"),
        came(visit, "Ben", times=2),
        came(visit, "Carla"),
    )
    assert '<option value="Ben">' in admin.get("/settings/access").text
    for who in ("Ben", "nobody", "Anna"):
        form = {"token": admin.token(), "who": who}
        assert admin.post("/settings/access/sessions/end", form).status_code == 303
    assert [inside(one) for one in (admin, ben, again, carla)] == [True, False, False, True]
    assert verbs(redis)[-1] == ("session.end", "Anna", "all of Ben: 2")


def test_everybody_ends_their_own_other_sessions_and_nobody_elses(
    visit: Visit, redis: Redis
) -> None:
    (ben, again), (carla,) = came(visit, "Ben", times=2, role="viewer"), came(visit, "Carla")
    page = ben.get("/settings/you").text
    assert page.count("<td>a link</td>") == 2
    assert "Carla" not in page
    assert ben.post("/settings/you/end", {"token": ben.token(), "who": "Carla"}).status_code == 303
    assert [inside(one) for one in (ben, again, carla)] == [True, False, True]
    assert verbs(redis)[-1] == ("session.end", "Ben", "their other sessions: 1")
    assert "End my other sessions" not in ben.get("/settings/you").text


def test_more_sessions_than_are_listed_are_ended(visit: Visit, redis: Redis) -> None:
    admin = visit("admin")
    for number in range(150):
        Sessions(redis).begin(f"p{number}", "viewer")
    assert len(Sessions(redis).all()) == 100
    admin.post("/settings/access/sessions/end", {"token": admin.token()})
    assert len(Sessions(redis).all()) == 1


def test_a_token_is_shown_once_works_and_is_revoked(visit: Visit, redis: Redis) -> None:
    admin = visit("admin")
    form = {"token": admin.token(), "name": "pager", "scope": "read", "expires": "1h"}
    page = admin.post("/settings/access/tokens", form).text
    secret = re.search("gvl_[A-Za-z0-9_-]{43}", page)
    assert secret is not None
    bearer = {"Authorization": f"Bearer {secret[0]}"}
    assert admin.client.get("/api/v1/conferences", headers=bearer).status_code == 200
    listed = admin.get("/settings/access").text
    assert "pager" in listed
    assert secret[0] not in listed
    revoke = {"token": admin.token(), "name": "pager"}
    assert admin.post("/settings/access/tokens/revoke", revoke).status_code == 303
    assert admin.client.get("/api/v1/conferences", headers=bearer).status_code == 401
    assert admin.post("/settings/access/tokens/revoke", revoke).status_code == 404


@pytest.mark.parametrize("wrong", [{"scope": "root"}, {"expires": "ever"}, {"name": ""}])
def test_a_token_that_can_not_be_is_refused(visit: Visit, wrong: dict[str, str]) -> None:
    admin = visit("admin")
    form = {"token": admin.token(), "name": "pager", "scope": "read", "expires": "1h"} | wrong
    assert admin.post("/settings/access/tokens", form).status_code == 400


def test_a_link_lets_somebody_in_once(visit: Visit, redis: Redis) -> None:
    admin, carla = visit("admin"), visit()
    form = {"token": admin.token(), "name": "Carla", "role": "viewer"}
    page = admin.post("/settings/access/links", form).text
    found = re.search(r"http://[^<]+once=[^<]+", page)
    assert found is not None
    link = unescape(found[0]).removeprefix("http://127.0.0.1")
    assert carla.open(link).status_code == 303
    assert carla.get("/live").status_code == 200
    assert {one.who for one in Sessions(redis).all().values()} == {"Anna", "Carla"}
    for wrong in ({"role": "root"}, {"name": " "}, {"name": "x" * 61}, {"name": "a\0"}):
        assert admin.post("/settings/access/links", form | wrong).status_code == 400


def test_the_audit_is_for_admins_is_filtered_and_is_a_file(visit: Visit, redis: Redis) -> None:
    admin = visit("admin")
    for name in ("one", "two"):
        form = {"token": admin.token(), "name": name, "scope": "read", "expires": "1h"}
        admin.post("/settings/access/tokens", form)
    page = admin.get("/settings/audit?verb=token.new").text
    assert page.index(">token.new</strong> &#39;two") < page.index(">token.new</strong> &#39;one")
    assert "sign_in" not in page.partition("<table")[2]
    answer = admin.get("/settings/audit?verb=token.new&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["who"], row["verb"]) for row in rows] == [("Anna", "token.new")] * 2
    page = admin.get(
        "/settings/audit?verb=token.new&from=2020-01-01T00:00&to=2020-02-01T00:00"
    ).text
    assert "No entry of that kind" in page
    assert 'name="from" type="datetime-local" value="2020-01-01T00:00"' in page
    assert "&#39;two" in admin.get("/settings/audit?from=2020-01-01T00:00").text
    assert admin.get("/settings/audit?to=soon").status_code == 400
    lines = admin.get("/settings/audit?who=Anna&format=jsonl").text.splitlines()
    assert {json.loads(line)["who"] for line in lines} == {"Anna"}
    for role in ("viewer", "operator"):
        other = visit(role)
        for path in ("/settings/audit", "/settings/access"):
            assert other.get(path).status_code == 403
        assert "/settings/audit" not in other.get("/settings/doctor").text


def test_hostile_names_are_text_in_the_audit(visit: Visit) -> None:
    admin = visit("admin")
    name = HOSTILE.replace("\x1b", "").replace("\u202e", "")[:60]
    admin.post("/settings/access/links", {"token": admin.token(), "name": name, "role": "viewer"})
    for path in ("/settings/audit", "/settings/access"):
        page = admin.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page


def test_which_processes_live_is_told_and_that_they_differ(visit: Visit, redis: Redis) -> None:
    person = visit("viewer")
    assert "No process has given a sign of life" in person.get("/settings/about").text
    Beats(redis, "worker").beat("digest-1")
    Beats(redis, "web").beat("digest-1")
    page = person.get("/settings/about")
    assert "1 worker, 1 of the web server" in page.text
    assert page.text.count(f">{os.getpid()}</td>") == 2
    assert "rules-differ" not in page.text
    tag = person.tag_of_the_same("/settings/about")
    Beats(redis, "worker").beat("digest-2")
    again = person.get("/settings/about", If_None_Match=tag)
    assert (again.status_code, 'id="rules-differ"' in again.text) == (200, True)
    assert "versions-differ" not in again.text
    for name in ("Gavel", "Python", "Valkey", "flask"):
        assert f"<dt>{name}</dt>" in again.text


def test_nothing_ends_by_one_click_and_nobody_is_chosen_beforehand(
    visit: Visit, redis: Redis
) -> None:
    Tokens(redis).new(Operator("anna", "cli"), "ci", "read")
    admin, (ben,) = visit("admin"), came(visit, "Ben")
    page = admin.get("/settings/access").text
    assert '<select id="end-who" name="who" required><option value="">' in page
    for asks, does in (("End…", "Yes, end it"), ("Revoke…", "Yes, revoke it")):
        part = page.partition(f"<summary>{asks}</summary>")[2]
        assert does in part.partition("</details>")[0]
    for alone in ("<button>End</button>", "<button>Revoke</button>", "<button>End these"):
        assert alone not in page
    chosen = {"token": admin.token(), "who": ""}
    assert admin.post("/settings/access/sessions/end", chosen).status_code == 400
    assert inside(ben)


def test_the_audit_leads_to_what_became_of_it_and_says_how_long_it_is_kept(
    visit: Visit, redis: Redis
) -> None:
    who = Operator("anna", "cli")
    Audit(redis).note(Entry.by(who, "act", "mute all", conference="sales", event="evt-1"))
    page = visit("admin").get("/settings/audit").text
    key = keys.conference_key("sales")
    assert f'href="/c/{key}?did=evt-1#did"' in page
    assert "kept for 90d" in page
    assert "Stories are kept for" in visit("viewer").get("/conferences?q=nobody").text
    found = visit("viewer").get("/conferences?q=nobody").text
    assert "No conference with “nobody” was found" in found
