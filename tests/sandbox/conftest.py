"""A sandbox, emptied between tests, and a service that it calls."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.embedded import Sandbox
from tests.sandbox.service import Service
from tests.waiting import PATIENCE

Api = Callable[..., requests.Response]


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    """Its clock stands still, so that what is told does not depend on how busy the machine is."""
    one_sandbox.reset()
    one_sandbox.clock(rate=0)
    return one_sandbox


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    """`api("POST", "room/Member/1/Mute/", text="…")`: a request below …/Conference/."""
    options = sandbox.options
    with requests.Session() as session:
        session.auth = (options.auth_id, options.auth_token)

        def send(
            method: str, path: str, *, timeout: float = PATIENCE, **params: Any
        ) -> requests.Response:
            url = f"{sandbox.url}/v1/Account/{options.auth_id}/Conference/{path}"
            return session.request(method, url, json=params or None, timeout=timeout)

        yield send


@pytest.fixture
def room(sandbox: Sandbox, service: Service) -> Callable[..., str]:
    """`room(muted=True)`: a call into conference "room" with these XML attributes; its uuid."""

    def enter(name: str = "room", *, caller: str = "+4930100", **attributes: Any) -> str:
        wanted = {"callbackUrl": f"{service.url}/events", **attributes}
        before = len(members(sandbox, name))
        call = sandbox.call_in(name, from_=caller, attributes=wanted)
        service.wait_until(lambda: len(members(sandbox, name)) > before)
        return call

    return enter


def members(sandbox: Sandbox, name: str = "room") -> list[dict[str, Any]]:
    """The members of a conference now; none when there is none."""
    found = [one for one in sandbox.state()["conferences"] if one["name"] == name]
    return list(found[0]["members"]) if found else []
