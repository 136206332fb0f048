"""The catalogue of actions and the sandbox's routes tell the same of Plivo."""

from sandbox.api.routes import OPERATIONS
from workers.plivo.endpoints import ENDPOINTS
from workers.rules.vocabulary.action import Verb
from workers.rules.vocabulary.actions import VERBS


def shape(verb: Verb) -> tuple[str, tuple[str, ...]]:
    """The method and path of a call as the sandbox writes it: N a name, M a member id."""
    assert verb.request is not None
    conference = () if verb.account else ("N",)
    of = conference if verb.members == "none" else (*conference, "Member", "M")
    suffix = verb.request.suffix.rstrip("/")
    return verb.request.method, (*of, suffix) if suffix else of


def test_every_call_goes_to_plivo_by_one_request_or_to_the_web() -> None:
    assert {name: verb.to_web for name, verb in VERBS.items()} == {
        name: verb.request is None for name, verb in VERBS.items()
    }


def test_the_sandbox_which_knows_nothing_of_us_has_the_same_requests() -> None:
    played = {(method, path) for path, methods in OPERATIONS.items() for method in methods}
    assert {shape(verb) for verb in ENDPOINTS.values()} == played
