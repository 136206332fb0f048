"""An `Idempotency-Key`: the same request sent twice is stored once."""

import json
from dataclasses import replace
from hashlib import blake2b

from app.domain.event import Event
from app.errors import Unusable
from app.store.inbox import Identity, Inbox

KEY_SECONDS = 86400
"""How long a key is remembered."""
LONGEST_KEY = 255


def accept_once(inbox: Inbox, event: Event, key: str, whose: str = "") -> str:
    """Accept the event unless this key did so before; the event's id. `whose` keeps the keys of
    different senders apart. Raises Unusable for a key that can be none, and for one that was used
    for something else; and RedisError."""
    if not key:
        inbox.accept(event, identities=())
        return event.id
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Unusable(f"Idempotency-Key must be at most {LONGEST_KEY} printable characters")
    # The id tells what the key was first used for, so that a key that is used for something
    # else is not taken for a repeat.
    text = f"{whose}{key}\n{event.conference}\n{json.dumps(event.data, sort_keys=True)}"
    own = f"evt-{blake2b(text.encode(), digest_size=8).hexdigest()}"
    identity = Identity(f"idempotency:{whose}{key}", KEY_SECONDS)
    accepted = inbox.accept(replace(event, id=own), identities=(identity,))
    if accepted.event_id != own:
        raise Unusable("Idempotency-Key was used before, with another name or body")
    return own
