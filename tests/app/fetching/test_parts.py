"""A part of a file: what is asked for, what comes of it, from a host and from a disk."""

import os
from functools import partial
from pathlib import Path

import pytest

from app.fetching.parts import MOST, NoSuchPart, Part, Wanted, fetched, from_disk
from app.fetching.recordings import FetchError, RecordingSource
from tests.doubles.file_host import in_parts
from tests.doubles.plivo_edge import PlivoEdge, answer, send_and_close

SOUND = bytes(range(256)) * 4096  # 1 MiB
WHOLE = len(SOUND)
PATH = "/v1/Account/MA1/Recording/r-1.mp3"

CASES = [
    (Wanted(), 0, MOST),
    (Wanted(0, 9), 0, 10),
    (Wanted(1000), 1000, MOST),
    (Wanted(1000, 10 * WHOLE), 1000, MOST),
    (Wanted(WHOLE - 5), WHOLE - 5, 5),
    (Wanted(WHOLE - 5, 10 * WHOLE), WHOLE - 5, 5),
    (Wanted(-7), WHOLE - 7, 7),
    (Wanted(-2 * WHOLE), 0, MOST),
    (Wanted(-MOST - 1), WHOLE - MOST - 1, MOST),
]
"""What is asked for, where the answer begins, and its length."""


@pytest.mark.parametrize(("wanted", "first", "length"), CASES)
@pytest.mark.parametrize("host", ["in parts", "whole", "disk"])
def test_what_is_asked_for_comes_and_no_more_than_a_part(
    source: RecordingSource,
    plivo: PlivoEdge,
    tmp_path: Path,
    host: str,
    wanted: Wanted,
    first: int,
    length: int,
) -> None:
    if host == "disk":
        (tmp_path / "r-1.mp3").write_bytes(SOUND)
        part = from_disk(str(tmp_path / "r-1.mp3"), wanted)
    else:
        whole = send_and_close(answer(200, SOUND))
        plivo.scripts.append(in_parts(SOUND) if host == "in parts" else whole)
        part = fetched(source, plivo.url + PATH, wanted)
    assert part == Part(SOUND[first : first + length], first, WHOLE)
    assert part.content_range == f"bytes {first}-{first + length - 1}/{WHOLE}"


@pytest.mark.parametrize("host", ["in parts", "whole", "disk"])
def test_behind_the_end_is_no_part(
    source: RecordingSource, plivo: PlivoEdge, tmp_path: Path, host: str
) -> None:
    plivo.scripts.append(in_parts(SOUND) if host == "in parts" else send_and_close(answer(200)))
    (tmp_path / "r-1.mp3").write_bytes(SOUND)
    read = partial(from_disk, str(tmp_path / "r-1.mp3"))
    if host != "disk":
        read = partial(fetched, source, plivo.url + PATH)
    with pytest.raises(NoSuchPart):
        read(Wanted(WHOLE))


HEAD = b"HTTP/1.1 206 Whatever\r\nContent-Length: 10\r\n"


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (HEAD + b"\r\n0123456789", "without saying which"),
        (HEAD + b"Content-Range: bytes 0-9/*\r\n\r\n0123456789", "without saying which"),
        (HEAD + b"Content-Range: bytes 90-99/100\r\n\r\n0123456789", "another part"),
        (HEAD + b"Content-Range: bytes 5-14/100\r\n\r\n01234", "broke off"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789", "how long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789", "broke off"),
    ],
)
def test_what_is_not_the_part_is_none(
    source: RecordingSource, plivo: PlivoEdge, answered: bytes, said: str
) -> None:
    plivo.scripts.append(send_and_close(answered))
    with pytest.raises(FetchError, match=said):
        fetched(source, plivo.url + PATH, Wanted(5, 14))


def test_a_host_that_drips_is_left(plivo: PlivoEdge) -> None:
    source = RecordingSource("MA1", "token", plivo.url, allow_private=False, whole_seconds=0.0)
    plivo.scripts.append(in_parts(SOUND))
    with pytest.raises(FetchError, match="too slowly"):
        fetched(source, plivo.url + PATH, Wanted())


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(OSError, match=tmp_path.name):
            from_disk(str(path), Wanted())
