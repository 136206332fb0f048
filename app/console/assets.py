"""The style and the script of the console, out of the package, kept by browsers for good: their
address changes with what is in them."""

from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

from flask import Response
from werkzeug.exceptions import NotFound

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
NAMES = ("console.css", "console.js")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its name with what tells its content, its bytes, its type."""

    name: str
    body: bytes
    content_type: str


class Assets:
    """Read once, when the application is made."""

    def __init__(self) -> None:
        self._by_plain = {name: _read(name) for name in NAMES}
        self._by_name = {one.name: one for one in self._by_plain.values()}

    def address(self, name: str) -> str:
        """The name under which a page asks for it."""
        return self._by_plain[name].name

    def answer(self, name: str) -> Response:
        """Raises NotFound."""
        found = self._by_name.get(name)
        if found is None:
            raise NotFound
        response = Response(found.body, content_type=found.content_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _read(name: str) -> Asset:
    body = files("app.console").joinpath("static", name).read_bytes()
    stem, _, ending = name.rpartition(".")
    told = blake2b(body, digest_size=6).hexdigest()
    return Asset(f"{stem}-{told}.{ending}", body, TYPES[ending])
