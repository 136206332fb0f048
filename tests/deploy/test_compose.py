"""compose.yaml: its schema, its lint, and what web, worker and Valkey are given."""

import json
from typing import Any

import pytest

from tests.deploy.files import DEPLOY, compose, names, run, version

FILE = DEPLOY / "compose.yaml"
SERVICES: Any = compose()["services"]


def test_it_is_what_compose_reads() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE)


def test_compose_lint_finds_nothing_but_that_no_digest_is_given() -> None:
    """A digest that nobody here has examined would promise too much: who deploys adds it."""
    found = json.loads(run("compose-lint", "check", "--format", "json", FILE))["findings"]
    assert {one["rule_id"] for one in found} == {"CL-0019"}


@pytest.mark.parametrize(
    ("name", "command"), [("web", "web"), ("worker", "worker"), ("recordings", "recordings-worker")]
)
def test_ours_are_given_settings_alone(name: str, command: str) -> None:
    service = SERVICES[name]
    assert set(service["environment"]) <= names()
    assert service["image"] == f"gavel:{version()}"
    assert service["command"] == [command]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nobody_may_more_than_is_needed(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] not in ("", "0", "root")
    assert {"mem_limit", "pids_limit", "cpus", "healthcheck", "stop_grace_period"} <= set(service)


def test_valkey_keeps_what_it_has_answered_and_is_reached_from_inside_alone() -> None:
    valkey = SERVICES["valkey"]
    command = valkey["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--appendfsync") + 1] == "always"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert valkey["volumes"] == ["valkey:/data"]
    assert "ports" not in valkey
    assert valkey["networks"] == ["inside"]


def test_every_secret_that_is_used_is_there() -> None:
    secrets: Any = compose()["secrets"]
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if name.endswith("_FILE") and name != "RULES_FILE":
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert set(service.get("secrets", ())) <= set(secrets)
