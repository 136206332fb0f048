"""The path of one callback that becomes one mute: how many of our files it passes."""

import pytest
from redis import Redis

from app.factory import create_app
from app.store.inbox import Inbox
from tests.app.builders import Plivo, enter, settings
from tests.architecture.tracing import Stations, traced
from tests.doubles.plivo_edge import plivo_edge
from tests.workers.builders import hands_of, work_all

MOST_FILES = 20
MOST_STEPS = 2


@pytest.fixture(scope="module")
def stations(redis_server, tmp_path_factory) -> Stations:
    redis = Redis(host=redis_server.host, port=redis_server.port)
    redis.flushall()
    found = Stations()
    with plivo_edge() as edge:
        hands = hands_of(redis, edge.url, tmp_path_factory.mktemp("rules"))
        plivo = Plivo(create_app(settings(), Inbox(redis)).test_client())
        for member in ("1", "2"):  # what happens once in a process is over after the first
            fields = enter(ConferenceMemberID=member, CallUUID=f"call-{member}")
            with traced(found if member == "2" else Stations()):
                assert plivo.post(fields).status_code == 200
                work_all(hands)
        assert [seen.path.rsplit("/", 3)[-2:] for seen in edge.seen]
    return found


def test_one_callback_to_one_call_passes_few_files(stations: Stations) -> None:
    print(len(stations.files()), *stations.files(), sep="\n")
    print(*((n, *s) for s, n in stations.steps().most_common() if n > 2), sep="\n")
    assert len(stations.files()) <= MOST_FILES
