"""Webhooks over real HTTP and TLS: signed, bounded, never to a place that was not checked."""

import base64
import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.call import Call
from tests.doubles import plivo_edge as script
from tests.doubles.plivo_edge import PlivoEdge, Seen, answer, plivo_edge
from tests.workers.plivo.builders import call
from workers.conference.errors import WebhookError
from workers.webhooks.sender import WebhookSender, key_of

TLS = Path(__file__).parents[2] / "doubles" / "tls"
SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes of key").decode()


@pytest.fixture(autouse=True)
def taken(edge: PlivoEdge) -> None:
    edge.answers(answer(200, "thanks"))


NOW = 1_700_000_000.7


def webhook(url: str, **params: Any) -> Call:
    return call("webhook", params={"url": url, "json": {"room": "é"}, **params}, expires_at=None)


def sender(**rest: Any) -> WebhookSender:
    defaults: dict[str, Any] = {"allow_private": True, "secret_of": lambda name: SECRET}
    return WebhookSender(**{**defaults, **rest})


def failing(sender: WebhookSender, sent: Call) -> WebhookError:
    with pytest.raises(WebhookError) as failed:
        sender.send(sent, NOW)
    return failed.value


def test_the_body_is_what_the_rule_says(edge: PlivoEdge) -> None:
    sender().send(webhook(f"{edge.url}/hook?a=b", headers={"X-Team": "support"}), NOW)
    [seen] = edge.seen
    assert (seen.method, seen.target, seen.json()) == ("POST", "/hook?a=b", {"room": "é"})
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["x-team"] == "support"
    assert seen.headers["host"] == edge.url.removeprefix("http://")
    assert "webhook-signature" not in seen.headers


def test_without_a_body_it_says_what_happened(edge: PlivoEdge) -> None:
    sender().send(call("webhook", params={"url": edge.url}), NOW)
    assert edge.seen[0].json() == {
        "type": "rule.applied",
        "timestamp": "1970-01-01T00:16:40+00:00",
        "data": {"event": "evt-1", "rule": "a rule", "conference": "townhall-1"},
    }


def test_the_signature_is_that_of_standard_webhooks(edge: PlivoEdge) -> None:
    sender().send(webhook(edge.url, secret_env="CRM_SECRET"), NOW)
    [seen] = edge.seen
    id, moment = seen.headers["webhook-id"], seen.headers["webhook-timestamp"]
    content = f"{id}.{moment}.".encode() + seen.body
    expected = hmac.new(b"twenty-four bytes of key", content, hashlib.sha256).digest()
    assert seen.headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert id == "evt-1_0_0"
    assert moment == "1700000000"  # as it was told, whatever the clock of this host says


def test_every_attempt_has_the_same_id(edge: PlivoEdge) -> None:
    edge.answers(answer(200))
    for _ in range(2):
        sender().send(webhook(edge.url, secret_env="CRM_SECRET"), NOW)
    assert len({seen.headers["webhook-id"] for seen in edge.seen}) == 1


@pytest.mark.parametrize(("secret", "key"), [("whsec_aGk=", b"hi"), ("plain text", b"plain text")])
def test_secrets_are_base64_behind_whsec_or_plain(secret: str, key: bytes) -> None:
    assert key_of(secret) == key


@pytest.mark.parametrize("secret", [None, "whsec_no base64"])
def test_nothing_goes_out_unsigned_when_the_secret_is_missing(
    edge: PlivoEdge, secret: str | None
) -> None:
    failed = failing(sender(secret_of=lambda name: secret), webhook(edge.url, secret_env="CRM"))
    assert failed.kind == "permanent"
    assert edge.seen == []
    assert "no base64" not in str(failed)


@pytest.mark.parametrize("header", ["a\r\nX-Evil: 1", "é", "\x00"])
def test_a_header_can_not_smuggle_another(edge: PlivoEdge, header: str) -> None:
    assert failing(sender(), webhook(edge.url, headers={"X-Room": header})).kind == "permanent"
    assert edge.seen == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, "permanent"),
        (400, "permanent"),
        (401, "permanent"),
        (404, "temporary"),
        (410, "permanent"),
        (429, "temporary"),
        (500, "temporary"),
        (503, "temporary"),
    ],
)
def test_only_2xx_is_done(edge: PlivoEdge, status: int, kind: str) -> None:
    edge.scripts.clear()
    edge.answers(answer(status, Retry_After="3", Location=f"{edge.url}/elsewhere"))
    failed = failing(sender(), webhook(edge.url))
    assert (failed.kind, failed.sent, failed.retry_after) == (kind, "yes", 3.0)
    assert len(edge.seen) == 1


def test_private_places_are_refused_without_a_connection(edge: PlivoEdge) -> None:
    failed = failing(sender(allow_private=False), webhook(edge.url))
    assert failed.kind == "permanent"
    assert edge.connections == 0


def test_the_address_that_was_checked_is_the_one_connected_to(edge: PlivoEdge) -> None:
    asked = []

    def once(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    port = edge.url.rpartition(":")[2]
    sender(resolve=once).send(webhook(f"http://hooks.example.test:{port}/"), NOW)
    assert asked == ["hooks.example.test"]
    assert edge.seen[0].headers["host"] == f"hooks.example.test:{port}"


def test_an_address_that_does_not_answer_is_passed_over(edge: PlivoEdge) -> None:
    port = edge.url.rpartition(":")[2]
    sender(resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"]).send(
        webhook(f"http://hooks.example.test:{port}/"), NOW
    )
    assert edge.connections == 1


def test_one_who_can_not_be_reached_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failed = failing(sender(), webhook(f"http://127.0.0.1:{port}"))
    assert (failed.kind, failed.sent) == ("temporary", "no")


@pytest.mark.parametrize("broken", [script.close, script.reset, script.silence])
def test_without_an_answer_it_may_have_arrived(edge: PlivoEdge, broken: script.Script) -> None:
    edge.scripts[:] = [broken]
    failed = failing(sender(read_seconds=0.05), webhook(edge.url))
    assert (failed.kind, failed.sent) == ("temporary", "maybe")


def test_an_answer_that_drips_is_cut_off(edge: PlivoEdge) -> None:
    def drip(seen: Seen, connection: socket.socket) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.01)

    edge.scripts[:] = [drip]
    failed = failing(sender(whole_seconds=0.1), webhook(edge.url))
    assert (failed.kind, failed.sent) == ("temporary", "maybe")


def test_an_endless_body_is_not_read(edge: PlivoEdge) -> None:
    def endless(seen: Seen, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)
            sent.append(65_536)

    sent: list[int] = []
    edge.scripts[:] = [endless]
    sender().send(webhook(edge.url), NOW)
    edge.wait_until_closed()
    assert sum(sent) < 64 * 1024 * 1024  # the rest is what sockets buffer


@pytest.fixture
def secure() -> Iterator[PlivoEdge]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    with plivo_edge(tls) as edge:
        yield edge


def trusting() -> WebhookSender:
    context = ssl.create_default_context(cafile=TLS / "certificate.pem")
    return sender(context=context, resolve=lambda host, port: ["127.0.0.1"])


def test_tls_is_for_the_name_not_for_the_address(secure: PlivoEdge) -> None:
    port = secure.url.rpartition(":")[2]
    trusting().send(webhook(f"https://hooks.example.test:{port}/"), NOW)
    assert len(secure.seen) == 1


def test_a_certificate_of_another_name_is_refused(secure: PlivoEdge) -> None:
    port = secure.url.rpartition(":")[2]
    failed = failing(trusting(), webhook(f"https://other.example.test:{port}/"))
    assert (failed.kind, failed.sent) == ("temporary", "no")
    assert secure.seen == []


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: PlivoEdge) -> None:
    port = secure.url.rpartition(":")[2]
    distrusting = sender(resolve=lambda host, port: ["127.0.0.1"])
    assert failing(distrusting, webhook(f"https://hooks.example.test:{port}/")).sent == "no"


def question(url: str) -> Call:
    return replace(webhook(url), asks=True)


def test_an_answer_is_kept_only_for_who_asks(edge: PlivoEdge) -> None:
    edge.scripts.clear()
    edge.answers(answer(201, {"vip": True}), answer(201, {"vip": True}))
    assert sender().send(webhook(edge.url), NOW) == {}
    heard = sender().send(question(edge.url), NOW)
    assert heard == {"status": 201, "size": 13, "json": {"vip": True}}
    assert edge.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (answer(200, b"\x1f\x8b" + b"\0" * 100, Content_Encoding="gzip"), "compressed"),
        (answer(200, b"1" * 70_000), "more than 16 KiB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12", "broke off"),
        (answer(204), "empty"),
    ],
)
def test_what_can_not_be_taken_is_still_delivered(edge: PlivoEdge, sent: bytes, why: str) -> None:
    edge.scripts[:] = [script.send_and_close(sent)]
    heard = sender().send(question(edge.url), NOW)
    assert why in heard["left_out"]
    assert "json" not in heard


def test_a_body_in_chunks_is_one(edge: PlivoEdge) -> None:
    chunks = b'5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n'
    edge.scripts[:] = [
        script.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    ]
    assert sender().send(question(edge.url), NOW)["json"] == {"a": 1}


def test_an_answer_is_not_waited_for_when_nobody_wants_it_any_more(edge: PlivoEdge) -> None:
    edge.scripts[:] = [script.silence]
    with pytest.raises(WebhookError) as failed:
        sender(read_seconds=3600, whole_seconds=3600).send(question(edge.url), NOW, seconds=0.0)
    assert (failed.value.kind, failed.value.sent) == ("temporary", "maybe")
