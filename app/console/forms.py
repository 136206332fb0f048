"""What forms have in common: a length of time, and being sent twice."""

from collections.abc import Mapping
from hashlib import blake2b
from secrets import token_urlsafe

from app.domain.durations import parse_duration
from app.errors import Unusable

Form = Mapping[str, str]


def seconds_of(form: Form, field: str, own: str = "") -> float:
    """The duration in that field; what was written into the field `own`, if anything, instead of a
    choice. Raises Unusable."""
    text = form.get(own, "").strip() or form.get(field, "").strip()
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Unusable(f"{field}: {error}") from None


def once() -> str:
    """A random number for a page, by which its forms are known when they are sent twice."""
    return token_urlsafe(12)


def wish(form: Form) -> str:
    """A form that is sent twice is one wish: the page's random number with what is wished for."""
    told = sorted((name, value) for name, value in form.items() if name != "token")
    return blake2b(repr(told).encode("utf-8", "replace"), digest_size=16).hexdigest()
