"""The conferences of which something is known, by name: for what people may have mistyped."""

from collections.abc import Iterable

from redis import Redis

from app.domain.redaction import safe
from app.domain.suggest import did_you_mean
from app.errors import GavelError
from app.store import keys
from app.store.journal import Journal


class NothingKnown(GavelError):
    """Nothing is known of that conference: `gavel conferences --all` lists those that are known."""


def require_known(redis: Redis, conference: str | None) -> None:
    """Raises NothingKnown for a name that is in no journal; none given is fine."""
    if conference is None or redis.hexists(keys.NAMES, keys.conference_key(conference)):
        return
    known = [safe(name) for name, _ in Journal(redis).conferences()]
    near = did_you_mean(safe(conference), known)
    raise NothingKnown(f"nothing is known of {safe(conference)!r}{near}")


def require_all(wanted: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raises NotListed, which names each that is not among the known."""
    missing = sorted(set(wanted) - set(known))
    if missing:
        raise NotListed(f"{', '.join(map(safe, missing))}: {what}")


class NotListed(GavelError):
    """There is nothing of that id: the message says which command lists what there is."""
