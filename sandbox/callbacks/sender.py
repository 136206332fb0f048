"""One request to the service: signed, with Plivo's time-outs, tried again as its URL asks."""

import asyncio
import secrets
import string
import time
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from yarl import URL

from sandbox.callbacks.policy import ANSWER, Policy, split_url
from sandbox.callbacks.signing import signature_v2, signature_v3
from sandbox.world.log import Delivery, Log
from sandbox.world.switches import Switches

ANSWER_BYTES = 128 * 1024


def new_nonce() -> str:
    """20 digits, as in the official vectors."""
    return str(10**19 + secrets.randbelow(9 * 10**19))


def as_sent(url: str) -> str:
    """The address as given, also where it could be written otherwise (`:80`, `%7E`, an upper-case
    host); only what cannot be sent is percent-encoded. It is what is signed. ValueError for none.
    """
    if not URL(url).host:
        raise ValueError(f"{url!r} names no host")
    return quote(url, safe=string.punctuation)


async def read_whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body of an answer, at most `limit` bytes of it."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to send. `action` is its name in faults and logs; `json_body` replaces the form.

    `hidden` are fields whose values stand in no log. `own_policy` False: its URL's fragment means
    nothing (docs/plivo.md 6 does not list it).
    """

    action: str
    conference: str
    url: str
    fields: dict[str, str]
    method: str = "POST"
    signed: bool = True
    json_body: str = ""
    own_policy: bool = True
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing whole did."""

    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Signer:
    """The tokens of the account that owns the call and of its main account."""

    token: str
    main_token: str

    def headers(
        self, method: str, url: str, fields: dict[str, str], nonce: str, switches: Switches
    ) -> dict[str, str]:
        """The signature headers that are switched on."""
        wanted = switches.signatures
        headers: dict[str, str] = {}
        documented = switches.signed_post == "documented"
        for name, token in (("V3", self.token), ("Ma-V3", self.main_token)):
            if wanted in {"all", name.lower().replace("-", "_")}:
                headers[f"X-Plivo-Signature-{name}"] = signature_v3(
                    token, method, url, fields, nonce, documented_form=documented
                )
                headers["X-Plivo-Signature-V3-Nonce"] = nonce
        if wanted in {"all", "v2"}:
            headers["X-Plivo-Signature-V2"] = signature_v2(self.token, url, nonce)
            headers["X-Plivo-Signature-Ma-V2"] = signature_v2(self.main_token, url, nonce)
            headers["X-Plivo-Signature-V2-Nonce"] = nonce
        return headers


@dataclass(slots=True)
class Sender:
    """Sends one message until it is answered or given up; every try is logged."""

    session: aiohttp.ClientSession
    message: Message
    signer: Signer
    switches: Switches
    log: Log[Delivery]
    faults: str = ""
    nonce: str = ""

    def __post_init__(self) -> None:
        self.nonce = self.nonce or new_nonce()

    def note_dropped(self) -> None:
        """Log it as never sent."""
        self.log.append(self._entry(1, error="dropped"))

    async def send_until_done(self) -> Answer:
        """The last answer, status 0 when there was none within the policy."""
        try:
            url, policy = split_url(self.message.url, self._without_fragment())
        except ValueError as error:
            self.log.append(self._entry(1, error=f"not a URL: {error}"))
            return Answer(0)
        policy = policy if self.message.own_policy else Policy()
        ends_at = time.monotonic() + policy.total_ms / 1000
        answer = Answer(0)
        for attempt in range(1, policy.retries + 2):
            entry = self._entry(attempt)
            answer, again = await self._attempt(url, policy, ends_at - time.monotonic(), entry)
            self.log.append(entry)
            if not again or time.monotonic() + self.switches.retry_delay >= ends_at:
                break
            if attempt <= policy.retries:
                await asyncio.sleep(self.switches.retry_delay)
            if self.switches.retry_nonce == "new":
                self.nonce = new_nonce()
        return answer

    def _without_fragment(self) -> Policy | None:
        """The policy of an address that asks for none, where it is not the usual one."""
        thrice = self.message.action == "answer" and self.switches.answer_tries == "three"
        return ANSWER if thrice else None

    async def _attempt(
        self, url: str, policy: Policy, left: float, entry: Delivery
    ) -> tuple[Answer, bool]:
        """One try, and whether the policy wants another."""
        timeout = aiohttp.ClientTimeout(
            total=max(left, 0.001),
            sock_connect=policy.connect_ms / 1000,
            sock_read=policy.read_ms / 1000,
        )
        started = time.monotonic()
        reached = False
        try:
            async with self._request(url, timeout) as response:
                reached = True
                entry.status = response.status
                body = await read_whole(response, ANSWER_BYTES)
                return Answer(response.status, body), policy.retries_status(response.status)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            entry.error = f"no connection: {error}"
            return Answer(0), "ct" in policy.retry_on
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            entry.error = str(error) or type(error).__name__
            return Answer(0), "rt" in policy.retry_on and not reached
        finally:
            entry.seconds = round(time.monotonic() - started, 4)

    def _request(
        self, url: str, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.client._RequestContextManager:
        message = self.message
        target = as_sent(url)
        if self.switches.signed_url == "with_fragment" and (
            fragment := urlsplit(message.url).fragment
        ):
            signed_url = f"{target}#{fragment}"
        else:
            signed_url = target
        form = {} if message.json_body else message.fields
        headers = {}
        if message.signed:
            headers = self.signer.headers(
                message.method, signed_url, form, self.nonce, self.switches
            )
        if message.method == "GET":
            joint = "&" if urlsplit(target).query else "?"
            target += joint + urlencode(message.fields) if message.fields else ""
            return self.session.get(
                URL(target, encoded=True), headers=headers, timeout=timeout, allow_redirects=False
            )
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        data = urlencode(message.fields)
        if message.json_body:
            headers["Content-Type"], data = "application/json", message.json_body
        return self.session.post(
            URL(target, encoded=True),
            data=data.encode(),
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )

    def _entry(self, attempt: int, error: str = "") -> Delivery:
        message = self.message
        return Delivery(
            at=time.time(),
            action=message.action,
            conference=message.conference,
            method=message.method,
            url=message.url,
            fields={k: "***" if k in message.hidden else v for k, v in message.fields.items()},
            attempt=attempt,
            error=error,
            fault=self.faults,
        )
