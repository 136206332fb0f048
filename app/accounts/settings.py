"""The settings of one account: the service's own, with what its entry says in their place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from app.settings import OIDC, Settings
from app.store.server.address import in_space_of

ADDRESS = "/a/"
"""What the addresses of an account have in front of its name, behind PUBLIC_URL."""

OWN = (
    *("plivo_auth_id", "plivo_auth_token", "plivo_api_url", "plivo_rate", "rules_file"),
    *("trigger_token", "admin_password", "numbers"),
    *("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_roles"),
    *("oidc_role_claim", "oidc_name_claim", "oidc_scopes"),
    *("signature_conference", "signature_recording"),
    *("signature_transcription", "signature_answer"),
    *("keep_journal", "keep_recordings", "keep_transcripts", "keep_audit"),
    *("sftp_password", "sftp_key", "sftp_known_hosts"),
)
"""What an entry may say; all the rest is of the whole service."""

_NEVER_THE_SERVICES = ("trigger_token", "admin_password", "sftp_password", "sftp_key")
"""Who has these of the service has nothing of an account."""
_DEFAULTS = {entry.name: entry.default for entry in fields(Settings)}


class Siblings:
    """What the other accounts of the same main account sign with, and of a main account what its
    subaccounts do: kept up to date as the file changes."""

    __slots__ = ("tokens",)

    def __init__(self, tokens: tuple[str, ...] = ()) -> None:
        self.tokens = tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class AmongMany(Settings):
    """Those of one account beside others."""

    siblings: Siblings = field(
        default_factory=Siblings, compare=False, repr=False, metadata={"secret": False}
    )

    def foreign_tokens(self) -> tuple[str, ...]:
        own = self.plivo_auth_token
        return tuple(token for token in self.siblings.tokens if token not in own)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings(AmongMany):
    """`plivo_auth_token` ends with the tokens of the main account, which sign Ma-V3."""

    account: str = field(default="", metadata={"secret": False})


def of_service(base: Settings, siblings: Siblings) -> AmongMany:
    """Those of the service's own account, beside the accounts of the file."""
    return AmongMany(siblings=siblings, **{name: getattr(base, name) for name in _DEFAULTS})


def settings_of(
    base: Settings,
    name: str,
    said: Mapping[str, Any],
    main: tuple[str, ...],
) -> AccountSettings:
    """The settings of an account whose entry has `said` these. `main` are the tokens of its main
    account; whose siblings it has is not known yet."""
    values = {name: getattr(base, name) for name in _DEFAULTS}
    forgotten = [*_NEVER_THE_SERVICES, *(() if said.get("oidc_roles") else map(str.lower, OIDC))]
    if "oidc_issuer" in said or "oidc_client_id" in said:  # else it would go to another issuer
        forgotten.append("oidc_client_secret")
    values |= {forgot: _DEFAULTS[forgot] for forgot in forgotten}
    values.update(said)
    own = values["plivo_auth_token"]
    values |= {
        "plivo_auth_token": (*own, *(token for token in main if token not in own)),
        "public_url": f"{base.public_url}{ADDRESS}{name}",
        "console_url": f"{base.console_url}{ADDRESS}{name}",
        "redis_url": base.redis_url and in_space_of(base.redis_url, name),
    }
    return AccountSettings(account=name, **values)
