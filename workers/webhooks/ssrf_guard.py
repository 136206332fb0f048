"""Where a webhook may go, and with which headers: what `app.fetching.places` says of its address,
as a call that failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.addresses import fits_header
from app.domain.call import Call
from app.fetching.places import Place, PlaceError, Resolve
from workers.conference.errors import WebhookError


def place_of(url: str) -> Place:
    """The address of a webhook, taken apart. Raises WebhookError (permanent)."""
    with _told():
        return Place.of(url)


def addresses_of(place: Place, resolve: Resolve, *, allow_private: bool) -> list[str]:
    """Where it may be connected to, best first, never none. Raises WebhookError."""
    with _told():
        return place.addresses(resolve, allow_private=allow_private)


def headers_of(call: Call) -> dict[str, str]:
    """The headers that the rule adds. Raises WebhookError (permanent) for what none can carry."""
    headers = {str(name): str(value) for name, value in call.params.get("headers", {}).items()}
    if not all(map(fits_header, headers.values())):
        said = "the webhook was not sent: a header has characters that it can not"
        raise WebhookError(said, kind="permanent", sent="no")
    return headers


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except PlaceError as error:
        if error.may_pass:
            raise WebhookError(str(error), kind="temporary", sent="no") from None
        said = f"the webhook was not sent: {error}"
        raise WebhookError(said, kind="permanent", sent="no") from None
