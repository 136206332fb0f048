"""A request of the usual kind as WSGI has it, read without gunicorn's parser.

Usual is a `POST` whose head is printable ASCII, says how long its body is and says nothing twice,
and whose body is all that follows. What this admits, gunicorn reads alike
(`tests/app/server/test_usual_request.py`); all else is left to it.
"""

import re
from io import BytesIO
from typing import Any

LONGEST_HEAD = 8190
"""Bytes, which is what gunicorn allows one field; and so many fields it allows:"""
MOST_FIELDS = 64

_HEAD = re.compile(
    rb"POST (/[A-Za-z0-9/._~-]*)(?:\?([!-\"$-~]*))? HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n"
)
_FIELD = re.compile(r"([^:]+):[\t ]*(.*?)[\t ]*\r\n")
_LENGTH = re.compile("[0-9]{1,7}")
_FOR_GUNICORN = {"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "TRAILER"}

Environ = dict[str, Any]


def usual(data: bytes | bytearray) -> tuple[Environ, bool] | None:
    """What the request says, as far as it is needed to read a callback, and whether its connection
    stays open; None for a request that is not usual."""
    head = _HEAD.match(data)
    if head is None or head.end() > LONGEST_HEAD:
        return None
    said = _FIELD.findall(head[3].decode("ascii"))
    fields = {name.upper(): value for name, value in said}
    if len(fields) != len(said) or len(said) > MOST_FIELDS or _FOR_GUNICORN & fields.keys():
        return None
    length = fields.pop("CONTENT-LENGTH", "")
    if not _LENGTH.fullmatch(length) or int(length) != len(data) - head.end():
        return None
    connection = fields.get("CONNECTION", "keep-alive").lower()
    if connection not in ("keep-alive", "close"):
        return None
    path, query = head[1].decode("ascii"), (head[2] or b"").decode("ascii")
    environ: Environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "RAW_URI": path if head[2] is None else f"{path}?{query}",
        "CONTENT_TYPE": fields.pop("CONTENT-TYPE", ""),
        "CONTENT_LENGTH": length,
        "wsgi.input": BytesIO(data[head.end() :]),
    }
    for name, value in fields.items():
        environ["HTTP_" + name.replace("-", "_")] = value
    return environ, connection == "keep-alive"
