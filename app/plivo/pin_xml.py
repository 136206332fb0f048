"""The XML that asks for a PIN (docs/plivo.md 22.1)."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from app.callers.pins import LONGEST, AskPin
from app.plivo.elements import HANGUP, document, speak, wrapping
from app.plivo.urls import RETRIES

TRY = "pin_try"
"""In the query of our address, signed as all of it: which try of this call it is."""


def ask_xml(
    ask: AskPin, public_url: str, conference: str, number: int, query: Mapping[str, str]
) -> str:
    """Ask for try `number`, counted from 1. `query` is what the answer URL's own query said."""
    attributes = {
        "action": pin_url(public_url, conference, number, query),
        "method": "POST",
        "numDigits": str(ask.digits or LONGEST),
        "finishOnKey": "#",
        "timeout": "10",
        "digitTimeout": "5",
        "retries": "2",  # attempts or further ones, nobody knows (docs/plivo.md 27.9)
        "validDigits": "0123456789",
        "log": "false",  # Plivo is not to keep what was entered
    }
    before = "" if number == 1 else speak(ask.wrong)
    asking = wrapping("GetDigits", before + speak(ask.prompt), attributes)
    return document(asking, speak(ask.closed), HANGUP)  # when nothing was entered, it goes on here


def closed_xml(ask: AskPin) -> str:
    """Whoever may not try again is told so."""
    return document(speak(ask.closed), HANGUP)


def pin_url(public_url: str, conference: str, number: int, query: Mapping[str, str]) -> str:
    """Where the digits are sent."""
    fields = urlencode(sorted({**query, TRY: str(number)}.items()), quote_via=quote)
    return f"{public_url}/plivo/pin/{quote(conference, safe='')}?{fields}{RETRIES}"
