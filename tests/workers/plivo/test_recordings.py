"""Which recordings Plivo has of an instance: at the double, and at the sandbox."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from app.domain.recording import Sought
from sandbox.embedded import Sandbox
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.waiting import PATIENCE, until
from tests.workers.plivo.builders import PUBLIC_URL, Caller
from workers.conference.api import FoundRecording
from workers.conference.errors import PlivoError
from workers.plivo.recordings import PAGE

NOW = datetime.now(UTC).timestamp()
SOUGHT = Sought("sales 1", 1, "u-1", NOW - 900, NOW - 300, NOW)


def row(id: str = "r1", **changes: Any) -> dict[str, Any]:
    """As of docs/plivo.md 21.4."""
    return {
        "recording_id": id,
        "recording_url": f"https://media.plivo.com/{id}.mp3",
        "recording_format": "mp3",
        "recording_type": "conference",
        "recording_duration_ms": "345100.00000",
        "recording_start_ms": f"{(NOW - 800) * 1000:.5f}",
        "recording_end_ms": f"{(NOW - 454.9) * 1000:.5f}",
        **changes,
    }


def listing(*rows: dict[str, Any]) -> bytes:
    meta = {"limit": PAGE, "offset": 0, "next": None, "previous": None, "total_count": len(rows)}
    return answer(200, {"api_id": "a", "meta": meta, "objects": list(rows)})


def test_it_is_asked_for_by_its_instance_within_a_range(plivo: Caller, edge: PlivoEdge) -> None:
    edge.answers(listing(row()))
    (found,) = plivo.find_recordings(SOUGHT, NOW)
    assert (found.id, found.url, found.format) == ("r1", "https://media.plivo.com/r1.mp3", "mp3")
    assert (found.finished, found.duration) == (True, 345.1)
    assert found.ended_at is not None
    assert found.ended_at == pytest.approx(NOW - 454.9, abs=0.01)
    asked = parse_qs(edge.seen[0].query)
    assert edge.seen[0].path.endswith("/Recording/")
    assert (asked["conference_uuid"], "conference_name" in asked) == (["u-1"], False)
    since, till = (
        datetime.fromisoformat(asked[f"add_time__{end}"][0]).replace(tzinfo=UTC)
        for end in ("gte", "lte")
    )
    assert since.timestamp() < SOUGHT.started_at
    assert till.timestamp() > NOW
    assert till - since < timedelta(days=30)


def test_the_range_never_exceeds_thirty_days(plivo: Caller, edge: PlivoEdge) -> None:
    edge.answers(listing())
    plivo.find_recordings(Sought("sales-1", 1, "u-1", NOW - 60 * 86400, NOW - 59 * 86400, NOW), NOW)
    asked = parse_qs(edge.seen[0].query)
    since, till = (datetime.fromisoformat(asked[f"add_time__{end}"][0]) for end in ("gte", "lte"))
    assert till - since < timedelta(days=30)


def test_all_pages_are_read(plivo: Caller, edge: PlivoEdge) -> None:
    pages = [[row(f"r{n}") for n in range(PAGE)], [row("last")]]
    edge.answers(*(listing(*page) for page in pages))
    assert len(plivo.find_recordings(SOUGHT, NOW)) == PAGE + 1
    assert [parse_qs(seen.query)["offset"] for seen in edge.seen] == [["0"], [str(PAGE)]]
    assert all("conference_uuid=u-1" in seen.query for seen in edge.seen)


def test_without_a_uuid_those_of_its_name_that_began_in_its_time_are_its_own(
    plivo: Caller, edge: PlivoEdge
) -> None:
    other = row("other", recording_start_ms=f"{(NOW - 2000) * 1000:.5f}")
    edge.answers(listing(row(), other, row("when", recording_start_ms=None)))
    found = plivo.find_recordings(Sought("sales 1", 1, "", NOW - 900, NOW - 300, NOW), NOW)
    assert [one.id for one in found] == ["r1"]
    assert parse_qs(edge.seen[0].query)["conference_name"] == ["sales 1"]


@pytest.mark.parametrize(
    ("changes", "finished"),
    [
        ({}, True),
        ({"recording_duration_ms": 345100}, True),
        ({"recording_duration_ms": "0.00000"}, False),
        ({"recording_duration_ms": "-1"}, False),
        ({"recording_duration_ms": None}, False),
        ({"recording_duration_ms": "soon"}, False),
        ({"recording_url": ""}, False),
    ],
)
def test_one_without_length_or_address_is_not_finished(
    plivo: Caller, edge: PlivoEdge, changes: dict[str, Any], finished: bool
) -> None:
    edge.answers(listing(row(**changes)))
    assert [one.finished for one in plivo.find_recordings(SOUGHT, NOW)] == [finished]


@pytest.mark.parametrize(
    "changes", [{"recording_type": "normal"}, {"recording_type": "call"}, {"recording_id": 7}]
)
def test_what_is_no_recording_of_a_conference_is_left_out(
    plivo: Caller, edge: PlivoEdge, changes: dict[str, Any]
) -> None:
    edge.answers(listing(row(**changes), row("r2", recording_type="", recording_format="ogg")))
    assert [(one.id, one.format) for one in plivo.find_recordings(SOUGHT, NOW)] == [("r2", "mp3")]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(400, {"error": "range over 30 days"}), "permanent"),
        (answer(401), "permanent"),
        (answer(429), "temporary"),
        (answer(503), "temporary"),
        (answer(200, {"objects": "none"}), "temporary"),
        (answer(200, {"api_id": "a"}), "temporary"),
        (answer(200, "gateway"), "temporary"),
    ],
)
def test_what_is_no_list_is_never_taken_for_an_empty_one(
    plivo: Caller, edge: PlivoEdge, said: bytes, kind: str
) -> None:
    edge.answers(said)
    with pytest.raises(PlivoError) as failed:
        plivo.find_recordings(SOUGHT, NOW)
    assert failed.value.kind == kind


@pytest.fixture
def ours(sandbox: Sandbox) -> Iterator[Caller]:
    options = sandbox.options
    client = Caller(sandbox.url, options.auth_id, options.auth_token, public_url=PUBLIC_URL)
    yield client
    client.close()


def test_the_sandbox_tells_what_it_has(ours: Caller, sandbox: Sandbox) -> None:
    call = sandbox.call_in("sales 1", attributes={"record": True})
    until(lambda: sandbox.state()["recordings"], "it is recorded")
    sandbox.clock(advance=20)
    made = sandbox.state()["recordings"][0]
    now = sandbox.state()["now"]
    for uuid in (made["conference_uuid"], ""):
        sought = Sought("sales 1", 1, uuid, made["started_at"], now + 60, now)
        assert ours.find_recordings(sought, NOW) == []
    sandbox.hang_up(call)

    def found(uuid: str) -> list[FoundRecording]:
        known = Sought("sales 1", 1, uuid, made["started_at"], now + 60, now)
        return ours.find_recordings(known, now)

    until(lambda: found(made["conference_uuid"]), "it is listed")
    (one,) = found(made["conference_uuid"])
    assert found("") == [one]
    assert (one.id, one.url, one.finished) == (made["id"], made["url"], True)
    assert requests.get(one.url, timeout=PATIENCE).status_code == 200
    assert found("another") == []
