"""The catalogue of actions, the adapter's endpoints and the sandbox's routes tell the same."""

from sandbox.api.routes import OPERATIONS
from workers.plivo.endpoints import ENDPOINTS, Endpoint
from workers.rules.vocabulary.actions import VERBS, WEB_VERBS

READING = {"list_conferences", "get_conference"}


def shape(row: Endpoint) -> tuple[str, ...]:
    """The path of an endpoint as the sandbox writes it: N a name, M a member id."""
    of = {"account": (), "conference": ("N",)}.get(row.scope, ("N", "Member", "M"))
    return (*of, row.suffix.rstrip("/")) if row.suffix else of


def test_every_call_to_plivo_has_one_endpoint_and_every_endpoint_a_call() -> None:
    assert set(ENDPOINTS) - READING == set(VERBS) - WEB_VERBS


def test_the_sandbox_which_knows_nothing_of_us_has_the_same_endpoints() -> None:
    ours = {(row.method, shape(row)) for row in ENDPOINTS.values()}
    played = {(method, path) for path, methods in OPERATIONS.items() for method in methods}
    assert ours == played


def test_a_call_to_a_list_of_members_goes_to_an_endpoint_that_takes_one() -> None:
    scopes = {"list": "members", "single": "member"}
    for name in set(VERBS) - WEB_VERBS:
        members = VERBS[name].members
        assert members == "none" or ENDPOINTS[name].scope == scopes[members]
