"""Where a recording's file is fetched from, with and without credentials."""

from collections.abc import Sequence

import pytest

from app.fetching.recordings import FetchError, RecordingSource
from tests.doubles.plivo_edge import PlivoEdge, answer, plivo_edge, send_and_close

PATH = "/v1/Account/MA1/Recording/r-1.mp3"
BASIC = "Basic TUExOnRva2Vu"  # MA1:token


def fetched(source: RecordingSource, url: str) -> bytes:
    with source.open(url) as download:
        return b"".join(download.chunks)


def failure(source: RecordingSource, url: str) -> FetchError:
    with pytest.raises(FetchError) as found:
        fetched(source, url)
    return found.value


def test_plivos_own_host_gets_the_credentials(source: RecordingSource, plivo: PlivoEdge) -> None:
    plivo.answers(answer(200, b"sound"))
    with source.open(plivo.url + PATH) as download:
        assert download.length == 5
        assert b"".join(download.chunks) == b"sound"
    assert plivo.seen[0].headers["authorization"] == BASIC


def test_a_connection_serves_several_files(source: RecordingSource, plivo: PlivoEdge) -> None:
    plivo.answers(answer(200, b"one"), answer(200, b"two"))
    assert [fetched(source, plivo.url + PATH) for _ in range(2)] == [b"one", b"two"]
    assert plivo.connections == 1


def test_no_other_host_gets_them(plivo: PlivoEdge) -> None:
    source = RecordingSource("MA1", "token", "https://api.plivo.com", allow_private=True)
    plivo.answers(answer(200, b"sound"))
    assert fetched(source, plivo.url + PATH) == b"sound"
    assert "authorization" not in plivo.seen[0].headers


def test_a_redirect_is_followed_without_them(source: RecordingSource, plivo: PlivoEdge) -> None:
    with plivo_edge() as store:
        source = RecordingSource("MA1", "token", plivo.url, allow_private=True)
        plivo.answers(answer(302, Location=f"{store.url}/bucket/r-1.mp3?signed=1"))
        store.answers(answer(200, b"sound"))
        assert fetched(source, plivo.url + PATH) == b"sound"
        assert store.seen[0].target == "/bucket/r-1.mp3?signed=1"
        assert "authorization" not in store.seen[0].headers


def test_a_redirect_back_to_plivo_has_none_either(
    source: RecordingSource, plivo: PlivoEdge
) -> None:
    plivo.answers(answer(307, Location="/elsewhere.mp3"), answer(200, b"sound"))
    assert fetched(source, plivo.url + PATH) == b"sound"
    assert ["authorization" in seen.headers for seen in plivo.seen] == [True, False]


def test_a_redirect_to_a_private_place_is_refused(
    source: RecordingSource, plivo: PlivoEdge
) -> None:
    plivo.answers(answer(302, Location="http://169.254.169.254/latest/meta-data"))
    error = failure(source, plivo.url + PATH)
    assert error.kind == "permanent"
    assert "169.254.169.254 is a private address" in str(error)


def test_redirects_end(source: RecordingSource, plivo: PlivoEdge) -> None:
    plivo.answers(*[answer(302, Location=PATH)] * 5)
    assert "redirects more than 3 times" in str(failure(source, plivo.url + PATH))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/r-1.mp3", "http://localhost/r-1.mp3"])
def test_a_private_address_that_is_not_plivos_is_refused(source: RecordingSource, url: str) -> None:
    error = failure(source, url)
    assert error.kind == "permanent"
    assert str(error).startswith("the recording was not fetched: ")


def test_a_name_is_resolved_once() -> None:
    """So that a second answer (DNS rebinding) gains nothing."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["10.0.0.1"]

    source = RecordingSource(
        "MA1", "token", "https://api.plivo.com", allow_private=False, resolve=resolve
    )
    assert failure(source, "https://files.example.com/r-1.mp3").kind == "permanent"
    assert asked == ["files.example.com"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "permanent"),
        (403, "temporary"),
        (404, "temporary"),
        (410, "permanent"),
        (429, "temporary"),
        (500, "temporary"),
        (503, "temporary"),
        (206, "permanent"),
    ],
)
def test_what_an_answer_means(
    source: RecordingSource, plivo: PlivoEdge, status: int, kind: str
) -> None:
    plivo.answers(answer(status, b"no"))
    error = failure(source, plivo.url + PATH)
    assert (error.kind, error.status) == (kind, status)
    assert "token" not in str(error).replace("PLIVO_AUTH_TOKEN", "")


def test_the_time_that_was_asked_for_is_told(source: RecordingSource, plivo: PlivoEdge) -> None:
    plivo.answers(answer(503, b"", Retry_After="7"))
    assert failure(source, plivo.url + PATH).retry_after == "7"


def test_a_file_that_breaks_off_is_told(source: RecordingSource, plivo: PlivoEdge) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
    plivo.scripts.append(send_and_close(head))
    error = failure(source, plivo.url + PATH)
    assert error.kind == "temporary"
    assert "broke off" in str(error)


def test_nobody_there_is_told(source: RecordingSource, plivo: PlivoEdge) -> None:
    plivo.scripts.append(send_and_close(b""))
    error = failure(source, plivo.url + PATH)
    assert error.kind == "temporary"
    assert "gave no answer" in str(error)
