"""Makes what `test_kept.py` reads: `python -m tests.workers.kept.record FILE`, in a checkout of a
release, or with PYTHONPATH set to one. It is kept as it was made; nobody makes it anew."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redis import Redis

from app.domain.event import Event, new_id
from app.domain.operator import Operator
from app.operators.acts import Act, act
from app.operators.silences import Silences
from app.store import keys
from app.store.inbox import Inbox
from tests.doubles.plivo_edge import answer, plivo_edge
from tests.valkey import start_valkey
from tests.workers.builders import context_of, work_all
from tests.workers.kept.dump import dump
from workers.bootstrap import Context

CONFERENCE = "kept"
HERE = Path(__file__).parent


def main(file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, plivo_edge() as edge:
        server = start_valkey(Path(folder) / "valkey")
        redis = Redis(server.host, server.port)
        rules = (HERE / "rules.yaml").read_text(encoding="utf-8")
        context = context_of(redis, edge.url, Path(folder), rules)
        body = {"message": "record", "api_id": "a-1", "recording_id": "rec-1"}
        body["url"] = "https://media.plivo.com/rec-1.mp3"
        started = answer(202, body)
        refused = answer(400, {"error": "no", "api_id": "a-2"})
        edge.answers(started)
        accept(redis, "conference.started")
        work_all(context)
        caller = {"from": "14155550101"}
        accept(redis, "member.entered", member_id="1", call_uuid="call-1", **caller)
        work_all(context)
        edge.answers(refused)  # given up
        accept(redis, "member.entered", member_id="2", call_uuid="call-2")
        work_all(context)
        play(redis, context)
        edge.answers(answer(503, {"error": "later", "api_id": "a-3"}))  # waits to be tried again
        accept(redis, "member.entered", member_id="3", call_uuid="call-3")
        work_all(context)
        accept(redis, "member.entered", member_id="4", call_uuid="call-4")  # and is not decided
        revision = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(sys.modules["app"].__path__[0]).parent,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        made = {"revision": revision, "at": int(time.time()), "keys": dump(redis)}
        file.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        server.stop()


def play(redis: Redis, context: Context) -> None:
    """What waits, what is silenced, what somebody did, what is missing."""
    somebody = Operator("ops@example.com", "cli", "host")
    Silences(redis).add(somebody, rule="Silenced", seconds=7 * 86400, reason="noise")
    act(Inbox(redis), Act(CONFERENCE, {"deaf": "all"}, "too loud"), somebody)
    work_all(context)
    for name in ("welcome", "quiet", "soon"):
        accept(redis, "trigger", name=name, data={}, chain=0)
        work_all(context)
    early = Event(new_id(), "transcription.ready", "", 0.0, "", TRANSCRIPT)
    Inbox(redis).accept(early, identities=[])  # its recording is not known yet


TRANSCRIPT = {"recording_id": "rec-9", "text": "Good morning."}


def accept(redis: Redis, kind: str, **data: object) -> None:
    event = Event(new_id(), kind, CONFERENCE, 0.0, "uuid-1", data)
    Inbox(redis).accept(event, identities=[])


if __name__ == "__main__":
    assert keys.PREFIX == "gavel:"
    main(Path(sys.argv[1]))
