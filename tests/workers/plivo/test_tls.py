"""The client over TLS: certificates are verified, by the bundle that the environment names."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles import plivo_edge as script
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge
from tests.waiting import until
from tests.workers.plivo.builders import client
from workers.plivo import ALL, PlivoError

TLS = Path(__file__).parents[2] / "doubles" / "tls"


@pytest.fixture
def secure() -> Iterator[PlivoEdge]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    with plivo_edge(tls) as edge:
        yield edge


def url(edge: PlivoEdge, host: str = "localhost") -> str:
    return f"https://{host}:{edge.url.rpartition(':')[2]}"


def test_the_ca_bundle_of_the_environment_counts(
    secure: PlivoEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / "certificate.pem"))
    plivo = client(url(secure))
    plivo.mute("a", ALL)
    plivo.mute("a", ALL)
    plivo.close()
    assert [seen.connection for seen in secure.seen] == [1, 1]


def test_a_certificate_for_another_host_is_refused_before_anything_is_sent(
    secure: PlivoEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / "certificate.pem"))
    plivo = client(url(secure, "127.0.0.1"))
    with pytest.raises(PlivoError, match="could not be reached") as failed:
        plivo.mute("a", ALL)
    plivo.close()
    assert failed.value.sent == "no"
    assert secure.seen == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: PlivoEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    plivo = client(url(secure))
    with pytest.raises(PlivoError) as failed:
        plivo.mute("a", ALL)
    plivo.close()
    assert failed.value.sent == "no"


@pytest.mark.parametrize("refusal", [script.send(answer(502)), script.close, script.silence])
def test_a_proxy_that_makes_no_tunnel_has_sent_nothing(
    edge: PlivoEdge, monkeypatch: pytest.MonkeyPatch, refusal: script.Script
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, edge.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    edge.scripts.append(refusal)
    plivo = client("https://api.plivo.test", timeout=(0.2, 0.2))
    with pytest.raises(PlivoError, match="could not be reached") as failed:
        plivo.speak("a", ALL, "hello")
    plivo.close()
    assert (failed.value.kind, failed.value.sent) == ("temporary", "no")
    until(lambda: [seen.method for seen in edge.seen] == ["CONNECT"], "the proxy to be asked")


def test_a_handshake_that_is_not_answered_has_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plivo = client(f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=(0.1, 0.1))
        with pytest.raises(PlivoError, match="could not be reached") as failed:
            plivo.speak("a", ALL, "hello")
        plivo.close()
    assert failed.value.sent == "no"
