"""How a call to the outside failed: the one value that `workers.conference.retry` decides on.

The adapter that made the call (workers/plivo, workers/webhook) knows whether the failure is
temporary and whether the request can have had an effect; nobody else guesses.
"""

from typing import Literal, Self

from app.errors import GavelError

Kind = Literal["temporary", "permanent", "gone"]
Sent = Literal["no", "maybe", "yes"]


class CallError(GavelError):
    """A call failed; the text says what was asked and what came back, without secrets.

    kind: "temporary" (the same request may succeed later), "permanent" (it never will), "gone"
    (what it was meant for is not there).
    sent: "no" (nothing reached the other side), "maybe" (it may have been carried out, nobody
    told us), "yes" (it was answered).
    status: the HTTP status, None when there was no answer.
    retry_after: seconds that the answer asked us to wait, None when it did not.
    died: whether it was not the call that failed, but the process that made it.
    ours: whether it is a mistake of Gavel's.
    request_ids: by what the provider knows the requests that it answered; its support asks for it.
    """

    died = False
    ours = False
    request_ids: tuple[str, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        kind: Kind,
        sent: Sent,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.sent: Sent = sent
        self.status = status
        self.retry_after = retry_after

    @classmethod
    def interrupted(cls) -> Self:
        """The process that made the call died before it recorded what came of it."""
        text = "the worker died while this call was under way"
        error = cls(text, kind="temporary", sent="maybe")
        error.died = True
        return error


class Expired(CallError):
    """The call was not made: its time was over when it could have gone out."""


class PlivoError(CallError):
    """The Conference API did not do what was asked."""


class WebhookError(CallError):
    """A webhook's receiver did not take the message."""


class ArchiveError(CallError):
    """A recording was not copied to where the rule wants it."""

    @classmethod
    def for_now(
        cls, message: str, *, status: int | None = None, after: float | None = None
    ) -> Self:
        """It may go well later."""
        return cls(message, kind="temporary", sent="yes", status=status, retry_after=after)

    @classmethod
    def for_good(cls, message: str, *, status: int | None = None) -> Self:
        """A person has to mend something first."""
        return cls(message, kind="permanent", sent="yes", status=status)
