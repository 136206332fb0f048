"""What the client talks to: a double at Plivo's edge, and the sandbox; and the official SDK."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plivo.rest import client as sdk

from sandbox.embedded import Sandbox
from tests.doubles.plivo_edge import PlivoEdge, plivo_edge
from tests.workers.plivo.builders import AUTH_ID, AUTH_TOKEN, Caller, client

OfficialAt = Callable[[str, str, str], Any]


@pytest.fixture
def edge() -> Iterator[PlivoEdge]:
    with plivo_edge() as running:
        yield running


@pytest.fixture
def plivo(edge: PlivoEdge) -> Iterator[Caller]:
    made = client(edge.url)
    yield made
    made.close()


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    one_sandbox.reset()
    one_sandbox.switch(member_ids="restart")
    return one_sandbox


@pytest.fixture
def official_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[OfficialAt]:
    """The SDK's conferences, pointed at another server by its constants (docs/plivo.md 8.4)."""
    clients = []

    def at(url: str, auth_id: str, auth_token: str) -> Any:
        for constant in ("", "_FALLBACK_1", "_FALLBACK_2"):
            name = f"API_VOICE_BASE_URI{constant}"
            monkeypatch.setattr(sdk, name, f"{url}/v1/Account")
        clients.append(sdk.Client(auth_id, auth_token))
        return clients[-1].conferences

    yield at
    for one in clients:
        one.session.close()
        one.multipart_session.close()


@pytest.fixture
def official(edge: PlivoEdge, official_at: OfficialAt) -> Any:
    """The SDK's conferences at the double."""
    return official_at(edge.url, AUTH_ID, AUTH_TOKEN)
