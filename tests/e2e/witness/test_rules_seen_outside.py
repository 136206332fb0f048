"""Every trigger, action, option and key of a rule, seen in the sandbox or at a receiver."""

import base64
import hashlib
import hmac

import pytest

from tests.e2e.witness.conftest import SECRET, Stage
from tests.e2e.witness.witnesses import drives
from tests.waiting import until


@pytest.fixture(scope="module", autouse=True)
def on_schedule(stage: Stage) -> None:
    """Someone waits for the next minute from the first test on, so that the last need not."""
    stage.enter("w-schedule")


@drives("action mute", "action unmute", "action deaf", "action undeaf", "trigger member.entered")
def test_members_are_muted_and_made_deaf_and_back(stage: Stage) -> None:
    stage.enter("w-mute")
    stage.until_asked("w-mute", "mute", "unmute", "deaf", "undeaf")


def test_why_tells_what_plivo_calls_each_request_it_answered(stage: Stage) -> None:
    stage.enter("w-mute")
    stage.until_asked("w-mute", "mute", "unmute", "deaf", "undeaf")
    ids = [
        one["api_id"]
        for one in stage.requests.entries()
        if one["conference"] == "w-mute" and one["api_id"] and one["method"] != "GET"
    ]
    assert ids
    until(lambda: all(id in stage.ask("why", "w-mute")[1] for id in ids), "the ids in `why`")


def test_why_tells_which_rules_were_taken(stage: Stage) -> None:
    until(lambda: "rules taken: " in stage.ask("why", "--rules")[1], "the rules to be told of")


@drives("action kick")
def test_members_are_kicked(stage: Stage) -> None:
    call = stage.enter("w-kick")
    stage.until_asked("w-kick", "kick")
    assert call not in [one["call_uuid"] for one in members(stage, "w-kick")]


@drives(
    *("action speak", "option speak.to", "option speak.text", "option speak.voice"),
    *("option speak.language", "action stop_speak", "action play", "option play.to"),
    *("option play.url", "action stop_play"),
)
def test_members_hear_what_the_rule_says(stage: Stage) -> None:
    stage.enter("w-speak")
    stage.until_asked("w-speak", "speak", "stop_speak", "play", "stop_play")
    (_, spoken), _, (_, played), _ = stage.asked("w-speak")
    said = {key: spoken[key] for key in ("text", "voice", "language")}
    assert said == {"text": "Guten Tag.", "voice": "MAN", "language": "de-DE"}
    assert played["url"] == "https://cdn.example.com/welcome.mp3"


@drives("action record", "option record.format", "option record.transcribe")
@drives("action stop_recording", "action wait")
def test_a_conference_is_recorded_for_as_long_as_the_rule_says(stage: Stage) -> None:
    stage.enter("w-record")
    stage.until_asked("w-record", "record", "stop_record")
    params = stage.asked("w-record")[0][1]
    assert params["file_format"] == "wav"
    assert params["transcription_type"] == "auto"
    made = [r for r in stage.sandbox.state()["recordings"] if r["conference"] == "w-record"]
    assert [(one["format"], one["ended_at"] is not None) for one in made] == [("wav", True)]


@drives("action hang_up")
def test_members_and_conferences_are_hung_up(stage: Stage) -> None:
    stage.enter("w-hang-up-member")
    stage.until_asked("w-hang-up-member", "hang_up_member")
    stage.enter("w-hang-up")
    stage.until_asked("w-hang-up", "hang_up")
    assert not members(stage, "w-hang-up")


@drives("action extend", "action trigger", "option trigger.data", "trigger trigger")
def test_a_limit_is_moved_and_a_rule_triggers_another(stage: Stage) -> None:
    stage.enter("w-extend")
    stage.until_asked("w-extend", "speak")
    assert stage.spoken("w-extend") == ["It is 65 minutes now."]


@drives("option trigger.conference")
def test_a_rule_triggers_another_in_another_conference(stage: Stage) -> None:
    stage.enter("w-elsewhere-too")
    stage.enter("w-elsewhere")
    stage.until_asked("w-elsewhere-too", "speak")
    (member,) = members(stage, "w-elsewhere")
    assert stage.spoken("w-elsewhere-too") == [f"{member['id']} calls."]


@drives("rule ensure", "ensure muted", "ensure deaf", "ensure recording")
def test_what_shall_be_so_is(stage: Stage) -> None:
    call = stage.enter("w-ensure")
    until(lambda: len(stage.operations("w-ensure")) == 3, "three calls")
    asked = dict(stage.asked("w-ensure"))
    assert asked.keys() == {"mute", "deaf", "record"}
    assert asked["record"]["file_format"] == "wav"
    (member,) = members(stage, "w-ensure")
    assert (member["call_uuid"], member["muted"], member["deaf"]) == (call, True, True)


@drives("ensure unmuted", "ensure undeaf")
def test_so_is_the_contrary(stage: Stage) -> None:
    stage.enter("w-ensure-not")
    stage.until_asked("w-ensure-not", "mute", "deaf", "record", "unmute", "undeaf", "stop_record")
    (member,) = members(stage, "w-ensure-not")
    assert (member["muted"], member["deaf"]) == (False, False)


@drives("action webhook", "option webhook.url", "option webhook.json", "option webhook.headers")
@drives("option webhook.secret", "rule description", "setting ALLOW_PRIVATE_WEBHOOKS")
def test_another_system_is_told_signed(stage: Stage) -> None:
    stage.enter("w-webhook")
    stage.until_told("/told", {"room": "w-webhook"})
    got = stage.receiver.at("/told")[0]
    headers = {name.lower(): value for name, value in got.headers.items()}
    assert headers["x-team"] == "blue"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{got.body}".encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@drives("action log", "command why")
def test_a_line_is_in_the_story(stage: Stage) -> None:
    stage.enter("w-log")
    until(lambda: "a line of the witness" in stage.ask("why", "w-log")[1], "the line")


@drives("beside expires_in", "beside on_error")
def test_what_comes_too_late_is_not_said_and_the_rest_goes_on(stage: Stage) -> None:
    fault = stage.sandbox.fault(
        "status", status=503, actions=["speak"], conference="w-expires", times=0
    )
    stage.enter("w-expires")
    stage.until_asked("w-expires", "mute")
    stage.sandbox.clear_fault(fault)
    assert stage.spoken("w-expires") == []


@drives("trigger action.failed")
def test_a_step_that_fails_ends_its_run_and_is_told_to_other_rules(stage: Stage) -> None:
    stage.sandbox.fault("status", status=400, actions=["speak"], conference="w-stops", times=1)
    stage.enter("w-stops")
    stage.until_asked("w-stops", "deaf")
    assert "mute" not in stage.operations("w-stops")


@drives("action set", "action choose", "option choose.else")
def test_what_is_remembered_chooses_the_branch(stage: Stage) -> None:
    stage.enter("w-choose")
    stage.until_asked("w-choose", "deaf")
    stage.enter("w-choose")
    stage.until_asked("w-choose", "deaf", "mute")


@drives(
    *("action wait_for", "option wait_for.when", "option wait_for.by", "option wait_for.match"),
    *("option wait_for.condition", "option wait_for.timeout", "option wait_for.else"),
)
def test_the_rest_goes_on_with_the_key_or_the_else_is_taken(stage: Stage) -> None:
    call = stage.enter("w-wait-for")
    stage.sandbox.press(call, "1")
    stage.until_asked("w-wait-for", "mute")
    stage.enter("w-wait-in-vain")
    stage.until_asked("w-wait-in-vain", "deaf")


@drives("rule once", "rule cooldown", "trigger member.digits")
def test_rules_run_as_often_as_they_say(stage: Stage) -> None:
    first, second = stage.enter("w-once"), stage.enter("w-once")
    for call, keys in ((first, "1"), (first, "1"), (second, "1"), (first, "2"), (second, "2")):
        stage.sandbox.press(call, keys)
        until(lambda: settled(stage), "the keys told")
    stage.sandbox.press(first, "3")
    until(lambda: "undeaf" in stage.operations("w-once"), "the end")
    one, other = stage.member_ids("w-once")
    assert stage.members_asked("w-once", "deaf") == [one]
    assert stage.members_asked("w-once", "mute") == [one, other]
    assert stage.members_asked("w-once", "unmute") == [one]


@drives(
    "rule enabled", "rule dry_run", "rule if", "rule match", "rule name", "rule when", "rule do"
)
def test_what_rests_or_pretends_does_nothing(stage: Stage) -> None:
    stage.enter("w-quiet", from_="+14155550100")
    stage.until_asked("w-quiet", "deaf")
    assert stage.operations("w-quiet") == ["deaf"]


@drives("trigger conference.started", "trigger member.exited", "trigger conference.ended")
def test_a_conference_begins_and_ends(stage: Stage) -> None:
    stage.sandbox.hang_up(stage.enter("w-life"))
    stage.until_told("/life", {"saw": "started"}, {"saw": "exited"}, {"saw": "ended"})


@drives("trigger member.digits", "trigger member.speaking")
def test_keys_and_voices_are_noticed(stage: Stage) -> None:
    call = stage.enter("w-keys")
    stage.sandbox.press(call, "*1")
    stage.until_asked("w-keys", "mute")
    other = stage.enter("w-keys")
    stage.sandbox.speak(other, "Hello.")
    until(lambda: "deaf" in stage.operations("w-keys"), "the voice")


@drives("trigger member.alone", "trigger conference.elapsed", "trigger conference.time_left")
@drives("trigger conference.every", "trigger conference.members")
def test_time_passes_and_members_are_counted(stage: Stage) -> None:
    for conference in ("w-alone", "w-elapsed", "w-time-left", "w-every", "w-members", "w-members"):
        stage.enter(conference)
    for conference in ("w-alone", "w-elapsed", "w-time-left", "w-members"):
        stage.until_asked(conference, "mute")
    stage.until_asked("w-every", "mute", "mute")


@drives("limit match", "limit duration", "limit hang_up")
def test_a_limit_hangs_up_unless_it_is_told_not_to(stage: Stage) -> None:
    stage.enter("w-limit-stays")
    stage.enter("w-limit")
    stage.until_asked("w-limit", "hang_up")
    assert members(stage, "w-limit-stays")
    assert stage.operations("w-limit-stays") == []


@drives("trigger recording.started", "trigger recording.ready", "trigger transcription.ready")
@drives("trigger transcription.failed", "trigger recording.missing")
def test_recordings_and_transcripts_are_told(stage: Stage) -> None:
    stage.sandbox.fault("no_file", conference="w-untold", times=0)
    stage.sandbox.fault("no_transcript", conference="w-no-words", times=0)
    calls = {name: stage.enter(name) for name in ("w-recorded", "w-untold", "w-no-words")}
    for conference in calls:
        stage.until_asked(conference, "record")
    stage.sandbox.speak(calls["w-recorded"], "Good morning.")
    stage.until_told("/recordings", {"saw": "began"})
    stage.sandbox.clock(advance=5)  # Plivo transcribes nothing that is shorter than two seconds
    for call in calls.values():
        stage.sandbox.hang_up(call)
    stage.until_told("/recordings", {"saw": "mp3"})
    until(lambda: "w-no-words" in [one.get("in") for one in stage.told("/recordings")], "no words")
    stage.until_told("/missing", {"from": "w-untold"})
    until(
        lambda: any("Good morning" in str(body) for body in stage.told("/recordings")),
        "the transcript",
    )


@drives("trigger schedule")
def test_the_clock_on_the_wall_is_kept(stage: Stage, on_schedule: None) -> None:
    until(lambda: "mute" in stage.operations("w-schedule"), "the next minute")


def members(stage: Stage, conference: str) -> list[dict[str, object]]:
    found = stage.sandbox.state()["conferences"]
    return [member for one in found if one["name"] == conference for member in one["members"]]


def settled(stage: Stage) -> bool:
    return not stage.sandbox.state()["under_way"]
