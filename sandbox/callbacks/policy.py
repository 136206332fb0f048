"""How Plivo delivers a callback: time-outs and retries by the URL's fragment (docs/plivo.md 6)."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_BOUNDS = {"ct": (100, 10_000), "rt": (100, 40_000), "tt": (100, 55_000), "rc": (0, 5)}
_RETRIES = {"4xx", "5xx", "ct", "rt"}


@dataclass(frozen=True, slots=True)
class Policy:
    """`#ct=…&rt=…&tt=…&rc=…&rp=…`: milliseconds, a count, and what is tried again."""

    connect_ms: int = 2_000
    read_ms: int = 40_000
    total_ms: int = 55_000
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct", "rt"})

    def retries_status(self, status: int) -> bool:
        """Whether an answer of this status is tried again; 2xx and 3xx never are."""
        return f"{status // 100}xx" in self.retry_on


ANSWER = Policy(total_ms=60_000, retries=2, retry_on=frozenset(_RETRIES))
"""An answer URL without a fragment: three tries, or 60 s (docs/plivo.md 23.3)."""


def split_url(url: str, without: Policy | None = None) -> tuple[str, Policy]:
    """The address without its fragment, and the policy the fragment asks for.

    Values out of bounds, unknown keys and broken numbers fall back to the default; where there is
    no fragment, the policy is `without`, if one is given.
    """
    parts = urlsplit(url)
    if without is not None and not parts.fragment:
        return url, without
    asked = dict(pair.partition("=")[::2] for pair in parts.fragment.split("&"))
    default = Policy()
    policy = Policy(
        connect_ms=_number(asked, "ct", default.connect_ms),
        read_ms=_number(asked, "rt", default.read_ms),
        total_ms=_number(asked, "tt", default.total_ms),
        retries=_number(asked, "rc", default.retries),
        retry_on=_retry_on(asked.get("rp", "ct,rt")),
    )
    return urlunsplit(parts._replace(fragment="")), policy


def _number(asked: dict[str, str], key: str, default: int) -> int:
    low, high = _BOUNDS[key]
    text = asked.get(key, "")
    if not text.isdecimal():
        return default
    return int(text) if low <= int(text) <= high else default


def _retry_on(text: str) -> frozenset[str]:
    names = {name.strip() for name in text.split(",")}
    return frozenset(_RETRIES if "all" in names else names & _RETRIES)
