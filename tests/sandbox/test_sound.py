"""Recordings that can be listened to: proved by their spectrum."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import requests
import soundfile

from sandbox.conferences.sound.voices import MARKER_HERTZ
from sandbox.embedded import Sandbox
from tests.sandbox.conftest import members
from tests.sandbox.service import Received, Service
from tests.waiting import PATIENCE, until

Samples = npt.NDArray[np.float64]
ANNA, BERT, FILE = 440.0, 620.0, 2_000.0


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox with sound and without a speech synthesizer: words are the marker tone. Its clock
    stands still, so that what is heard does not depend on how busy the machine is.
    """
    monkeypatch.setenv("PATH", "/nowhere")
    with Sandbox(sound="on") as running:
        running.clock(rate=0)
        yield running


@pytest.fixture
def api(studio: Sandbox) -> Callable[..., requests.Response]:
    def send(method: str, path: str, **params: Any) -> requests.Response:
        options = studio.options
        url = f"{studio.url}/v1/Account/{options.auth_id}/Conference/room/{path}"
        auth = (options.auth_id, options.auth_token)
        return requests.request(method, url, json=params, auth=auth, timeout=PATIENCE)

    return send


Api = Callable[..., requests.Response]


def caller(studio: Sandbox, tone: float, **attributes: Any) -> str:
    """Someone in conference "room" whose voice is this tone."""
    before = len(members(studio))
    call = studio.call_in("room", tone=tone, attributes=attributes)
    until(lambda: len(members(studio)) > before, "the member to be in")
    return call


def finish(studio: Sandbox, api: Api, service: Service) -> tuple[Samples, int, Received]:
    """Stop the recording; what it holds, at how many samples a second, and its callback."""
    assert api("DELETE", "Record/").status_code == 204
    told = service.wait("/recording")[0]
    answer = requests.get(told.fields["record_url"], timeout=PATIENCE)
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    return samples, rate, told


def start(studio: Sandbox, api: Api, service: Service, file_format: str = "wav") -> None:
    studio.switch(record_posts_started=False)
    url = f"{service.url}/recording"
    assert api("POST", "Record/", file_format=file_format, callback_url=url).status_code == 200


def loudness(samples: Samples, rate: int, hertz: float) -> float:
    """How much of the sound is this tone, in parts of the largest possible."""
    instants = np.arange(len(samples)) / rate
    return float(abs(np.mean(samples * np.exp(-2j * np.pi * hertz * instants))) * 2)


@pytest.mark.parametrize("file_format", ["wav", "mp3"])
def test_the_unmuted_are_heard_and_the_muted_are_not(
    file_format: str, studio: Sandbox, api: Api, service: Service
) -> None:
    anna, bert = caller(studio, ANNA), caller(studio, BERT, muted=True)
    start(studio, api, service, file_format)
    studio.speak(anna, seconds=60)
    studio.speak(bert, seconds=60)
    studio.clock(advance=3)
    samples, rate, told = finish(studio, api, service)
    assert loudness(samples, rate, ANNA) > 0.15
    assert loudness(samples, rate, BERT) < 0.005
    assert round(len(samples) / rate * 1000) == int(told.fields["recording_duration_ms"])
    assert 2.9 < len(samples) / rate < 3.3


def test_a_member_is_silent_from_the_mute_to_the_unmute(
    studio: Sandbox, api: Api, service: Service
) -> None:
    anna = caller(studio, ANNA)
    start(studio, api, service)
    studio.speak(anna, seconds=60)
    for method in ("POST", "DELETE"):
        studio.clock(advance=2)
        api(method, "Member/all/Mute/")
    studio.clock(advance=2)
    samples, rate, _ = finish(studio, api, service)
    thirds = [samples[int((at + 0.3) * rate) : int((at + 1.7) * rate)] for at in (0, 2, 4)]
    assert [loudness(part, rate, ANNA) > 0.1 for part in thirds] == [True, False, True]


def test_the_deaf_hear_nothing_and_nobody_hears_itself(studio: Sandbox, api: Api) -> None:
    anna, bert = caller(studio, ANNA), caller(studio, BERT)
    studio.speak(anna, seconds=60)
    studio.clock(advance=2)
    api("POST", f"Member/{members(studio)[1]['id']}/Deaf/")
    studio.clock(advance=2)

    def heard(call: str) -> tuple[Samples, int]:
        answer = requests.get(f"{studio.url}/sandbox/calls/{call}/heard.wav", timeout=PATIENCE)
        samples, rate = soundfile.read(io.BytesIO(answer.content))
        return samples, int(rate)

    by_bert, rate = heard(bert)
    half = len(by_bert) // 2
    assert loudness(by_bert[: half - rate // 4], rate, ANNA) > 0.1
    assert not by_bert[half + rate // 4 :].any()
    assert loudness(heard(anna)[0], rate, ANNA) < 0.005


def test_a_spoken_text_is_heard_until_it_is_stopped(
    studio: Sandbox, api: Api, service: Service
) -> None:
    caller(studio, ANNA)
    start(studio, api, service)
    api("POST", "Member/all/Speak/", text="a text of quite some words " * 5)
    studio.clock(advance=2)
    api("DELETE", "Member/all/Speak/")
    studio.clock(advance=2)
    samples, rate, _ = finish(studio, api, service)
    assert loudness(samples[: 2 * rate], rate, MARKER_HERTZ) > 0.1
    assert loudness(samples[int(2.3 * rate) :], rate, MARKER_HERTZ) < 0.005


@pytest.mark.parametrize(("position", "heard"), [("any", True), ("for_all", False)])
def test_a_text_for_one_ear_is_recorded_or_not(
    position: str, heard: bool, studio: Sandbox, api: Api, service: Service
) -> None:
    studio.switch(recorded_prompts=position)
    caller(studio, ANNA)
    start(studio, api, service)
    member = members(studio)[0]["id"]
    api("POST", f"Member/{member}/Speak/", text="a text of quite some words " * 3)
    studio.clock(advance=2)
    samples, rate, _ = finish(studio, api, service)
    assert (loudness(samples, rate, MARKER_HERTZ) > 0.1) is heard


def test_a_played_file_is_heard_in_its_true_length(
    studio: Sandbox, api: Api, service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "jingle.wav"
    instants = np.arange(44_100 * 2) / 44_100
    loud = 0.3 * np.sin(2 * np.pi * FILE * instants) + 0.3 * np.sin(2 * np.pi * 15_000 * instants)
    soundfile.write(file, loud, 44_100)
    service.files["/jingle.wav"] = file.read_bytes()
    caller(studio, ANNA)
    start(studio, api, service)
    api("POST", "Member/all/Play/", url=f"{service.url}/jingle.wav")
    service.wait_until(lambda: 1.5 < prompt_seconds(studio) <= 2)
    studio.clock(advance=4)
    samples, rate, _ = finish(studio, api, service)
    assert loudness(samples[: int(1.9 * rate)], rate, FILE) > 0.2
    assert loudness(samples[int(2.2 * rate) :], rate, FILE) < 0.005
    assert loudness(samples, rate, 1_000) < 0.01  # 15 kHz is cut, not folded


def prompt_seconds(studio: Sandbox) -> float:
    state = studio.state()
    ends = [one["ends_at"] for one in state["conferences"][0]["prompts"]]
    return float(max(ends) - state["now"]) if ends else 0.0


def test_keys_and_doors_are_heard(studio: Sandbox, api: Api, service: Service) -> None:
    anna = caller(studio, ANNA)
    start(studio, api, service)
    studio.press(anna, "5")
    studio.clock(advance=1)
    caller(studio, BERT, enterSound="beep:2")
    studio.clock(advance=1)
    samples, rate, _ = finish(studio, api, service)
    assert loudness(samples[: int(0.15 * rate)], rate, 770) > 0.05
    assert loudness(samples[int(1.0 * rate) : int(1.6 * rate)], rate, 1_400) > 0.05


def test_a_recording_that_is_still_mixed_does_not_hold_up_the_end(service: Service) -> None:
    with Sandbox(sound="on") as studio:
        call = caller(studio, ANNA, record=True)
        studio.speak(call, seconds=600)
        studio.clock(advance=600)
        studio.hang_up(call)


def test_sound_costs_nothing_until_it_is_used() -> None:
    names = "('numpy', 'soundfile', 'jinja2', 'requests', 'yaml')"
    code = f"import sandbox.server, sys; print([m for m in {names} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_conference_is_heard_from_its_host_on_and_ends_with_the_host(studio: Sandbox) -> None:
    anna = caller(studio, ANNA, startConferenceOnEnter=False)
    bert = caller(studio, BERT, startConferenceOnEnter=False)
    studio.speak(anna, seconds=60)
    studio.clock(advance=2)
    host = caller(studio, 900.0, endConferenceOnExit=True)
    studio.clock(advance=2)
    answer = requests.get(f"{studio.url}/sandbox/calls/{bert}/heard.wav", timeout=PATIENCE)
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    before, after = (samples[int((at + 0.3) * rate) : int((at + 1.7) * rate)] for at in (0, 2))
    assert loudness(before, rate, ANNA) < 0.005
    assert loudness(after, rate, ANNA) > 0.1
    studio.hang_up(host)
    until(lambda: not studio.state()["conferences"], "everybody to be out")
