"""Copying one recording to one target, beside the calls to Plivo and never in their way."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rq.timeouts import JobTimeoutException

from app.domain.call import Call
from app.domain.recording import Recording, RecordingChange, UnreadableRecording
from app.fetching.recordings import NOT_THERE
from app.metrics.catalogue import ARCHIVED_BYTES
from app.store.lease import Lease
from app.store.recordings import Recordings
from workers.conference.beside import CallsBeside
from workers.conference.errors import ArchiveError
from workers.conference.outbox import Entry
from workers.recordings.copying import Archiver, Copied
from workers.recordings.places import Target

NOT_THERE_SECONDS = 3600.0
"""So long after its event a file that Plivo does not have, or refuses, may only be late."""


Delete = Callable[[str], Sequence[str]]
"""Deletes Plivo's copy of a recording; answers by what Plivo knows the request. Raises
CallError."""


class RecordingProcessor(CallsBeside):
    """One copy, held by this process. `failed` is why it was given up in this turn, "" when it was
    not."""

    what = "copy"

    def __init__(
        self,
        lease: Lease,
        archiver: Archiver,
        recordings: Recordings,
        delete: Delete,
        stopping: threading.Event,
    ) -> None:
        super().__init__(lease, stopping)
        self._archiver, self._recordings, self._delete = archiver, recordings, delete
        self._copied: Copied | None = None
        self._transcript = False
        self.failed = ""

    def send(self, group: Sequence[Entry]) -> Sequence[str]:
        """Copy it, and its transcript beside it; or only one part of that. Raises CallError."""
        self.make_sure(group)
        call, attempt = group[0].call, group[0].attempts
        self._copied, self._transcript = None, False
        if call.params.get("part") == "delete":
            return self._delete(_id(call))
        try:
            if call.params.get("part") != "transcript":
                url = self._url(call)
                self._copied = self._archiver.copy(url, str(call.params["to"]), attempt)
            self._transcript = self._write_transcript(call, attempt)
        except JobTimeoutException:
            raise ArchiveError.for_now("it took longer than the job may") from None
        except ArchiveError as error:
            late = self.lease.now() > call.at + NOT_THERE_SECONDS
            self._note(_id(call), {"archive_error": str(error)})
            if error.status in NOT_THERE and late:
                raise ArchiveError.for_good(str(error), status=error.status) from None
            raise
        return ()

    def _url(self, call: Call) -> str:
        """Where the file is: as its event said, or as another one said before. Raises
        ArchiveError."""
        kept = None if (url := call.params["recording"].get("url")) else self._kept(call)
        if not url and (kept is None or not kept.url):
            raise ArchiveError.for_good("Plivo has told no address of this recording")
        return str(url or (kept and kept.url))

    def _kept(self, call: Call) -> Recording | None:
        try:
            return self._recordings.get(_id(call))
        except UnreadableRecording:
            return None

    def _write_transcript(self, call: Call, attempt: int) -> bool:
        """Put it beside the copy; says whether there is one. Raises ArchiveError."""
        kept = self._kept(call)
        if kept is None or kept.transcript_state != "ready" or kept.transcript is None:
            return False
        target = Target.of(str(call.params["to"]))
        self._archiver.write(target.beside(".txt"), f"{kept.transcript}\n".encode(), attempt)
        self._archiver.write(target.beside(".json"), _as_json(kept), attempt)
        return True

    def found_out(self, call: Call, error: str) -> Mapping[str, Any]:
        """Where the copy is; the recording's record learns of it in the same commit."""
        now, id = self.lease.now(), _id(call)
        if error:
            self.failed = error
            self._note(id, {"archive_error": error})
            return {}
        told = {"transcript": self._transcript, "recording_id": id}
        if self._copied is None:
            return told
        ARCHIVED_BYTES.add(self.unit.next.counters, number=self._copied.length)
        self._note(id, {"archived_to": self._copied.to, "archived_at": now, "archive_error": ""})
        if call.params.get("delete_at_plivo"):
            told |= {"delete_at_plivo": True}
        return {**told, "archived_to": self._copied.to}

    def _note(self, id: str, known: Mapping[str, Any]) -> None:
        if id:
            self.unit.next.recordings.append(
                RecordingChange(id, known, {"conference": self.unit.name})
            )


def _id(call: Call) -> str:
    return str(call.params.get("recording", {}).get("id", ""))


def _as_json(kept: Recording) -> bytes:
    """The transcript with what tells which recording it is of."""
    told = {
        "recording_id": kept.recording_id,
        "conference": kept.conference,
        "conference_uuid": kept.uuid,
        "started_at": kept.started_at,
        "ended_at": kept.ended_at,
        "duration": kept.duration,
        "text": kept.transcript,
    }
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
