"""Callers who are asked for a PIN: what they are answered, first and to their digits.

What was entered is compared and forgotten: it is in no log, no journal and no address. Tries are
counted before they are compared, so none is free; while Redis is away nobody gets in.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from app.callers.joining import PROVED, Caller, Entry
from app.callers.pins import MOST, MOST_OF_CALLER, SECONDS, AskPin, PinUnset, role_of
from app.domain.event import Event, new_id
from app.domain.redaction import mask_phone
from app.errors import SettingsError, Unavailable, Unusable
from app.logs import step
from app.metrics.catalogue import PIN_TRIES
from app.metrics.counting import Counts
from app.plivo.answer_xml import entry_xml
from app.plivo.pin_xml import TRY, ask_xml, closed_xml
from app.plivo.signature import PlivoRequest
from app.settings import Settings, named_secret
from app.store.inbox import Inbox
from app.store.published_rules import Published
from app.web.pin_tries import Closes, PinTries

log = logging.getLogger("gavel.receive")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that is to be answered: to which conference, by whom, the request, the rules, the
    entry that is the caller's, and when (seconds since the epoch)."""

    conference: str
    caller: Caller
    given: PlivoRequest
    rules: Published
    entry: Entry
    now: float

    @property
    def number(self) -> str:
        """Who calls, "" when that is not told."""
        return self.caller.get("member.from", "")


class PinDoor:
    """Asks for PINs and looks at them."""

    def __init__(self, settings: Settings, inbox: Inbox, counts: Counts) -> None:
        self._url, self._inbox, self._counts = settings.public_url, inbox, counts
        self._tries = PinTries(inbox.redis)

    def asks(self, call: Asked) -> str:
        """The first answer to a caller whose entry asks for a PIN."""
        ask = AskPin.of(call.entry.options["ask_pin"])
        _pins(ask)  # who can not be let in is not asked
        if not self._tries.is_open(call.number, call.conference):
            return self._turned_away(ask, call)
        return ask_xml(ask, self._url, call.conference, 1, _query(call.caller))

    def hears(self, call: Asked) -> str:
        """The answer to digits that were entered."""
        ask = AskPin.of(call.entry.options["ask_pin"])
        pins, number = _pins(ask), _try_of(call.given)
        name = call.given.nonce or new_id()  # the same request again is no other try
        taken = self._tries.take(call.number, call.conference, name)
        if not taken.allowed or number > ask.tries:
            return self._turned_away(ask, call)
        role = role_of(_field(call.given, "Digits"), pins)
        if role is not None:
            self._tries.give_back(call.number, call.conference, name)
            self._note("right", call)
            joins = _entry_of(call, role) if role else call.entry
            return entry_xml(self._url, call.conference, call.rules, joins, role)
        self._note("wrong", call)
        if taken.closes:
            self._close(call, taken.closes)
        if taken.closes or number >= ask.tries:
            return closed_xml(ask)
        return ask_xml(ask, self._url, call.conference, number + 1, _query(call.caller))

    def _turned_away(self, ask: AskPin, call: Asked) -> str:
        self._note("closed", call)
        return closed_xml(ask)

    def _close(self, call: Asked, to: Closes) -> None:
        """Said where people look: in the story of the conference and in the log."""
        of_all = to is Closes.EVERYBODY
        tries = MOST if of_all else MOST_OF_CALLER
        number = call.number or "callers without a number"
        data = {"tries": tries, "minutes": SECONDS // 60, "from": number}
        kind = "door.closed" if of_all else "door.closed_to_caller"
        self._inbox.accept(Event(new_id(), kind, call.conference, 0.0, "", data), identities=())
        told = {"conference": call.conference, "wrong_pins": tries, "caller": _shown(call)}
        step(log, "close", level=logging.WARNING, to=to.name.lower(), **told)

    def _note(self, outcome: str, call: Asked) -> None:
        self._counts.count(PIN_TRIES.field(outcome))
        self._counts.write_soon()
        step(log, "pin", outcome=outcome, conference=call.conference, caller=_shown(call))


def _shown(call: Asked) -> str | None:
    """Who calls, for the log."""
    return mask_phone(call.number) if call.number else None


def _entry_of(call: Asked, role: str) -> Entry:
    """The first entry for who has this role; the one that asked comes among them."""
    caller = {**call.caller, PROVED: role}
    return call.rules.entry_for(call.conference, caller, call.now) or call.entry


def _pins(ask: AskPin) -> tuple[tuple[bytes, str], ...]:
    """Raises Unavailable: nobody is let in by a PIN that is not there."""
    try:
        return ask.pins(named_secret)
    except (PinUnset, SettingsError) as error:
        raise Unavailable(f"ask_pin: {error}") from None


def _query(caller: Caller) -> Mapping[str, str]:
    """What the answer URL's own query said; without the fields of Plivo's that a GET has there."""
    ours = {key.removeprefix("query."): v for key, v in caller.items() if key.startswith("query.")}
    return {key: value for key, value in ours.items() if key != TRY and not _is_plivos(key)}


def _is_plivos(name: str) -> bool:
    return name[:1].isupper()


def _try_of(given: PlivoRequest) -> int:
    found = {value for key, value in given.query if key == TRY}
    text = found.pop() if len(found) == 1 else ""
    if not text.isdecimal() or len(text) > 3:
        raise Unusable("the address is not one that asked for a PIN")
    return int(text)


def _field(given: PlivoRequest, name: str) -> str:
    found = {value for key, value in given.fields if key == name}
    if len(found) > 1:
        raise Unusable(f"{name} was given twice with different values")
    return found.pop() if found else ""
