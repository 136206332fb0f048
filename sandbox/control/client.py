"""Steer a running sandbox over its control API, from another process or thread."""

import json
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError


class ControlFailed(Exception):
    """The sandbox refused; the message says why."""


class NoSandbox(ControlFailed):
    """Nobody answers at that address, or something else does; the message says which."""


class ControlClient:
    """One method per row of the control API (docs/sandbox.md). Not thread-safe. `account` is auth
    id and token, which a sandbox wants on any other address than loopback."""

    def __init__(self, url: str, account: tuple[str, str] | None = None) -> None:
        self.url = (url if "://" in url else f"http://{url}").rstrip("/")
        login = {} if account is None else urllib3.make_headers(basic_auth=":".join(account))
        self._headers = {"Content-Type": "application/json", **login}
        self._pool = urllib3.PoolManager()

    def close(self) -> None:
        self._pool.clear()

    def call_in(self, conference: str = "", **wanted: Any) -> str:
        """A call comes in; its uuid. `from_` stands for `from`; see docs/sandbox.md."""
        if "from_" in wanted:
            wanted["from"] = wanted.pop("from_")
        answer = self._send("POST", "calls", {"conference": conference, **wanted})
        return str(answer["call_uuid"])

    def press(self, call_uuid: str, digits: str) -> None:
        self._send("POST", f"calls/{call_uuid}/digits", {"digits": digits})

    def speak(self, call_uuid: str, text: str = "", seconds: float | None = None) -> None:
        """For so long, or as long as the text takes."""
        self._send("POST", f"calls/{call_uuid}/speak", {"text": text, "seconds": seconds})

    def hang_up(self, call_uuid: str) -> None:
        self._send("POST", f"calls/{call_uuid}/hangup", {})

    def state(self) -> dict[str, Any]:
        return self._send("GET", "state")

    def requests(self, after: int = 0, wait: float = 0.0) -> list[dict[str, Any]]:
        """All requests to the API beyond number `after` that are kept (docs/sandbox.md); waits up
        to `wait` seconds for one."""
        return self._beyond("requests", after, wait)

    def deliveries(self, after: int = 0, wait: float = 0.0) -> list[dict[str, Any]]:
        """The same for requests to the service, each try on its own."""
        return self._beyond("deliveries", after, wait)

    def _beyond(self, name: str, after: int, wait: float) -> list[dict[str, Any]]:
        """Page by page, until one is empty."""
        found: list[dict[str, Any]] = []
        while page := self._page(name, after, 0.0 if found else wait):
            found += page
            after = page[-1]["n"]
        return found

    def _page(self, name: str, after: int, wait: float) -> list[dict[str, Any]]:
        path = f"{name}?after={after}&wait={wait}"
        return list(self._send("GET", path, timeout=wait + 10)[name])

    def fault(self, kind: str, **wanted: Any) -> int:
        """Set a fault; its id."""
        return int(self._send("POST", "faults", {"kind": kind, **wanted})["id"])

    def clear_fault(self, fault_id: int) -> None:
        """Take one away; ControlFailed when it is used up."""
        self._send("DELETE", f"faults/{fault_id}")

    def clear_faults(self) -> None:
        self._send("DELETE", "faults")

    def switch(self, **wanted: Any) -> None:
        self._send("POST", "switches", wanted)

    def switches(self) -> dict[str, Any]:
        """The positions of all switches."""
        return self._send("GET", "switches")

    def clock(self, **wanted: float) -> dict[str, Any]:
        """Set `rate`, `skew`, or jump ahead (`advance`); what the clock says then."""
        return self._send("POST", "clock", wanted)

    def reset(self) -> None:
        self._send("POST", "reset", {})

    def _send(
        self, method: str, path: str, wanted: dict[str, Any] | None = None, timeout: float = 10
    ) -> dict[str, Any]:
        try:
            answer = self._pool.request(
                method,
                f"{self.url}/sandbox/{path}",
                body=None if wanted is None else json.dumps(wanted).encode(),
                headers=self._headers,
                timeout=timeout,
                retries=False,
            )
        except HTTPError as error:
            raise NoSandbox(f"no sandbox answers at {self.url}") from error
        if answer.status >= 400:
            raise ControlFailed(_reason(answer.data))
        try:
            body = json.loads(answer.data) if answer.data else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise NoSandbox(f"what answers at {self.url} is no sandbox")
        return body


def _reason(body: bytes) -> str:
    """The error of an answer; the answer itself where it is no JSON."""
    text = body.decode("utf-8", "replace")
    try:
        return str(json.loads(text).get("error", text))
    except (ValueError, AttributeError):
        return text
