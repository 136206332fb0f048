"""Where a webhook may go: what `app.fetching.places` says of its address, as a call that failed."""

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except PlaceError as error:
        if error.may_pass:
            raise WebhookError(str(error), kind="temporary", sent="no") from None
        said = f"the webhook was not sent: {error}"
        raise WebhookError(said, kind="permanent", sent="no") from None
