"""The processes that Gavel says it has are those that the machine has."""

import json
from typing import Any
from urllib.request import Request

from bench.chaos.processes import command
from tests.e2e.witness.conftest import Stage, read
from tests.waiting import until


def told(stage: Stage, secret: str) -> list[dict[str, Any]]:
    bearer = {"Authorization": f"Bearer {secret}"}
    answer = json.loads(read(Request(f"{stage.url}/api/v1/processes", headers=bearer)))
    return list(answer["processes"])


def test_workers_and_web_servers_are_told_with_their_rules(stage: Stage) -> None:
    made = stage.ask("token", "new", "--name", "processes", "--scope", "read", "--json")[1]
    secret = json.loads(made)["secret"]
    kinds = {"worker", "web", "recordings"}
    until(lambda: {one["kind"] for one in told(stage, secret)} == kinds, "every kind")
    found = told(stage, secret)
    for one in found:
        assert one["kind"] in command(one["pid"]) or "gunicorn" in command(one["pid"])

    def rules() -> set[str]:
        return {one["rules"] for one in told(stage, secret) if one["kind"] != "recordings"}

    until(lambda: len(rules()) == 1, "the same rules")
    assert len({one["version"] for one in found}) == 1
