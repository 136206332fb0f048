"""Every key of `conferences:`, in the answer that Plivo gets."""

from urllib.request import Request
from xml.etree import ElementTree

from sandbox.callbacks.signing import signature_v3
from tests.e2e.witness.conftest import PIN, Stage, read
from tests.e2e.witness.witnesses import drives
from tests.waiting import until

ANSWERED = {
    "muted": ("muted", "true"),
    "start_on_enter": ("startConferenceOnEnter", "false"),
    "end_on_exit": ("endConferenceOnExit", "true"),
    "stay_alone": ("stayAlone", "false"),
    "max_members": ("maxMembers", "7"),
    "time_limit": ("timeLimit", "540"),
    "record": ("record", "true"),
    "record_format": ("recordFileFormat", "wav"),
    "transcribe": ("transcriptionType", "hybrid"),
    "transcription_type": ("transcriptionType", "hybrid"),
    "transcription_method": ("transcriptionMethod", "GET"),
    "callback_method": ("callbackMethod", "GET"),
    "record_when_alone": ("recordWhenAlone", "false"),
    "send_digits": ("sendDigits", "1w2"),
    "action": ("redirect", "false"),
    "digits_match": ("digitsMatch", "1,*2"),
    "floor_event": ("floorEvent", "true"),
    "hang_up_on_star": ("hangupOnStar", "true"),
    "wait_sound": ("waitSound", "https://cdn.example.com/wait.mp3"),
    "enter_sound": ("enterSound", "beep:1"),
    "exit_sound": ("exitSound", "beep:2"),
    "relay_dtmf": ("relayDTMF", "false"),
}
"""Key in the rules file -> attribute of the element and its value."""


@drives("conferences match", *(f"conferences {key}" for key in ANSWERED))
def test_callers_are_answered_as_the_file_says(stage: Stage) -> None:
    element = answer(stage, "w-answer")
    assert element.text == "w-answer"
    assert {name: element.get(name) for name, _ in ANSWERED.values()} == dict(ANSWERED.values())
    assert answer(stage, "w-other").get("muted") == "false"


@drives("conferences then")
def test_the_call_goes_on_after_the_conference(stage: Stage) -> None:
    call = stage.enter("w-then")  # a rule kicks them
    until(lambda: stage.receiver.at("/after") != [], "the address that follows")
    assert stage.receiver.at("/after")[0].fields["CallUUID"] == call


@drives("conferences refuse", "conferences schedule")
def test_a_caller_who_is_turned_away_is_never_in(stage: Stage) -> None:
    call = stage.sandbox.call_in("w-refuse")
    until(lambda: call in ended(stage), "the call to end")
    assert call not in stage.calls("w-refuse")


def ended(stage: Stage) -> list[str]:
    return [one["call_uuid"] for one in stage.sandbox.state()["ended_calls"]]


@drives("conferences ask_pin", "metric gavel_pin_tries_total")
def test_a_caller_with_the_pin_is_in_and_the_pin_is_kept_nowhere(stage: Stage) -> None:
    call = stage.sandbox.call_in("w-pin")
    until(lambda: "PIN?" in heard(stage, call), "the call to be asked")
    stage.sandbox.press(call, "9081726#")
    until(lambda: "That is not right." in heard(stage, call), "the wrong PIN to be told")
    stage.sandbox.press(call, f"{PIN}#")
    until(lambda: call in stage.calls("w-pin"), "the caller to be in")
    until(lambda: 'gavel_pin_tries_total{outcome="right"} 1' in counted(stage), "the count")
    files = [path for path in (stage.folder / "var").rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if PIN.encode() in path.read_bytes()]
    assert PIN not in stage.up.output
    assert PIN not in stage.ask("why", "w-pin")[1]


def heard(stage: Stage, call: str) -> list[str]:
    """What the call was told outside of conferences."""
    calls = stage.sandbox.state()["calls"]
    return [text for one in calls if one["call_uuid"] == call for text in one["heard"]]


def counted(stage: Stage) -> str:
    return stage.get("/metrics/cluster")


@drives("conferences role")
def test_what_a_caller_is_is_known_from_the_answer_to_the_exit(stage: Stage) -> None:
    host, guest = (stage.enter("w-role", from_=number) for number in ("+14155550100", "+4930123"))
    stage.sandbox.hang_up(guest)
    stage.until_told("/role", {"role": "guest"})
    stage.sandbox.hang_up(host)
    stage.until_told("/role", {"role": "host"})


def answer(stage: Stage, conference: str) -> ElementTree.Element:
    """The `<Conference>` that a caller into this conference gets."""
    url = f"{stage.url}/plivo/answer/{conference}"
    nonce = f"nonce-of-{conference}"
    signature = signature_v3(stage.plivo_token(), "GET", url, {}, nonce)
    headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}
    found = ElementTree.fromstring(read(Request(url, headers=headers))).find("Conference")
    assert found is not None
    return found
