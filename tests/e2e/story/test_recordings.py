"""A call is recorded and its recording kept, with real processes; seen in the folder itself."""

import os
import signal
from pathlib import Path
from urllib.request import urlopen

from tests.e2e.story.conftest import Gavel, Start
from tests.waiting import PATIENCE, until

RULES = """
version: 1
rules:
  - name: Record
    when: conference.started
    match: {{conference: {{not: "demo*"}}}}
    do:
      - record: {{format: wav, transcribe: true}}
  - name: Keep
    when: recording.ready
    do:
      - archive:
          to: "file://{folder}/{{{{ conference.name }}}}/{{{{ recording.id }}}}.wav"
      - log: "kept at {{{{ recording.archived_to }}}}"
"""


def recorded(gavel: Gavel, conference: str) -> None:
    call = gavel.sandbox.call_in(conference)
    gavel.sandbox.until_asked(conference, "record")
    gavel.sandbox.advance(5.0)
    gavel.sandbox.hang_up(call)


def files(folder: Path, ending: str) -> list[Path]:
    return sorted(one for one in folder.rglob(f"*{ending}") if not one.name.startswith("."))


def plivos(gavel: Gavel, conference: str) -> bytes:
    """The recording as the sandbox serves it."""
    (url,) = gavel.sandbox.recordings(conference)
    with urlopen(url, timeout=PATIENCE) as answer:
        content: bytes = answer.read()
    return content


def test_a_recording_is_kept_with_its_transcript_whoever_dies(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    gavel = start(RULES.format(folder=folder))
    gavel.until_ready()
    recorded(gavel, "sales-1")
    until(lambda: files(folder, ".wav") and files(folder, ".txt"), "the copy and its transcript")
    (kept,) = files(folder / "sales-1", ".wav")
    assert kept.read_bytes() == plivos(gavel, "sales-1")
    until(lambda: f"kept at file://{kept}" in gavel.ask("why", "sales-1"), "the step after it")
    os.kill(gavel.up.child("workers.recordings"), signal.SIGKILL)
    recorded(gavel, "sales-2")
    until(lambda: len(files(folder, ".wav")) == 2, "the next copy")
    (kept,) = files(folder / "sales-2", ".wav")
    assert kept.read_bytes() == plivos(gavel, "sales-2")
