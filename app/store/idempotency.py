"""An `Idempotency-Key`: the same request sent twice is stored once."""

import json
from dataclasses import replace
from hashlib import blake2b

from app.domain.event import Event
from app.errors import Unusable
from app.store.inbox import Accepted, Identity, Inbox

KEY_SECONDS = 86400
"""How long a key is remembered."""
LONGEST_KEY = 255


def named(event: Event, key: str, whose: str = "") -> Event:
    """The event under the id that it has by this key, which tells what the key was first used for,
    so that one that is used for something else is not taken for a repeat. `whose` keeps the keys of
    different senders apart. Raises Unusable for a key that can be none."""
    if not key:
        return event
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Unusable(f"Idempotency-Key must be at most {LONGEST_KEY} printable characters")
    text = f"{whose}{key}\n{event.conference}\n{json.dumps(event.data, sort_keys=True)}"
    return replace(event, id=f"evt-{blake2b(text.encode(), digest_size=8).hexdigest()}")


def accept_once(inbox: Inbox, event: Event, key: str, whose: str = "", audit: str = "") -> Accepted:
    """Accept a `named` event unless its key did so before. Raises Unusable when the key was used
    for something else, and RedisError."""
    identities = (Identity(f"idempotency:{whose}{key}", KEY_SECONDS),) if key else ()
    accepted = inbox.accept(event, identities=identities, audit=audit)
    if accepted.event_id != event.id:
        raise Unusable("Idempotency-Key was used before, with another name or body")
    return accepted
