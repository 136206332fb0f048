"""Buffers one HTTP request until it is complete. Pure: no socket, no clock.

Each byte is looked at once, however small the pieces are in which the request comes.
"""

import re
from enum import Enum

LARGEST_HEAD = 32 * 1024
LARGEST_BODY = 64 * 1024
LARGEST_TRANSCRIPT = 1024 * 1024
"""What is said in four hours, the longest that Plivo transcribes (docs/plivo.md 4), with room."""
TRANSCRIPTS = ("/plivo/transcription", "/plivo/transcription/")
"""How the paths end to which they are sent; bodies of all others have at most `LARGEST_BODY`."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*([^\r\n]*)", re.IGNORECASE)
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?")
LONGEST_SIZE_LINE = 256
LONGEST_TOLD = 200
MOST_CHUNKS = 256
"""A body of 64 KiB comes in a handful; thousands of tiny ones only cost whoever reads them."""
MOST_CHUNKS_OF_TRANSCRIPT = 1024


class State(Enum):
    """What to do with what has arrived."""

    MORE = "wait for more"
    COMPLETE = "all is there, or enough to see that it will be refused"
    HEAD_TOO_LARGE = "refuse it"


class RequestBuffer:
    """The bytes of one request received so far. `add` what is received, then ask for the `state`.

    It finds where the request ends and nothing else; gunicorn's parser reads it. A malformed length
    or chunk counts as complete, so that the parser gets the request at once and refuses it.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self._body = -1  # where it begins, once the head is there
        self._next = 0  # where to go on looking
        self._end: int | None = None  # where the request ends; None: in chunks
        self._largest, self._most_chunks = LARGEST_BODY, MOST_CHUNKS
        self._expects_answer = False
        self._chunks = 0

    def add(self, data: bytes) -> None:
        self.data += data

    def state(self) -> State:
        if self._body < 0 and not self._find_head():
            return State.HEAD_TOO_LARGE if len(self.data) > LARGEST_HEAD else State.MORE
        if self._body > LARGEST_HEAD:
            return State.HEAD_TOO_LARGE
        if len(self.data) - self._body > self._largest:
            return State.COMPLETE
        whole = self._chunks_end() if self._end is None else len(self.data) >= self._end
        return State.COMPLETE if whole else State.MORE

    @property
    def is_large(self) -> bool:
        """Has more of a body come than others may have?"""
        return self._body >= 0 and len(self.data) - self._body > LARGEST_BODY

    def asked(self) -> tuple[str, str]:
        """Method and path as they came, as far as they came, for the log."""
        line = self.data[:LONGEST_TOLD].partition(b"\r\n")[0].decode("latin-1")
        method, _, target = line.partition(" ")
        return method, target.partition(" ")[0].partition("?")[0]

    def take_expectation(self) -> bool:
        """True once, when the head is there and the client waits to be told to send the body."""
        expected, self._expects_answer = self._expects_answer, False
        return expected

    def _find_head(self) -> bool:
        found = self.data.find(b"\r\n\r\n", self._next)
        if found < 0:
            self._next = max(0, len(self.data) - 3)
            return False
        head = self.data[:found]
        self._body = self._next = found + 4
        target = head.partition(b"\r\n")[0].partition(b" ")[2].partition(b" ")[0]
        if target.partition(b"?")[0].decode("latin-1").endswith(TRANSCRIPTS):
            self._largest, self._most_chunks = LARGEST_TRANSCRIPT, MOST_CHUNKS_OF_TRANSCRIPT
        if not _CHUNKED.search(head):
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            self._end = self._body + (size if size <= self._largest else 0)
        if (expected := _EXPECT.search(head)) and b" HTTP/1.0\r\n" not in head:
            self._expects_answer = expected[1].strip().lower() == b"100-continue"
            if not self._expects_answer:  # one that nobody knows: refused before the body comes
                self._end = self._body
        return True

    def _chunks_end(self) -> bool:
        while True:
            line_end = self.data.find(b"\r\n", self._next)
            if line_end < 0:
                return len(self.data) - self._next > LONGEST_SIZE_LINE
            size = _SIZE_LINE.fullmatch(self.data, self._next, line_end)
            if not size:
                return True
            if int(size[1], 16) == 0:
                return self.data.find(b"\r\n\r\n", line_end) >= 0
            after = line_end + 2 + int(size[1], 16) + 2
            if after > len(self.data):
                return after - self._body > self._largest
            self._next = after
            self._chunks += 1
            if self._chunks > self._most_chunks:
                del self.data[self._next :]  # what is cut off is refused
                return True
