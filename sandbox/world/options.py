"""How a sandbox is set up: address, account, the service it calls, rate, switches."""

from dataclasses import dataclass, field
from datetime import timedelta, timezone
from urllib.parse import quote

from sandbox.world.switches import Switches

# Fixed and public: they open nothing but a sandbox. Auth ids are MA and 18 characters.
AUTH_ID = "MASANDBOXGAVEL000001"
AUTH_TOKEN = "sandbox-token-not-a-secret-000000000001"  # noqa: S105

ZONE = timezone(timedelta(hours=5, minutes=30))
"""That of the account, in which times are told: all of Plivo's examples have this one (20.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`port` 0 takes a free one. `service` is the public URL of what is tested, if there is one.

    `answer_url` may name `{service}` and `{conference}`; it is where a call goes that only says
    which conference it wants. `main_auth_token` differs from `auth_token` for a subaccount.
    `conference` is what "Call in" on the page begins with.
    `rate` requests in any `rate_seconds` are answered, above: 429.
    """

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    auth_id: str = AUTH_ID
    auth_token: str = AUTH_TOKEN
    main_auth_token: str = ""
    service: str = ""
    answer_url: str = "{service}/plivo/answer/{conference}"
    conference: str = "demo-1"
    rate: int = 300
    rate_seconds: float = 5.0
    sound: str = "auto"
    seed: int = 1
    switches: Switches = field(default_factory=Switches)

    def answer_url_for(self, conference: str) -> str:
        """Where a call into this conference is answered; empty without a service."""
        if not self.service:
            return ""
        url = self.answer_url.replace("{service}", self.service.rstrip("/"))
        return url.replace("{conference}", quote(conference, safe=""))
