"""The options behind the `?` of REDIS_URL: one entry each, and why the others are refused."""

import math
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.connection import URL_QUERY_ARGUMENT_PARSERS, to_bool

LONGEST_TIMEOUT = 3600.0
SECRET = frozenset({"password", "ssl_password", "sentinel_password"})
_FLAGS = frozenset({"true", "false", "yes", "no", "1", "0"})


@dataclass(frozen=True, slots=True)
class Option:
    """`fits` is asked with the value as the library reads it. `scheme`: the beginning of those
    that the option is for."""

    fits: Callable[[Any], bool]
    must_be: str
    scheme: str = ""


def _is_file(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.R_OK)


def _is_tls_version(number: int) -> bool:
    return number in {version.value for version in ssl.TLSVersion}


_TEXT = Option(bool, "a text")
_FLAG = Option(lambda _: True, "true or false")
_SECONDS = Option(
    lambda seconds: math.isfinite(seconds) and 0 < seconds <= LONGEST_TIMEOUT,
    f"seconds, above 0 and at most {LONGEST_TIMEOUT:.0f}, such as 2.5",
)
_TLS_FILE = Option(_is_file, "a file that can be read", "rediss")

OPTIONS: Mapping[str, Option] = {
    "db": Option(lambda number: number >= 0, "a whole number"),
    "username": _TEXT,
    "password": _TEXT,
    "client_name": Option(lambda text: text.isprintable() and " " not in text, "without blanks"),
    "protocol": Option(lambda number: number in (2, 3), "2 or 3"),
    "retry_on_timeout": _FLAG,
    "health_check_interval": Option(
        lambda seconds: 0 <= seconds <= LONGEST_TIMEOUT, "whole seconds"
    ),
    "socket_timeout": _SECONDS,
    "socket_connect_timeout": _SECONDS,
    "socket_keepalive": Option(lambda _: True, "true or false", "redis"),
    "ssl_cert_reqs": Option(
        lambda word: word in ("none", "optional", "required"),
        "none, optional or required",
        "rediss",
    ),
    "ssl_check_hostname": Option(lambda _: True, "true or false", "rediss"),
    "ssl_ca_certs": _TLS_FILE,
    "ssl_ca_path": Option(os.path.isdir, "a folder", "rediss"),
    "ssl_certfile": _TLS_FILE,
    "ssl_keyfile": _TLS_FILE,
    "ssl_password": Option(bool, "a text", "rediss"),
    "ssl_min_version": Option(_is_tls_version, "771 for TLS 1.2 or 772 for TLS 1.3", "rediss"),
}

REASONS: Mapping[str, str] = {
    "decode_responses": "Gavel reads bytes",
    "encoding": "Gavel writes UTF-8",
    "encoding_errors": "Gavel writes UTF-8",
    "legacy_responses": "it changes the shape of answers",
    "max_connections": "WORKER_THREADS and WEB_THREADS say how many there are",
    "retry_on_error": "Gavel knows which errors pass",
    "timeout": "REDIS_TIMEOUT says how long an answer is waited for",
    "ssl": "rediss://, rediss+sentinel:// or rediss+cluster:// is TLS",
    "tag": "it is for redis+cluster:// only",
}


def check_options(pairs: Sequence[tuple[str, str]], scheme: str) -> None:
    """Raises ValueError, with words that fit behind "REDIS_URL must be", for an option that is not
    known, not for this scheme, or has no value that the library can use."""
    named = not SECRET & {name for name, _ in pairs}  # else a name may be the rest of a password
    for name, text in pairs:
        option = OPTIONS.get(name)
        if option is None:
            raise ValueError(_refusal(name) if named or name in REASONS else _refusal(""))
        if not scheme.startswith(option.scheme):
            where = "TCP" if option.scheme == "redis" else "TLS (rediss://…)"
            raise ValueError(f"without the option {name}, which is for {where} only")
        if not _fits(name, text, option):
            raise ValueError(f"an address in which {name} is {option.must_be}")


def _fits(name: str, text: str, option: Option) -> bool:
    parse: Any = URL_QUERY_ARGUMENT_PARSERS.get(name, str)
    if parse is to_bool:  # it takes every text for true
        return text.lower() in _FLAGS
    try:
        return bool(text) and option.fits(parse(text))
    except ValueError:
        return False


def _refusal(name: str) -> str:
    if reason := REASONS.get(name):
        return f"without the option {name}: {reason}"
    known = ", ".join(OPTIONS)
    named = f"the option {name!r}" if name else "an option"
    hint = "" if name else " (or percent-encode the password: & is %26)"
    return f"without {named} that is not known here{hint}; known are {known}"
