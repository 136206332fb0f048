"""What is hidden from logs, the journal's reasons and terminals, or made harmless, and how.

Secrets, signatures, bearer tokens and passwords in URLs are replaced by a word in brackets. A
phone number keeps its last four digits: `…0101`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

# A UUID is matched to be left as it is: its groups may happen to be all digits.
PHONE = re.compile(
    r"(?<![0-9a-fA-F-])(?P<uuid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?![0-9a-fA-F-])"
    r"|\+\d(?:[ ().-]{0,2}\d){6,14}"  # +1 (415) 555-0100
    r"|(?:(?<![0-9a-fA-F%])|(?<=%[0-9a-fA-F]{2}))"  # 14155550100, also in a URL's %2B14155550100,
    r"\d{7,15}(?![0-9a-fA-F])"  # not part of an id in hex
)
SIGNATURE = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=")
CREDENTIALS = re.compile(
    r"(?P<head>\b(?:bearer|basic)\s+|\b(?:auth_?token|password|secret|token)[\"']?\s*[=:]\s*[\"']?)"
    r"(?P<value>[^\s\"',;&]+)",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\s\"'`=,.;:&?!@/<>()\[\]{}\\]{8,}")
URL_LOGIN = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)")


_hidden: frozenset[str] = frozenset()


def hide(secrets: Iterable[str]) -> None:
    """From now on these are secrets, too, to all that redact, in place of those that were hidden so
    before. There may be thousands: a text is looked through once, whatever their number, so only
    their parts of eight signs and more are found."""
    global _hidden
    ways = (way for secret in secrets for way in _written(secret))
    _hidden = frozenset(word for way in ways for word in WORD.findall(way))


class Redaction:
    """Takes out of a text what no log and no terminal may show.

    `secrets` are the configured ones, found however they are quoted or encoded; those shorter than
    four characters are not looked for. `numbers`: telephone numbers stay.
    """

    def __init__(self, secrets: Iterable[str] = (), *, numbers: bool = False) -> None:
        self._numbers = numbers
        found = {way for secret in secrets if len(secret) >= 4 for way in _written(secret)}
        known = sorted(found, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub("[secret]", text)
        if hidden := _hidden:
            text = WORD.sub(lambda word: "[secret]" if word[0] in hidden else word[0], text)
        text = URL_LOGIN.sub("[login]", text)
        text = SIGNATURE.sub("[signature]", text)
        text = CREDENTIALS.sub(r"\g<head>[secret]", text)
        return text if self._numbers else mask_phones(text)


def _written(secret: str) -> Iterator[str]:
    """The ways in which a secret comes in texts: as it is, in JSON, in a Python repr, in a URL."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield secret.encode("unicode_escape").decode()
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)


def safe(text: str) -> str:
    """Everything that could steer a terminal, or turn the direction of a line, as an escape."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )


def mask_phones(text: str) -> str:
    """A text with its phone numbers masked. UUIDs stay as they are."""
    return PHONE.sub(_masked, text)


def mask_phone(number: str) -> str:
    """`+1 (415) 555-0101` as `…0101`, a name or address by its last four characters too.

    `short` when there is nothing to leave out.
    """
    digits = re.sub(r"\D", "", number)
    end = (digits if len(digits) > 4 else number.strip())[-4:]
    return f"…{end}" if len(number) > 4 else "short"


def _masked(found: re.Match[str]) -> str:
    return found[0] if found["uuid"] else mask_phone(found[0])
