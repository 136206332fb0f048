"""What a call hears before and after a conference, proved by its spectrum."""

import io

import numpy as np
import pytest
import requests
import soundfile

from sandbox.conferences.sound.voices import MARKER_HERTZ
from sandbox.embedded import Sandbox
from tests.sandbox.conftest import members
from tests.sandbox.service import Service
from tests.sandbox.test_calls import call_by_xml, ended
from tests.sandbox.test_sound import ANNA, FILE, Samples, caller, loudness
from tests.sandbox.test_sound import studio as studio
from tests.waiting import PATIENCE, until


def heard(studio: Sandbox, call: str) -> tuple[Samples, int]:
    answer = requests.get(f"{studio.url}/sandbox/calls/{call}/heard.wav", timeout=PATIENCE)
    assert answer.status_code == 200
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    return samples, int(rate)


def until_told(studio: Sandbox, call: str, what: str) -> None:
    """Until the call begins to hear this."""

    def told() -> bool:
        state = studio.state()
        every = state["calls"] + state["ended_calls"]
        return any(one["call_uuid"] == call and what in one["heard"] for one in every)

    until(told, what)


def test_words_before_a_conference_and_a_file_after_it_are_heard_and_what_is_between(
    studio: Sandbox, service: Service
) -> None:
    instants = np.arange(16_000) / 8_000
    wav = io.BytesIO()
    soundfile.write(wav, 0.3 * np.sin(2 * np.pi * FILE * instants), 8_000, format="WAV")
    service.files["/bye.wav"] = wav.getvalue()
    anna = caller(studio, ANNA)
    studio.speak(anna, seconds=60)
    text = "Welcome to the conference, which is about to begin."
    url = f"{service.url}/bye.wav"
    xml = f"<Speak>{text}</Speak><Conference>room</Conference><Play>{url}</Play>"
    call = call_by_xml(studio, service, xml)
    until_told(studio, call, text)
    studio.clock(advance=2)
    before, rate = heard(studio, call)
    assert loudness(before, rate, MARKER_HERTZ) > 0.1
    assert loudness(before, rate, ANNA) < 0.005
    studio.clock(advance=60)
    until(lambda: len(members(studio)) == 2, "the call to be in")
    studio.speak(anna, seconds=60)
    studio.clock(advance=2)
    within = heard(studio, call)[0][len(before) :]
    assert loudness(within[-rate:], rate, ANNA) > 0.1
    assert loudness(within[-rate:], rate, MARKER_HERTZ) < 0.005
    options = studio.options
    (member,) = [one["id"] for one in members(studio) if one["call_uuid"] == call]
    kick = f"{studio.url}/v1/Account/{options.auth_id}/Conference/room/Member/{member}/Kick/"
    requests.post(kick, auth=(options.auth_id, options.auth_token), timeout=PATIENCE)
    until_told(studio, call, url)
    studio.clock(advance=10)
    until(lambda: ended(studio, call), "the end")
    after = heard(studio, call)[0]  # of a call that is over
    assert loudness(after[-10 * rate : -8 * rate], rate, FILE) > 0.2
    assert loudness(after[-9 * rate :], rate, ANNA) < 0.005


@pytest.mark.parametrize("pressed", [True, False])
def test_a_prompt_is_heard_until_a_key_is_pressed(
    pressed: bool, studio: Sandbox, service: Service
) -> None:
    text = "Please enter your PIN, which has six digits, and then press the hash key."
    xml = f'<GetDigits action="SERVICE/pin" numDigits="6"><Speak>{text}</Speak></GetDigits>'
    call = call_by_xml(studio, service, xml)
    until_told(studio, call, text)
    studio.clock(advance=1)
    if pressed:
        studio.press(call, "1")
        until(lambda: is_hushed(studio, call), "the prompt to end")
    studio.clock(advance=1.5)
    samples, rate = heard(studio, call)
    assert (loudness(samples[int(1.2 * rate) :], rate, MARKER_HERTZ) < 0.005) is pressed
    assert loudness(samples[: int(0.9 * rate)], rate, MARKER_HERTZ) > 0.1


def is_hushed(studio: Sandbox, call: str) -> bool:
    """Time goes on a little, in silence."""
    studio.clock(advance=0.05)
    samples, rate = heard(studio, call)
    return loudness(samples[-rate // 25 :], rate, MARKER_HERTZ) < 0.005
