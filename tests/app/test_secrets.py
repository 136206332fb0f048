"""Secrets: compared in constant time, and never shown."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.factory import create_app
from app.store.connection import connect
from app.store.inbox import Inbox
from tests.app.builders import TOKEN, TRIGGER_TOKEN, Plivo, enter, settings

APP = Path(__file__).parents[2] / "app"
SECRET_NAMES = ("token", "signature", "secret", "password", "expected", "candidate", "sent")


def comparisons(path: Path) -> Iterator[tuple[int, str]]:
    """Every `==`, `!=` and `in` of a file, with the names in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
            plain = [op for op in node.ops if isinstance(op, ast.Eq | ast.NotEq | ast.In)]
            if plain:
                yield node.lineno, " ".join(names)


@pytest.mark.parametrize("name", ["plivo/signature.py", "plivo/request.py", "web/triggers.py"])
def test_no_secret_is_compared_with_an_operator(name: str) -> None:
    found = [
        f"{name}:{line}: {names}"
        for line, names in comparisons(APP / name)
        if any(word in names for word in SECRET_NAMES)
    ]
    assert found == []
    assert "compare_digest" in (APP / name).read_text() or name == "plivo/request.py"


def test_a_mistake_of_ours_is_a_500_that_tells_nothing(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings(), Inbox(redis))

    @app.get("/mistake")
    def mistake() -> str:
        raise LookupError(f"{TOKEN} of +14155550100")

    answer = app.test_client().get("/mistake")
    assert answer.status_code == 500
    assert TOKEN not in answer.text
    assert "LookupError" not in answer.text
    assert "LookupError" in caplog.text  # the log's formatter redacts it; see test_logs


def test_an_unreachable_redis_does_not_show_its_password() -> None:
    inbox = Inbox(connect("redis://:the-redis-password@127.0.0.1:1/0", timeout=0.2))
    answer = Plivo(create_app(settings(), inbox).test_client()).post(enter())
    assert answer.status_code == 503
    assert "the-redis-password" not in answer.text


def test_nothing_secret_is_stored(plivo: Plivo, redis: Redis) -> None:
    plivo.post(enter(), headers={"X-Auth-Token": "in-a-header"})
    plivo.post(enter(ConferenceAction="dance"), headers={"Authorization": "Basic in-a-header"})
    kept = b"".join(redis.dump(key) or b"" for key in redis.keys("*"))
    for secret in (TOKEN, TRIGGER_TOKEN, "in-a-header", "Signature"):
        assert secret.encode() not in kept


def test_as_long_as_its_conference_is_live_a_replay_is_none_after_any_window(
    plivo: Plivo, redis: Redis, stored: Callable[..., list[dict[str, Any]]]
) -> None:
    digits = enter(ConferenceAction="digits", ConferenceDigitsMatch="1")
    for callback in (enter(), digits):
        plivo.post(callback, nonce=callback["ConferenceAction"])
        redis.delete(*redis.keys("gavel:seen:*"))  # much later
        plivo.post(callback, nonce=callback["ConferenceAction"])
    assert [event["kind"] for event in stored()] == ["member.entered", "member.digits"]


def test_after_the_window_a_replay_is_a_new_event_and_left_to_decide(
    plivo: Plivo, redis: Redis, stored: Callable[..., list[dict[str, Any]]]
) -> None:
    plivo.post(enter(), nonce="1")
    redis.delete(*redis.keys("gavel:seen:*"), *redis.keys("gavel:nonces:*"))  # it has ended
    plivo.post(enter(), nonce="1")
    first, again = stored()
    assert first["id"] != again["id"]
    assert first["data"] == again["data"]
    assert first["uuid"] == again["uuid"] != ""  # by which decide knows what it has seen
