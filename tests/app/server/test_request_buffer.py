"""When has a request arrived?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.request_buffer import LARGEST_TRANSCRIPT, MOST_CHUNKS, RequestBuffer, State

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ELSEWHERE = HEAD.replace(b"/ ", b"/plivo/recording?to=/plivo/transcription ")
TRANSCRIPT = HEAD.replace(b"/ ", b"/gavel/plivo/transcription?v=1 ")


def state(*pieces: bytes) -> State:
    buffer = RequestBuffer()
    for piece in pieces:
        buffer.add(piece)
        found = buffer.state()
    return found


def test_what_is_left_of_a_body_in_thousands_of_chunks_costs_its_reader_nothing() -> None:
    buffer = RequestBuffer()
    buffer.add(CHUNKED + b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n")
    assert buffer.state() is State.COMPLETE
    assert bytes(buffer.data) == CHUNKED + b"1\r\nx\r\n" * (MOST_CHUNKS + 1)


def test_a_body_in_thousands_of_tiny_chunks_is_not_waited_for() -> None:
    assert state(CHUNKED + b"1\r\nx\r\n" * MOST_CHUNKS) is State.MORE
    assert state(CHUNKED + b"1\r\nx\r\n" * (MOST_CHUNKS + 1)) is State.COMPLETE


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", State.MORE),
        (HEAD, State.MORE),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", State.COMPLETE),
        (HEAD + b"Content-Length: 3\r\n\r\nab", State.MORE),
        (HEAD + b"content-length:3\r\n\r\nabc", State.COMPLETE),
        (HEAD + b"Content-Length: 3\r\n\r\nabcdef", State.COMPLETE),
        (HEAD + b"Content-Length: 65536\r\n\r\nabc", State.MORE),
        (HEAD + b"Content-Length: 65537\r\n\r\n", State.COMPLETE),
        (TRANSCRIPT + b"Content-Length: %d\r\n\r\n" % LARGEST_TRANSCRIPT, State.MORE),
        (TRANSCRIPT + b"Content-Length: %d\r\n\r\n" % (LARGEST_TRANSCRIPT + 1), State.COMPLETE),
        (ELSEWHERE + b"Content-Length: 65537\r\n\r\n", State.COMPLETE),
        (HEAD + b"Content-Length: x\r\n\r\n", State.COMPLETE),
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", State.MORE),
        (HEAD + b"Expect: tea\r\nContent-Length: 3\r\n\r\n", State.COMPLETE),
        (CHUNKED, State.MORE),
        (CHUNKED + b"3\r\nabc\r\n", State.MORE),
        (CHUNKED + b"3\r\nabc\r\n0\r\n", State.MORE),
        (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", State.COMPLETE),
        (CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n", State.COMPLETE),
        (CHUNKED + b"5\r\n0\r\n\r\n", State.MORE),
        (CHUNKED + b"x\r\n", State.COMPLETE),
        (CHUNKED + b"fffff\r\n", State.COMPLETE),
        (CHUNKED + b"1;" + b"x" * 300, State.COMPLETE),
        (HEAD + b"X: " + b"x" * 40_000, State.HEAD_TOO_LARGE),
        (HEAD + b"X: " + b"x" * 40_000 + b"\r\n\r\n", State.HEAD_TOO_LARGE),
    ],
)
def test_when_a_request_is_whole(received: bytes, expected: State) -> None:
    assert state(received) is expected
    if received:
        assert state(*(received[i : i + 1] for i in range(len(received)))) is expected


def test_a_long_transcript_may_come_in_more_chunks() -> None:
    chunked = TRANSCRIPT + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    assert state(chunked + chunk * 300) is State.MORE
    assert state(chunked + chunk * 300 + b"0\r\n\r\n") is State.COMPLETE
    assert state(chunked + chunk * 1025) is State.COMPLETE


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_pieces_do_not_matter_and_nothing_is_whole_too_early(
    chunks: list[bytes], data: st.DataObject
) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    plain = b"".join(chunks)
    for request in (CHUNKED + body, HEAD + b"Content-Length: %d\r\n\r\n" % len(plain) + plain):
        cut = data.draw(st.integers(0, len(request) - 1))
        assert state(request[:cut] or b"") is State.MORE
        assert state(request[:cut] or b"", request[cut:]) is State.COMPLETE
