"""What the worked examples of docs/architecture.md do, in a copy of the tree that has them."""

from pathlib import Path

from redis import Redis

from app.factory import create_app
from app.store.inbox import Inbox
from tests.app.builders import Plivo, enter, settings
from tests.doubles.plivo_edge import plivo_edge
from tests.workers.builders import context_of, work_all

ROOT = Path(__file__).parents[1]


def test_a_callback_with_the_field_becomes_the_call_of_the_action(
    redis: Redis, tmp_path: Path
) -> None:
    rules = (ROOT / "announce.yaml").read_text()
    with plivo_edge() as edge:
        context = context_of(redis, edge.url, tmp_path, rules)
        plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
        for member, country in (("1", "DE"), ("2", "FR")):
            fields = enter(ConferenceMemberID=member, CallUUID=member, FromCountry=country)
            assert plivo.post(fields).status_code == 200
        work_all(context)
    assert [(seen.method, seen.path.split("/demo/")[1]) for seen in edge.seen] == [
        ("POST", "Member/2/Speak/")
    ]
    assert edge.seen[0].json() == {"text": "The bar is open."}


def test_the_setting_is_seen_in_an_answer(redis: Redis) -> None:
    def header(**given: float) -> str | None:
        answer = create_app(settings(**given), Inbox(redis)).test_client().get("/healthz")
        return answer.headers.get("Strict-Transport-Security")

    assert header(https_only=3600.0) == "max-age=3600"
    assert header() is None
