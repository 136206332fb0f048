"""Looking for a text in which telephone numbers may be, without telling them digit by digit.

Who may not see numbers finds what they are shown: a text with its numbers masked, so the last four
digits of each; and a whole number, which they must know already. Who may see them finds any part.
"""

import re

from app.callers.phones import plain_phone
from app.domain.redaction import PHONE, mask_phones

SHOWN_DIGITS = 4
"""So many digits at its end are shown of a number to everybody."""
_WHOLE = re.compile(r"[1-9][0-9]{7,14}", re.ASCII)


def whole_number(q: str) -> str:
    """The digits of a whole number with its country code, however it is written; "" for else."""
    plain = str(plain_phone(q.strip()))
    return plain if _WHOLE.fullmatch(plain) else ""


def is_in(q: str, text: str, *, numbers: bool) -> bool:
    """Is `q` a part of that text, in any case? `numbers`: asked by who may see them."""
    sought = q.strip().casefold()
    if not sought or (numbers and sought in text.casefold()):
        return True
    return not numbers and (
        sought.lstrip("…") in mask_phones(text).casefold() or has_number(q, text)
    )


def has_number(q: str, text: str) -> bool:
    """Is `q` a whole number that stands in that text, from its first digit to its last?"""
    wanted = whole_number(q)
    if not wanted:
        return False
    found = (one[0] for one in PHONE.finditer(text) if not one["uuid"])
    return any(plain_phone(one) == wanted for one in found)


def is_of(q: str, number: str, *, numbers: bool) -> bool:
    """Is `q` (four digits or more) of that telephone number: a part of it, for who may not see
    `numbers` its last four digits or the whole?"""
    part = str(plain_phone(q.strip().lstrip("…")))
    if not (part.isascii() and part.isdecimal()) or len(part) < SHOWN_DIGITS:
        return False
    plain = str(plain_phone(number))
    if numbers:
        return part in plain
    ends = len(part) == SHOWN_DIGITS and plain.endswith(part)
    return ends or (part == plain and bool(whole_number(plain)))
