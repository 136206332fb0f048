"""Recordings and their transcripts: when they begin and end, and who is told."""

import json
from collections.abc import Callable

from sandbox.callbacks.delivery import Post
from sandbox.callbacks.fields import record_fields
from sandbox.callbacks.sender import Message
from sandbox.conferences.studio import Studio
from sandbox.world.clock import Clock
from sandbox.world.faults import CONTENT_KINDS, Faults
from sandbox.world.model import Conference, Recording
from sandbox.world.switches import Switches
from sandbox.world.tasks import Tasks

TOO_SHORT = 0.5
TOO_LONG = 4 * 3600.0


class Recorder:
    """Starts and stops recordings; sends their callbacks. Keeps as many as the studio can."""

    def __init__(
        self,
        clock: Clock,
        switches: Callable[[], Switches],
        post: Post,
        faults: Faults,
        studio: Studio,
        tasks: Tasks,
    ) -> None:
        self._clock = clock
        self._switches = switches
        self._post = post
        self._faults = faults
        self._studio = studio
        self._tasks = tasks
        self.recordings: dict[str, Recording] = {}

    def start(self, conference: Conference, recording: Recording) -> None:
        """Begin; with `callback_url` and origin xml the record callback tells so."""
        recording.started_at = self._clock.now()
        recording.started_ms = round(self._clock.epoch() * 1000)
        conference.recordings.append(recording)
        conference.last_recording = recording
        self.recordings[recording.id] = recording
        while len(self.recordings) > self._studio.kept:
            self._studio.forget(self.recordings.pop(next(iter(self.recordings))))
        self._tell_record_event(recording, conference, stopped=False)

    def forget(self, recording: Recording) -> None:
        """It is gone, and its file."""
        if self.recordings.pop(recording.id, None) is not None:
            self._studio.forget(recording)

    def reset(self) -> None:
        """Forget all recordings and their files."""
        for recording in self.recordings.values():
            self._studio.forget(recording)
        self.recordings.clear()

    def stop(self, conference: Conference) -> None:
        """End all recordings of this conference; their callbacks follow when the file is made."""
        for recording in conference.recordings:
            recording.ended_at = self._clock.now()
            recording.ended_ms = round(self._clock.epoch() * 1000)
            self._tasks.spawn(self._finish(recording, conference))
        conference.recordings = []

    async def _finish(self, recording: Recording, conference: Conference) -> None:
        recording.duration = (recording.ended_at or 0.0) - recording.started_at
        if self._broken(recording, "recording", "no_file"):
            recording.lost = True
            return
        await self._studio.finish(recording, conference.timeline)
        recording.ended_ms = recording.started_ms + round(recording.duration * 1000)
        recording.available_at = self._clock.now() + self._switches().recording_file_delay
        wants_text = bool(recording.transcription_type and recording.transcription_url)
        before = self._switches().transcription_order == "before"
        if wants_text and before:
            await self._clock.sleep(self._switches().transcription_delay)
            self._tell_transcript(recording)
        self._tell_finished(recording, conference)
        if wants_text and not before:
            await self._clock.sleep(self._switches().transcription_delay)
            self._tell_transcript(recording)

    def _tell_finished(self, recording: Recording, conference: Conference) -> None:
        self._tell_record_event(recording, conference, stopped=True)
        if recording.origin != "api" or not recording.callback_url:
            return
        fields = {
            "api_id": recording.api_id,
            "conference_name": recording.conference,
            "record_url": recording.url,
            "recording_id": recording.id,
            "recording_duration": str(int(recording.duration)),
            "recording_duration_ms": str(round(recording.duration * 1000)),
            "recording_start_ms": str(recording.started_ms),
            "recording_end_ms": str(recording.ended_ms),
        }
        if self._switches().recording_callback_shape == "camel":
            fields = {
                "RecordUrl": recording.url,
                "RecordingID": recording.id,
                "ConferenceName": recording.conference,
                "RecordingDuration": fields["recording_duration"],
                "RecordingDurationMs": fields["recording_duration_ms"],
                "RecordingStartMs": fields["recording_start_ms"],
                "RecordingEndMs": fields["recording_end_ms"],
            }
        self._send(
            recording, "recording", recording.callback_url, recording.callback_method, fields
        )

    def _tell_record_event(
        self, recording: Recording, conference: Conference, *, stopped: bool
    ) -> None:
        """`ConferenceAction=record`, to the XML's callbackUrl."""
        if recording.origin == "xml":
            targets = {(recording.callback_url, recording.callback_method)}
        elif self._switches().record_event_for_api:
            elements = [member.element for member in conference.members.values()]
            targets = {(one.callback_url, one.callback_method) for one in elements}
        else:
            return
        for url, method in sorted(targets):
            self._post.send(
                Message(
                    action="record",
                    conference=recording.conference,
                    url=url,
                    method=method,
                    fields=record_fields(recording, self._switches(), stopped=stopped),
                )
            )

    def _tell_transcript(self, recording: Recording) -> None:
        fields = {
            "transcription": " ".join(recording.words),
            "transcription_charge": "0.05",
            "transcription_rate": "0.05",
            "duration": str(int(recording.duration)),
            "call_uuid": recording.call_uuid,
            "recording_id": recording.id,
            "error": self._transcript_error(recording),
        }
        if fields["error"]:
            fields["transcription"] = ""
        self._send(
            recording,
            "transcription",
            recording.transcription_url,
            recording.transcription_method,
            fields,
        )

    def _transcript_error(self, recording: Recording) -> str:
        if self._broken(recording, "transcription", "no_transcript"):
            return "Transcription failed"
        if recording.duration > TOO_LONG:
            return "Recording duration too long for transcription"
        if recording.duration < TOO_SHORT:
            return "Recording duration too short for transcription"
        return ""

    def _broken(self, recording: Recording, action: str, kind: str) -> bool:
        about = {kind: CONTENT_KINDS[kind]}
        return bool(self._faults.take(about, action, recording.conference))

    def _send(
        self, recording: Recording, action: str, url: str, method: str, fields: dict[str, str]
    ) -> None:
        switches = self._switches()
        shape = (
            switches.recording_callback_shape
            if action == "recording"
            else switches.transcription_shape
        )
        if action == "recording" and self._broken(recording, action, "wrap"):
            shape = "response_json"
        as_json = json.dumps(fields)
        self._post.send(
            Message(
                action=action,
                conference=recording.conference,
                url=url,
                method=method,
                fields={"response": as_json} if shape == "response_json" else fields,
                json_body=as_json if shape == "json" and method == "POST" else "",
                signed=switches.unsigned != action,
                own_policy=recording.origin == "api",
            )
        )
