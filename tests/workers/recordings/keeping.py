"""A copy as the process that copies makes it, from a unit's inbox to the recording's record."""

from typing import Any

from redis import Redis

from app.domain.operator import Operator
from app.domain.recording import RecordingChange
from app.operators.copies.asking import ask_for_copy
from app.store.lease import Leases
from app.store.recordings import Recordings
from tests.app.store.test_recordings import commit
from workers.recordings.copying import Archiver
from workers.recordings.jobs import Copying, work


def copy_one(redis: Redis, archiver: Archiver, url: str, to: str, **known: Any) -> None:
    """The recording `r-1`, which is ready, with what is `known` of it beside."""
    told = {"state": "ready", "url": url, "conference": "sales-1", "started_at": 1e9 * 4}
    if "transcript" in known:
        told["transcript_state"] = "ready"
    commit(redis, RecordingChange("r-1", {**told, **known}))
    one = Recordings(redis).get("r-1")
    assert one is not None
    assert ask_for_copy(redis, one, to, 0.0, Operator("anna", "cli"))
    job = redis.lpop("rq:queue:recordings")
    assert isinstance(job, bytes)
    work(Copying(redis, Leases(redis), archiver, lambda id: ()), job.decode())
