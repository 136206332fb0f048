"""How the text of a setting becomes a value: strict, and an error says what would be right.

Every function takes the text and returns the value, or raises ValueError with words that fit
behind "NAME must be".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from app.domain.addresses import is_ip_address
from app.domain.durations import parse_duration

_RATE = re.compile(r"(\d+)/(.+)")
_QUOTES = tuple("\"'`\u201c\u201d\u2018\u2019")
_ASSIGNMENT = re.compile(r"(export\s+)?[A-Z][A-Z0-9_]*=[^=]")
_VARIABLE = re.compile(r"\$(\w+|\{.*\}|\(.*\))")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.?", re.ASCII)
_AUTH_ID = re.compile(r"[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any window of `seconds`."""

    calls: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.calls}/{self.seconds:g}s"


def text(value: str) -> str:
    return value


def boolean(value: str) -> bool:
    if value.lower() in {"true", "yes", "on", "1"}:
        return True
    if value.lower() in {"false", "no", "off", "0"}:
        return False
    raise ValueError("true or false")


def integer(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if re.fullmatch(r"\d{1,9}", value, re.ASCII) and low <= int(value) <= high:
            return int(value)
        raise ValueError(f"a whole number from {low} to {high}")

    return parse


def duration(value: str) -> float:
    """Seconds, above 0. Read as durations in the rules are."""
    try:
        seconds = parse_duration(value)
    except ValueError as error:
        raise ValueError(f"a duration such as 30s, 500ms or 1m30s ({error})") from None
    if seconds == 0:
        raise ValueError("a duration above 0s")
    return seconds


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A duration that is no shorter than this one."""

    shortest: str

    def __call__(self, value: str) -> float:
        seconds = duration(value)
        if seconds < parse_duration(self.shortest):
            raise ValueError(f"a duration of {self.shortest} or more")
        return seconds


def rate(value: str) -> Rate:
    found = _RATE.fullmatch(value)
    if found and int(found[1]) > 0:
        return Rate(int(found[1]), duration(found[2]))
    raise ValueError("a rate such as 300/5s")


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() in choices:
            return value.lower()
        raise ValueError("one of " + ", ".join(choices))

    return parse


def tokens(value: str) -> tuple[str, ...]:
    """Several, separated by commas: the old and the new one while they are rotated."""
    found = tuple(part.strip() for part in value.split(","))
    if not all(found):
        raise ValueError("one token, or several with commas between them, none empty")
    for part in found:
        require_plain_secret(part)
    if not all(part.isascii() and part.isprintable() and " " not in part for part in found):
        raise ValueError("made of printable ASCII characters without spaces")
    return found


def require_plain_secret(value: str) -> None:
    """Raises ValueError for what env files and editors leave around a secret."""
    if value.startswith("\ufeff"):
        raise ValueError("without the byte order mark (BOM) in front: save it as plain UTF-8")
    if value[:1] in _QUOTES or value[-1:] in _QUOTES:
        raise ValueError("without quotes: here they would be a part of it")
    if _ASSIGNMENT.match(value):
        raise ValueError("the secret alone, without NAME= in front of it")
    if _VARIABLE.fullmatch(value):
        raise ValueError("the secret itself, not a variable such as $NAME that nobody replaced")


def password(value: str) -> str:
    """One that people type, and that is not guessed at ten tries in a quarter of an hour."""
    if not 12 <= len(value) <= 1024 or not value.isprintable():
        raise ValueError("12 to 1024 printable characters")
    return value


def host(value: str) -> str:
    """A host to listen on: a name or an IP address, IPv6 also in brackets; answered without."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if is_ip_address(bare) or (bare == value and _HOST_NAME.fullmatch(value)):
        return bare
    raise ValueError("an address or host name alone, such as 127.0.0.1, 0.0.0.0 or ::")


def auth_id(value: str) -> str:
    if not _AUTH_ID.fullmatch(value):
        raise ValueError("the Auth ID of the Plivo console: MA or SA and 18 letters and digits")
    return value


def web_url(value: str) -> str:
    """`http(s)://host[:port][/path]` without a slash at the end."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isascii() or re.search(r"[\s?#@]", value):
        raise ValueError("a URL such as https://gavel.example.com, no query, no password in it")
    return value.rstrip("/")


def origin(value: str) -> str:
    """`http(s)://host[:port]`."""
    found = web_url(value)
    if urlsplit(found).path:
        raise ValueError("a URL without a path, such as https://console.example.com")
    return found


def issuer(value: str) -> str:
    """An OpenID Connect issuer as it names itself, a slash at its end included; https, but for one
    on this machine."""
    found = web_url(value)
    loopback = (urlsplit(found).hostname or "") in ("127.0.0.1", "localhost", "::1")
    if not (found.startswith("https://") or loopback):
        raise ValueError("an https address, such as https://id.example.com/realms/acme")
    return value


def roles(value: str) -> tuple[tuple[str, str], ...]:
    """`admin=gavel-admins, operator=oncall`: each role with what somebody must have for it. What
    follows a role may have commas and `=` in it, as names of directories do."""
    parts = re.split(r",\s*(?=(?:viewer|operator|admin)=)", value)
    found = [re.fullmatch(r"(viewer|operator|admin)=\s*(\S.*?)\s*", part) for part in parts]
    if not all(found) or not value.isprintable():
        raise ValueError("roles with what gives them, such as admin=gavel-admins, operator=oncall")
    return tuple((one[1], one[2]) for one in found if one)


def share(value: str) -> float:
    """A part of all, from 0 to 1."""
    if re.fullmatch(r"[01]|[01]?\.\d{1,6}", value, re.ASCII) and float(value) <= 1:
        return float(value)
    raise ValueError("a number from 0 to 1, such as 0.1")


def dsn(value: str) -> str:
    """Sentry's address for errors, with the key in it."""
    if not re.fullmatch(r"https?://[\w:-]+@[\w.\[\]:-]+/(\S+/)?\d+", value, re.ASCII):
        raise ValueError("the DSN of Sentry's project, such as https://KEY@sentry.example.com/1")
    return value


def of_extra(extra: str, module: str, parse: Callable[[str], str]) -> Callable[[str], str]:
    """A setting that needs more than Gavel itself brings."""

    def parsed(value: str) -> str:
        try:
            found = find_spec(module)
        except ModuleNotFoundError:  # of what it is in
            found = None
        if found is None:
            raise ValueError(f"left out, or its extra be installed: pip install 'gavel[{extra}]'")
        return parse(value)

    return parsed


def redis_url(value: str) -> str:
    """Read by the library that uses it, which is loaded only where the setting is given."""
    from app.store.server.address import read_address

    read_address(value)
    return value


def redis_secrets(value: str) -> tuple[str, ...]:
    """The passwords in a REDIS_URL."""
    from app.store.server.address import read_address

    return read_address(value).secrets()
