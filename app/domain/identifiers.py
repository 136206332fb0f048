"""Which texts can be the name of a conference or the id of a member.

Plivo says nothing of a conference name's characters (docs/plivo.md 11.22). Anything that can
be said in a URL, in XML and in one line is taken, `/` and emoji included. What would become another
address when a client shortens the path, or can not be written in the answer XML, is refused.
"""

import re

from app.errors import Unusable

LONGEST_NAME = 512
"""Characters. A longer name is answered 400: nobody reads it, and URLs end somewhere."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MEMBER_ID = re.compile(r"[0-9]{1,20}")


def checked_name(name: str, field: str) -> str:
    """The name as it is. Raises Unusable, which says `field`, when it can not be one."""
    if not name or name.isspace():
        raise Unusable(f"{field} is missing: it must be the name of the conference")
    if name in {".", ".."}:
        raise Unusable(f"{field} can not be {name!r}: it would become another address")
    if len(name) > LONGEST_NAME:
        raise Unusable(f"{field} has {len(name)} characters: at most {LONGEST_NAME} can be used")
    if not (name.isascii() and name.isprintable()) and _FORBIDDEN.search(name):
        raise Unusable(f"{field} holds a control character")
    return name


def checked_member(member_id: str, field: str) -> str:
    """The id as it is. Only decimal digits (docs/plivo.md 7.4): `all` or `1,2` as an id would
    make one member's rule act on others."""
    if not _MEMBER_ID.fullmatch(member_id):
        raise Unusable(f"{field} must be a number of at most 20 digits")
    return member_id
