"""Playing a recording on its page: in parts, by those who may, noted once."""

from collections.abc import Iterator
from pathlib import Path
from socket import socket
from threading import Event, Thread

import pytest
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from app.console.listening import PAUSE_SECONDS
from app.factory import create_app
from app.fetching.parts import MOST
from app.operators.audit import Audit, Entry, Sought
from app.store import keys
from app.store.inbox import Inbox
from tests.app.builders import settings
from tests.app.console.person import Person
from tests.app.console.test_recordings import one, recorded
from tests.doubles.file_host import in_parts
from tests.doubles.plivo_edge import PlivoEdge, Seen, answer, plivo_edge
from tests.waiting import PATIENCE, until

SOUND = bytes(range(256)) * 4096  # 1 MiB
PATH = "/v1/Account/MA1/Recording/r1.mp3"
"""Where Plivo has it."""


@pytest.fixture
def plivo() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


class Listener(Person):
    """Somebody's browser with a player."""

    def play(self, id: str = "r1", part: str = "bytes=0-", **headers: str) -> TestResponse:
        asked = {"Range": part} if part else {}
        player = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "audio"}
        return self.client.get(one(id, "play"), headers=player | asked | headers)


@pytest.fixture
def app(redis: Redis, plivo: PlivoEdge) -> Flask:
    known = settings(
        public_url="http://127.0.0.1", plivo_api_url=plivo.url, allow_private_webhooks=True
    )
    return create_app(known, Inbox(redis))


@pytest.fixture
def listener(app: Flask, redis: Redis) -> Listener:
    return new_listener(app, redis)


def new_listener(app: Flask, redis: Redis, role: str = "operator") -> Listener:
    found = Listener(app.test_client(), redis)
    if role:
        found.sign_in_by_link(role)
    return found


def noted(redis: Redis) -> list[Entry]:
    return Audit(redis).entries(Sought(verb="recording.play"))[0]


def test_a_player_is_given_parts_and_seeks(
    redis: Redis, plivo: PlivoEdge, listener: Listener
) -> None:
    recorded(redis, "r1", url=plivo.url + PATH)
    assert '<audio id="player" controls preload="none"' in listener.get(one("r1")).text
    plivo.scripts += [in_parts(SOUND, Content_Type="text/html")] * 3
    first = listener.play()
    assert (first.status_code, first.data) == (206, SOUND[:MOST])  # no more than a part
    assert first.headers["Content-Range"] == f"bytes 0-{MOST - 1}/{len(SOUND)}"
    assert (first.content_type, first.headers["Accept-Ranges"]) == ("audio/mpeg", "bytes")
    assert first.headers["Cache-Control"] == "no-store"
    assert listener.play(part="bytes=700000-700099").data == SOUND[700000:700100]
    assert listener.play(part="bytes=-100").data == SOUND[-100:]
    assert [seen.headers["range"] for seen in plivo.seen] == [
        f"bytes=0-{MOST - 1}",
        "bytes=700000-700099",
        "bytes=-100",
    ]


def test_credentials_go_to_plivo_and_nowhere_it_leads_to(
    redis: Redis, plivo: PlivoEdge, listener: Listener
) -> None:
    recorded(redis, "r1", url=plivo.url + PATH)
    with plivo_edge() as store:
        plivo.answers(answer(302, Location=f"{store.url}/signed"))
        store.scripts.append(in_parts(SOUND))
        assert listener.play().status_code == 206
        assert plivo.seen[0].headers["authorization"].startswith("Basic ")
        assert "authorization" not in store.seen[0].headers
        assert store.seen[0].headers["range"] == plivo.seen[0].headers["range"]


def test_listening_is_noted_once_however_many_parts_it_takes(
    app: Flask, redis: Redis, plivo: PlivoEdge, listener: Listener
) -> None:
    recorded(redis, "r1", url=plivo.url + PATH)
    recorded(redis, "r2", url=plivo.url + PATH)
    plivo.scripts += [in_parts(SOUND)] * 6
    assert [listener.play(part=f"bytes={at}-").status_code for at in (0, MOST, 5)] == [206] * 3
    [entry] = noted(redis)
    assert (entry.who, entry.object, entry.conference) == ("Anna", "r1", "sales-1")
    (remembered,) = redis.keys(keys.PREFIX + "listening:*")
    assert 0 < redis.ttl(remembered) <= PAUSE_SECONDS
    redis.delete(remembered)  # a long pause
    listener.play()
    listener.play("r2")
    new_listener(app, redis).play("r2")
    assert [one.object for one in noted(redis)] == ["r2", "r2", "r1", "r1"]


@pytest.mark.parametrize(
    ("role", "site", "status"),
    [
        ("viewer", "same-origin", 403),
        ("operator", "cross-site", 403),
        ("operator", "same-site", 403),
        ("", "same-origin", 401),
    ],
)
def test_nobody_else_hears_it(
    app: Flask, redis: Redis, plivo: PlivoEdge, role: str, site: str, status: int
) -> None:
    recorded(redis, "r1", url=plivo.url + PATH)
    person = new_listener(app, redis, role)
    assert person.play(**{"Sec-Fetch-Site": site}).status_code == status
    assert (plivo.seen, noted(redis)) == ([], [])
    if role == "viewer":
        assert "<audio" not in person.get(one("r1")).text


@pytest.mark.parametrize(
    ("answered", "status", "said"),
    [
        (404, 404, "Plivo has no such file, or not any more"),
        (410, 404, "Plivo has no such file, or not any more"),
        (403, 502, "127.0.0.1 answered 403"),
        (401, 502, "PLIVO_AUTH_ID"),
        (500, 502, "127.0.0.1 answered 500"),
    ],
)
def test_why_it_does_not_play_is_said(
    redis: Redis, plivo: PlivoEdge, listener: Listener, answered: int, status: int, said: str
) -> None:
    recorded(redis, "r1", url=plivo.url + PATH, archived_to="s3://acme/r1.mp3")
    plivo.answers(answer(answered, b"<script>alert(1)</script>"))
    refused = listener.play()
    assert refused.status_code == status
    assert said in refused.text.partition('id="what"')[2]
    assert "a copy is at s3://acme/r1.mp3, which is not read from here" in refused.text
    assert "<script>" not in refused.text
    assert noted(redis) == []


def test_a_copy_on_a_disk_of_this_machine_is_played(
    redis: Redis, plivo: PlivoEdge, listener: Listener, tmp_path: Path
) -> None:
    copy = tmp_path / "r1.wav"
    copy.write_bytes(SOUND)
    recorded(redis, "r1", url=plivo.url + PATH, archived_to=f"file://{copy}", format="wav")
    played = listener.play(part="bytes=10-19")
    assert (played.data, played.content_type) == (SOUND[10:20], "audio/wav")
    copy.write_bytes(SOUND[:1000])
    whole = listener.play(part="")
    assert (whole.status_code, whole.data) == (200, SOUND[:1000])
    behind = listener.play(part="bytes=1000-")
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, "bytes */1000")
    copy.unlink()
    plivo.scripts.append(in_parts(SOUND))
    assert listener.play(part="bytes=10-19").data == SOUND[10:20]  # Plivo has it still
    assert len(plivo.seen) == 1


def test_a_long_one_is_given_in_parts_alone(
    redis: Redis, plivo: PlivoEdge, listener: Listener
) -> None:
    recorded(redis, "r1", url=plivo.url + PATH)
    plivo.scripts.append(in_parts(SOUND))
    refused = listener.play(part="")
    assert (refused.status_code, noted(redis)) == (400, [])
    assert "Range" in refused.text


@pytest.mark.parametrize("more", [{"state": "missing"}, {"url": "javascript:alert(1)"}])
def test_what_has_no_audio_has_no_player(
    redis: Redis, listener: Listener, more: dict[str, str]
) -> None:
    recorded(redis, "r1", **more)
    assert "<audio" not in listener.get(one("r1")).text
    assert listener.play().status_code == 404


def test_hosts_that_are_slow_leave_threads_to_others(
    app: Flask, redis: Redis, plivo: PlivoEdge, listener: Listener
) -> None:
    """Of four threads two wait for Plivo at most; then players are told to come again."""
    recorded(redis, "r1", url=plivo.url + PATH)
    others, go, heard = [new_listener(app, redis) for _ in range(2)], Event(), list[int]()

    def slow(seen: Seen, connection: socket) -> None:
        go.wait(PATIENCE)
        in_parts(SOUND)(seen, connection)

    plivo.scripts += [slow, slow, in_parts(SOUND)]

    def hear(one: Listener) -> None:
        heard.append(one.play().status_code)

    threads = [Thread(target=hear, args=(one,)) for one in others]
    for thread in threads:
        thread.start()
    until(lambda: len(plivo.seen) == 2, "both wait")
    busy = listener.play()
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
    assert listener.get("/live").status_code == 200
    go.set()
    for thread in threads:
        thread.join()
    assert [*heard, listener.play().status_code] == [206] * 3
