"""What callbacks tell of a member: one entry a fact, from how Plivo spells it to what rules see.

The receiver's schemas, the names of rules, the kinds of events, the state, the editors' schema and
the reference are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """`spelled` are Plivo's names for it, that of its documentation first; it is a text. `type`,
    `doc`, `values` and `meant` are as of a `Field` (`workers.rules.vocabulary.names`)."""

    spelled: tuple[str, ...]
    type: str
    doc: str
    values: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


ROLE = "role"
"""It comes in the query of our own callback URL, and is believed where that is signed only."""

FACTS: Mapping[str, Fact] = {
    "from": Fact(
        ("From",),
        "phone",
        "Who calls: a number or a SIP address.",
        meant=("number", "phone"),
    ),
    "to": Fact(("To",), "phone", "Whom they called."),
    "caller_name": Fact(
        ("CallerName",),
        "text",
        "The caller's name, when the call carries one.",
        meant=("name",),
    ),
    "direction": Fact(
        ("Direction",), "text", "`inbound` or `outbound`.", values=("inbound", "outbound")
    ),
    "call_uuid": Fact(("CallUUID", "call_uuid"), "text", "Plivo's id of the call."),
    ROLE: Fact(
        (ROLE,),
        "text",
        "What the caller is here: the `role` of the entry of `conferences` they came by, or that "
        "which the callback URL of their own XML says (`?role=guest`).",
    ),
}
