"""A file at Plivo's edge that is given in parts, as its media host does."""

import socket

from tests.doubles.plivo_edge import Script, Seen, answer


def in_parts(content: bytes, **headers: str) -> Script:
    """Answers the part that Range asks for, 416 where there is none."""

    def run(seen: Seen, connection: socket.socket) -> None:
        asked = seen.headers["range"].removeprefix("bytes=")
        first, _, last = asked.partition("-")
        at = int(first) if first else max(0, len(content) - int(last))
        end = len(content) if not (first and last) else min(int(last) + 1, len(content))
        if at >= len(content):
            connection.sendall(answer(416, b"no"))
            return
        place = f"bytes {at}-{end - 1}/{len(content)}"
        connection.sendall(answer(206, content[at:end], Content_Range=place, **headers))

    return run
