"""The socket of a client: a thread never waits for who reads or sends slowly."""

import socket

import pytest

from app.server.connection import BufferedSocket

ANSWER = bytes(range(256)) * 8192  # 2 MiB: more than the kernel takes for who does not read


def pair() -> tuple[BufferedSocket, socket.socket]:
    ours, theirs = socket.socketpair()
    return BufferedSocket(ours.family, ours.type, ours.proto, fileno=ours.detach()), theirs


def test_what_the_client_does_not_take_is_left_for_later_and_comes_whole() -> None:
    ours, theirs = pair()
    with ours, theirs:
        ours.setblocking(True)  # as gunicorn does in a thread
        ours.sendall(ANSWER)
        assert ours.unsent
        found = b""
        while not ours.send_on():
            found += theirs.recv(1 << 20)
        while len(found) < len(ANSWER):
            found += theirs.recv(1 << 20)
        assert found == ANSWER


def test_parts_that_are_sent_after_each_other_stay_in_order() -> None:
    ours, theirs = pair()
    with ours, theirs:
        ours.setblocking(True)
        for part in (ANSWER, b"then", b"this"):
            ours.sendall(part)
        ours.setblocking(False)
        found = b""
        while not ours.send_on() or len(found) < len(ANSWER) + 8:
            found += theirs.recv(1 << 20)
        assert found == ANSWER + b"thenthis"


def test_a_thread_does_not_wait_for_what_has_not_come() -> None:
    ours, theirs = pair()
    with ours, theirs:
        ours.setblocking(True)
        with pytest.raises(TimeoutError):
            ours.recv(1)
