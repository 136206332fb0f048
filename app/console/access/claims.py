"""Who somebody is by what an issuer says of them: the name for the audit, and the role."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.console.access.roles import ROLES
from app.domain.redaction import safe
from app.errors import GavelError
from app.settings import Settings

Claims = Mapping[str, Any]

LONGEST_NAME = 60
TAKEN = ("", "admin", "somebody")
"""Names that the audit has for others."""


class IssuerAway(GavelError):
    """The issuer does not answer, or not as an issuer does: the message says which."""


class NotBelieved(GavelError):
    """What came back is no proof of who somebody is: the message says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """`role` is "" for none; `subject` is by what the issuer knows them for good."""

    name: str
    role: str
    subject: str


def person_of(claims: Claims, settings: Settings) -> Person:
    """Of several roles the highest; values are compared whole, as they stand."""
    subject = safe(str(claims["sub"]))[:255]
    has = _values(claims, settings.oidc_role_claim)
    roles = [role for role, value in settings.oidc_roles if value in has]
    return Person(
        _name(claims, settings.oidc_name_claim) or subject[:LONGEST_NAME],
        max(roles, key=ROLES.index, default=""),
        subject,
    )


def claim(claims: Claims, name: str) -> Any:
    """A claim by its name; where there is none of that name, dots in it lead into objects."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _values(claims: Claims, name: str) -> list[str]:
    """An address of mail gives a role only if the issuer knows whose it is."""
    found = claim(claims, name)
    if name == "email" and claims.get("email_verified") is not True:
        return []
    values = found if isinstance(found, list) else [found]
    return [one for one in values if isinstance(one, str)]


def _name(claims: Claims, name: str) -> str:
    """ "" for what is no name, or one that somebody may have given themselves."""
    found = claim(claims, name)
    if not isinstance(found, str) or not found.isprintable() or len(found) > LONGEST_NAME:
        return ""
    if name == "email" and claims.get("email_verified") is False:
        return ""
    return "" if found.strip().casefold() in TAKEN else found.strip()
