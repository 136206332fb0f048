"""The live demo: callers come and go in the sandbox, through the service's own answer route.

One round shows all that the shipped rules do: the conference is recorded, everyone is muted, and
at the time limit there is a warning and then the end. Then a pause, and the next round. Somebody
comes or goes at least every ten seconds, so that whoever watches never wonders whether it lives.
"""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from app.domain.durations import format_duration

CONFERENCE = "demo-standup"
PAUSE = 8.0
AGAIN = 0.25
LONGEST_WAIT = 3.0
TIMEOUT = 5.0

_open = build_opener(ProxyHandler({})).open  # what is on this machine needs no proxy


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone who calls in `enters` seconds after the round began and hangs up at `leaves`, if
    the time limit has not ended the call before."""

    name: str
    number: str
    enters: float
    leaves: float


CALLERS = (
    Caller("Anna", "+14155550101", 0.0, 32.0),
    Caller("Ben", "+442071838750", 3.0, 23.0),
    Caller("Chloé", "sip:chloe@phone.example.com", 6.0, 14.0),
)


class Away(Exception):
    """The sandbox or the service does not answer now: try again soon."""


def play(
    sandbox_url: str, service_url: str, ready: Callable[[], bool], tell: Callable[[str], None]
) -> None:
    """Play one round after the other, for as long as the process lives. The first one begins when
    the service takes callbacks and the workers are `ready`, or three seconds later. `tell` is told
    after each round when the next one begins."""
    _wait_for(f"{service_url}/readyz")
    waited = 0.0
    while not ready() and waited < LONGEST_WAIT:
        waited += AGAIN
        time.sleep(AGAIN)
    while True:
        try:
            play_round(sandbox_url)
        except Away:
            time.sleep(AGAIN)
            _wait_for(f"{service_url}/readyz")
            continue
        tell(f"  (the demo begins again in {format_duration(PAUSE)})")
        time.sleep(PAUSE)


def play_round(sandbox_url: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Everybody calls in and hangs up, each at their time. Raises Away."""
    calls: dict[str, str] = {}
    began = 0.0
    for at, caller, enters in _schedule():
        sleep(at - began)
        began = at
        if enters:
            wanted = {"conference": CONFERENCE, "from": caller.number, "caller_name": caller.name}
            calls[caller.name] = _ask(f"{sandbox_url}/sandbox/calls", wanted)["call_uuid"]
        else:
            _ask(f"{sandbox_url}/sandbox/calls/{calls[caller.name]}/hangup", {})


def _schedule() -> list[tuple[float, Caller, bool]]:
    """(seconds, who, enters or leaves), in order."""
    entries = [(caller.enters, caller, True) for caller in CALLERS]
    exits = [(caller.leaves, caller, False) for caller in CALLERS]
    return sorted([*entries, *exits], key=lambda row: row[0])


def _wait_for(url: str) -> None:
    while True:
        try:
            with _open(url, timeout=TIMEOUT):
                return
        except (OSError, http.client.HTTPException):
            time.sleep(AGAIN)


def _ask(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST JSON. A call that has ended already (404) is no error. Raises Away."""
    request = Request(  # noqa: S310 (our own address)
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with _open(request, timeout=TIMEOUT) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except URLError as error:
        if getattr(error, "code", None) == 404:
            return {}
        raise Away(str(error)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Away(str(error)) from error
