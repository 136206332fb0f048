"""The gate in front of every address that Plivo calls: read, verify, and say who may pass."""

import logging
from dataclasses import dataclass

from app.errors import SignatureRefused
from app.logs import step
from app.plivo.request import Environ, Incoming, receive
from app.plivo.signature import verify
from app.settings import Settings

log = logging.getLogger("gavel.receive")


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that may be used. `nonce` is empty unless a signature proved it."""

    incoming: Incoming
    nonce: str


class Gate:
    """Signatures by policy: `require` refuses a wrong one, `warn` logs it, `off` does not look."""

    def __init__(self, settings: Settings, policy: str) -> None:
        self._public_url = settings.public_url
        self._tokens = tuple(token.encode() for token in settings.plivo_auth_token)
        self._policy = policy

    def __call__(self, environ: Environ) -> Passed:
        """Raises SignatureRefused, TooLarge or Unusable."""
        incoming = receive(environ, self._public_url)
        if self._policy == "off":
            return Passed(incoming, "")
        verdict = verify(incoming.signed, incoming.headers, self._tokens)
        if verdict.ok:
            return Passed(incoming, verdict.nonce)
        if self._policy == "require":
            raise SignatureRefused(f"{verdict.reason} (signatures present: {verdict.present})")
        step(
            log,
            "unsigned",
            level=logging.WARNING,
            url=incoming.signed.url,
            reason=verdict.reason,
            present=verdict.present,
        )
        return Passed(incoming, "")
