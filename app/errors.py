"""Everything that can go wrong here: one small tree, and the HTTP status of each in one table.

The text of an error is for the person who has to mend it. It never holds a secret.
"""

from collections.abc import Iterable, Mapping


class GavelError(Exception):
    """The root: catch this for anything that Gavel itself raises."""


class SettingsError(GavelError):
    """Settings are missing or wrong. Mend every line of `problems`, then start again."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} setting{'s' if count != 1 else ''} to mend:"
        super().__init__("\n".join([head, *(f"  - {problem}" for problem in self.problems)]))


class Refused(GavelError):
    """A request was not accepted, and nothing of it was stored. The subclass says why."""

    retry = False
    """May the same request succeed later without anybody changing anything?"""


class Unusable(Refused):
    """Correct the request: the message names the field and what it must be."""


class Unauthorized(Refused):
    """Send `Authorization: Bearer TOKEN` with a token of TRIGGER_TOKEN, or of `gavel token`."""


class Forbidden(Refused):
    """The sender may not do this: see the message for the setting that decides it."""


class SignatureRefused(Forbidden):
    """Sign with a token of PLIVO_AUTH_TOKEN over PUBLIC_URL, or mend these two settings."""


class NotFound(Refused):
    """Nothing is here under this address or name."""


class MethodNotAllowed(Refused):
    """Use one of the methods that the header `Allow` lists."""


class TooLarge(Refused):
    """Send less: a body may have 64 KiB, that of a transcript 1 MiB."""


class Conflict(Refused):
    """What was asked for does not fit what is there any more: look again, then ask again."""


class Elsewhere(Refused):
    """Another host did not give what was asked of it: see the message."""


class Unavailable(Refused):
    """Redis could not store it: send it again in a moment."""

    retry = True


class Busy(Unavailable):
    """The threads for people's requests are busy: ask again in a moment."""


class NotYet(Unavailable):
    """No worker has loaded the rules yet: send it again in a moment. Usual while all starts."""


STATUS: Mapping[type[Refused], int] = {
    Unusable: 400,
    Unauthorized: 401,
    Forbidden: 403,
    SignatureRefused: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    Conflict: 409,
    TooLarge: 413,
    Elsewhere: 502,
    Unavailable: 503,
    NotYet: 503,
    Busy: 503,
}
