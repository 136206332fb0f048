"""Connections: kept, replaced, broken, slow; and what is said of each failure."""

import socket
import threading
import time
from base64 import b64encode
from pathlib import Path

import pytest

from tests.doubles import plivo_edge as script
from tests.doubles.plivo_edge import DONE, PlivoEdge, Seen, answer
from tests.workers.plivo.builders import AUTH_ID, AUTH_TOKEN, Caller, call, client
from workers.plivo import ALL, PlivoError


def test_one_connection_serves_one_call_after_the_other(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(DONE, answer(204), answer(404, "no"), answer(200, {"conferences": []}))
    plivo.mute("a", ALL)
    plivo.hang_up("a")
    with pytest.raises(PlivoError):
        plivo.hang_up("b")
    plivo.list_conferences()
    plivo.speak("a", ALL, "hello")
    assert [seen.connection for seen in edge.seen] == [1, 1, 1, 1, 1]


def test_a_chunked_answer_leaves_the_connection_usable(edge: PlivoEdge, plivo: Caller) -> None:
    head = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
    edge.answers(head + b"11\r\n" + b'{"member_id":"1"}' + b"\r\n0\r\n\r\n")
    plivo.mute("a", ALL)
    plivo.mute("a", ALL)
    assert edge.connections == 1


def test_calls_at_the_same_time_do_not_share_connections(edge: PlivoEdge, plivo: Caller) -> None:
    together = threading.Barrier(3)

    def answer_together(seen: Seen, connection: socket.socket) -> None:
        together.wait()
        connection.sendall(DONE)

    edge.scripts += [answer_together] * 3
    threads = [threading.Thread(target=plivo.mute, args=("a", ALL)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert edge.connections == 3


@pytest.mark.parametrize("verb", ["mute", "speak"])
def test_a_connection_that_the_server_closed_is_replaced_unnoticed(
    edge: PlivoEdge, plivo: Caller, verb: str
) -> None:
    edge.scripts.append(script.send_and_close(DONE))
    plivo.perform(call(verb, "10"))
    edge.wait_until_closed()
    plivo.perform(call(verb, "10"))
    assert [seen.connection for seen in edge.seen] == [1, 2]


@pytest.mark.parametrize("broken", [script.close, script.reset])
@pytest.mark.parametrize("verb", ["mute", "speak"])
def test_a_request_whose_connection_breaks_is_sent_once_and_its_outcome_unknown(
    edge: PlivoEdge, plivo: Caller, broken: script.Script, verb: str
) -> None:
    edge.scripts += [script.send(DONE), broken]
    plivo.perform(call(verb, "10"))
    with pytest.raises(PlivoError) as failed:
        plivo.perform(call(verb, "10"))
    assert (failed.value.kind, failed.value.sent) == ("temporary", "maybe")
    assert [seen.connection for seen in edge.seen] == [1, 1]
    plivo.perform(call(verb, "10"))
    assert edge.seen[-1].connection == 2


@pytest.mark.parametrize(("verb", "connections"), [("mute", 1), ("speak", 2)])
def test_what_must_not_be_repeated_avoids_idle_connections(
    edge: PlivoEdge, verb: str, connections: int
) -> None:
    plivo = client(edge.url, fresh_seconds=0.0)
    plivo.perform(call(verb, "10"))
    plivo.perform(call(verb, "10"))
    assert edge.connections == connections
    plivo.close()


def test_no_answer_in_time_leaves_the_outcome_unknown(edge: PlivoEdge) -> None:
    edge.scripts.append(script.silence)
    plivo = client(edge.url, timeout=(1.0, 0.05))
    with pytest.raises(PlivoError, match="no answer came") as failed:
        plivo.mute("a", ALL)
    assert (failed.value.kind, failed.value.sent) == ("temporary", "maybe")
    plivo.close()


def test_a_refused_connection_has_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    plivo = client(f"http://127.0.0.1:{port}")
    with pytest.raises(PlivoError, match="could not be reached") as failed:
        plivo.mute("a", ALL)
    assert (failed.value.kind, failed.value.sent) == ("temporary", "no")
    plivo.close()


def test_a_name_that_does_not_resolve_has_sent_nothing() -> None:
    plivo = client("http://nowhere.invalid")
    with pytest.raises(PlivoError, match="could not be reached") as failed:
        plivo.mute("a", ALL)
    assert failed.value.sent == "no"
    plivo.close()


def test_an_answer_that_breaks_off_has_been_given(edge: PlivoEdge, plivo: Caller) -> None:
    cut = b'HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n{"message"'
    edge.scripts += [script.send_and_close(cut), script.send_and_close(cut)]
    plivo.mute("a", ALL)
    with pytest.raises(PlivoError, match="is not the list") as failed:
        plivo.list_conferences()
    assert failed.value.sent == "yes"


def test_a_body_without_end_is_not_read_to_its_end(edge: PlivoEdge, plivo: Caller) -> None:
    def endless(seen: Seen, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)
            sent.append(65_536)

    sent: list[int] = []
    edge.scripts += [endless, endless]
    with pytest.raises(PlivoError, match="is not the list"):
        plivo.list_conferences()
    plivo.mute("a", ALL)
    edge.wait_until_closed()
    assert sum(sent) < 64 * 1024 * 1024  # two answers, and what sockets buffer


def test_a_body_that_drips_is_given_up(edge: PlivoEdge) -> None:
    def drip(seen: Seen, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:  # until the client closes
            connection.sendall(b" ")
            time.sleep(0.01)

    edge.scripts.append(drip)
    plivo = client(edge.url, timeout=(1.0, 0.1))
    with pytest.raises(PlivoError, match="is not the list"):
        plivo.list_conferences()
    plivo.close()
    edge.wait_until_closed()


def test_what_is_no_http_is_a_temporary_failure(edge: PlivoEdge, plivo: Caller) -> None:
    edge.scripts.append(script.send_and_close(b"SSH-2.0-OpenSSH\r\n\r\n"))
    with pytest.raises(PlivoError) as failed:
        plivo.mute("a", ALL)
    assert failed.value.sent == "maybe"


def test_redirects_are_not_followed(edge: PlivoEdge, plivo: Caller) -> None:
    edge.answers(answer(307, Location=f"{edge.url}/elsewhere"))
    with pytest.raises(PlivoError, match="307"):
        plivo.mute("a", ALL)
    assert len(edge.seen) == 1


def test_the_proxy_of_the_environment_is_used(
    edge: PlivoEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", edge.url)
    monkeypatch.setenv("http_proxy", edge.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    plivo = client("http://api.plivo.test")
    plivo.mute("a", ALL)
    plivo.mute("a", ALL)
    assert edge.seen[0].target.startswith("http://api.plivo.test/v1/Account/MA")
    assert edge.connections == 1
    monkeypatch.setenv("NO_PROXY", "api.plivo.test")
    monkeypatch.setenv("no_proxy", "api.plivo.test")
    direct = client("http://api.plivo.test")
    with pytest.raises(PlivoError, match="could not be reached"):
        direct.mute("a", ALL)
    plivo.close()
    direct.close()


def test_a_netrc_does_not_replace_the_account(
    edge: PlivoEdge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    plivo = client(edge.url)
    plivo.mute("a", ALL)
    plivo.close()
    credentials = b64encode(f"{AUTH_ID}:{AUTH_TOKEN}".encode()).decode()
    assert edge.seen[0].headers["authorization"] == f"Basic {credentials}"


@pytest.mark.parametrize("url", ["ftp://api.plivo.com", "api.plivo.com", "http://", ""])
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="PLIVO_API_URL"):
        client(url)
