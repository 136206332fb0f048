import re
from pathlib import Path

import pytest

from app.yaml.problems import FileError
from tests.workers.rules.simulation.books import standup
from workers.rules.load import load
from workers.rules.simulation.timeline import Report, run_tests, run_text
from workers.rules.simulation.timeline_text import render_report

HOST = 'from: "+14155550100"'
GUEST = 'from: "+4930123456"'


def play(timeline: str, expect: str = "", more: str = "expect_nothing_else: true") -> Report:
    """One test of the given entries, each on its own line."""
    lines = ["tests:", "  - name: it", f"    {more}", "    timeline:"]
    lines += [f"      - {{{line.strip()}}}" for line in timeline.strip().splitlines()]
    if expect:
        lines += ["    expect:"]
        lines += [f"      - {{{line.strip()}}}" for line in expect.strip().splitlines()]
    return run_text("\n".join(lines), "rules_test.yaml", standup())


TWO_WARNINGS = f"""
    at: 0s, member.entered: {{conference: standup-eu, member: 1, {HOST}}}
    at: 10s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
    at: 10m5s, restart: workers
    at: 11m, member.exited: {{conference: standup-eu, member: 2}}
    at: 11m, duplicate: previous
    at: 13m, member.exited: {{conference: standup-eu, member: 1}}
"""


def test_the_example_of_the_product_passes() -> None:
    expect = """
        at: 10s, mute: 2
        at: 10m, speak: {to: all, text: "This call ends in 5 minutes."}
    """
    assert play(TWO_WARNINGS, expect).passed


def test_a_failing_expectation_shows_the_timeline_and_what_came_instead() -> None:
    expect = """
        at: 10s, mute: 2
        at: 9m, speak: {to: all, text: "This call ends in 6 minutes."}
    """
    report = play(TWO_WARNINGS, expect)
    assert not report.passed
    text = render_report(report)
    assert "FAIL it" in text
    assert "rules_test.yaml:13:9: expected at 9m speak all" in text
    assert "came instead: at 10m speak all (text 'This call ends in 5 minutes.')" in text
    assert "member.entered in standup-eu member 2" in text
    assert "Guests join muted: ran" in text
    assert "0 of 1 passed" in text


def test_of_a_mapping_only_what_is_written_is_compared_and_what_differs_is_named() -> None:
    rules = load(
        "version: 1\nrules:\n  - name: Tell\n    when: member.entered\n    do:\n"
        "      - webhook: {url: 'https://a.example/', "
        "json: {who: '{{ member.id }}', of: [1, 2]}}\n",
        "rules.yaml",
    )

    def told(json: str) -> Report:
        text = (
            "tests:\n  - name: it\n    expect_nothing_else: true\n    timeline:\n"
            "      - {at: 1s, member.entered: {conference: a, member: 7}}\n"
            f"    expect:\n      - {{at: 1s, webhook: {{json: {json}}}}}\n"
        )
        return run_text(text, "rules_test.yaml", rules)

    assert told("{who: '7'}").passed
    assert told("{of: [1, 2]}").passed
    for json in ("{who: '8'}", "{who: '7', else: 1}", "{of: [1]}", "{of: [1, 3]}"):
        assert not told(json).passed
    assert "[differs in json.who]" in render_report(told("{who: '8', of: [1, 2]}"))
    assert "[differs in json.of.1]" in render_report(told("{of: [1, 3]}"))


def test_an_end_that_the_timeline_does_not_tell_is_asked_for() -> None:
    rules = load(
        "version: 1\nlimits:\n  - {match: {conference: '*'}, duration: 1m}\nrules:\n"
        "  - name: Tell\n    when: conference.ended\n    do: [webhook: {url: 'https://a.example/'}]\n",
        "rules.yaml",
    )
    entered = "      - {at: 0s, member.entered: {conference: a, member: 7}}\n"
    left = "      - {at: 1m, member.exited: {conference: a, member: 7}}\n"

    def told(timeline: str) -> Report:
        expect = "    expect:\n      - {at: 1m, webhook: {}}\n"
        text = f"tests:\n  - name: it\n    timeline:\n{timeline}{expect}"
        return run_text(text, "rules_test.yaml", rules)

    assert told(entered + left).passed
    report = told(entered)
    assert not report.passed
    assert "leaves when the timeline says so" in render_report(report)


def test_what_nobody_expected_fails_a_test_that_wants_nothing_else() -> None:
    report = play(TWO_WARNINGS, "at: 10s, mute: 2")
    assert "not expected: at 10m speak all" in render_report(report)
    assert play(TWO_WARNINGS, "at: 10s, mute: 2", more="start: 2026-01-05").passed


@pytest.mark.parametrize(
    "move", ["restart: everything", "duplicate: previous", "restart: redis", "restart: web"]
)
def test_restarts_and_duplicates_change_nothing(move: str) -> None:
    timeline = f"""
        at: 0s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
        at: 1s, {move}
    """
    expect = """
        at: 0s, mute: 2
        at: 10m, speak: {text: "This call ends in 5 minutes."}
        at: 14m, speak: {to: all}
        at: 15m, hang_up: conference
    """
    assert play(timeline, expect).passed


def test_swapped_callbacks() -> None:
    timeline = f"""
        at: 0s, member.entered: {{conference: standup-eu, member: 1, {HOST}}}
        at: 1s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
        at: 2s, member.exited: {{conference: standup-eu, member: 2}}
        at: 2s, swap: previous
    """
    assert play(timeline).passed


def test_dropped_callbacks_and_a_look_at_plivos_list() -> None:
    timeline = f"""
        at: 0s, member.entered: {{conference: standup-eu, member: 1, {HOST}}}
        at: 1s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
        at: 1s, drop: previous
        at: 30s, conference.observed: {{conference: standup-eu, run_time: 30s, members: [1]}}
        at: 60s, conference.observed: {{conference: standup-eu, gone: true}}
    """
    assert play(timeline).passed


def test_an_api_that_refuses_gives_a_step_up() -> None:
    timeline = f"""
        at: 0s, plivo: {{mute: 400}}
        at: 1s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
    """
    expect = """
        at: 1s, mute: 2
        at: 1s, log: mute failed
    """
    assert play(timeline, expect).passed
    assert "<- mute was answered 400" in render_report(play(timeline, expect), verbose=True)


def test_an_api_that_is_away_for_a_while_is_tried_again() -> None:
    timeline = f"""
        at: 0s, plivo: {{mute: 503}}
        at: 1s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
        at: 10s, plivo: {{mute: ok}}
    """
    report = play(timeline, "at: 1s, mute: 2", more="until: 5m")
    assert report.passed
    assert "failed" not in render_report(report, verbose=True)


def test_an_api_that_stays_away_gives_up_when_the_call_expires() -> None:
    timeline = f"""
        at: 0s, plivo: {{mute: timeout}}
        at: 1s, member.entered: {{conference: standup-eu, member: 2, {GUEST}}}
    """
    report = play(timeline, more="until: 5m")
    assert "note: Tell of failures: mute failed" in render_report(report, verbose=True)


def test_calls_are_compared_by_member_however_they_are_grouped() -> None:
    rules = load(
        "version: 1\nrules:\n"
        "  - {name: kick, when: {trigger: go}, do: [{kick: others}, {deaf: ['1', '2']}]}\n",
        "rules.yaml",
    )
    text = """
tests:
  - name: it
    timeline:
      - {at: 0s, member.entered: {conference: a, member: 1}}
      - {at: 0s, member.entered: {conference: a, member: 2}}
      - {at: 0s, member.entered: {conference: a, member: 3}}
      - {at: 1s, trigger: {conference: a, name: go, member: 1, data: {n: 3, ok: true}}}
    expect:
      - {at: 1s, kick: [3, 2], conference: a}
      - {at: 1s, deaf: 1}
      - {at: 1s, deaf: 2}
    expect_nothing_else: true
"""
    assert run_text(text, "rules_test.yaml", rules).passed


def test_a_new_instance_under_the_same_name_is_one() -> None:
    timeline = f"""
        at: 0s, member.entered: {{conference: standup-eu, member: 1, {HOST}}}
        at: 1m, member.exited: {{conference: standup-eu, member: 1}}
        at: 2m, member.entered: {{conference: standup-eu, member: 1, {HOST}}}
    """
    assert play(timeline, "at: 12m, speak: {to: all}").passed


def test_a_schedule_is_tested_from_a_local_start_time() -> None:
    rules = load(
        "version: 1\ntimezone: Europe/Berlin\nrules:\n"
        "  - {name: it, when: {schedule: '0 18 * * *'}, match: {conference: a},\n"
        "     do: [{speak: {to: all, text: Bye}}]}\n",
        "rules.yaml",
    )
    text = """
tests:
  - name: it
    start: "2026-03-28 17:00"
    timeline: [{at: 0s, member.entered: {conference: a, member: 1}}]
    expect:
      - {at: 1h, speak: {text: Bye}}
      - {at: 24h, speak: {text: Bye}}
    expect_nothing_else: true
"""
    assert run_text(text, "rules_test.yaml", rules).passed


@pytest.mark.parametrize(
    ("line", "start", "times"),
    [
        ("30 2 * * *", "2026-03-29 01:40", ["20m"]),
        ("30 2 * * *", "2026-10-25 01:40", ["50m"]),
        (
            "*/15 * * * *",
            "2026-10-25 01:55",
            ["5m", "20m", "35m", "50m", "1h5m", "1h20m", "1h35m", "1h50m", "2h5m"],
        ),
    ],
)
def test_a_schedule_goes_on_while_the_clocks_change(
    line: str, start: str, times: list[str]
) -> None:
    rules = load(
        "version: 1\ntimezone: Europe/Berlin\nrules:\n"
        f"  - {{name: it, when: {{schedule: '{line}'}}, match: {{conference: a}},\n"
        "     do: [{speak: {to: all, text: Bye}}]}\n",
        "rules.yaml",
    )
    expected = "".join(f"      - {{at: {at}, speak: {{text: Bye}}}}\n" for at in times)
    text = f"""
tests:
  - name: it
    start: "{start}"
    until: 2h15m
    timeline: [{{at: 0s, member.entered: {{conference: a, member: 1}}}}]
    expect:
{expected}
    expect_nothing_else: true
"""
    assert run_text(text, "rules_test.yaml", rules).passed


def test_a_day_is_played_in_a_moment() -> None:
    rules = load(
        "version: 1\nrules:\n"
        "  - {name: tick, when: {conference.every: 5m}, do: [{speak: {to: all, text: Tick}}]}\n",
        "rules.yaml",
    )
    text = """
tests:
  - name: it
    timeline: [{at: 0s, member.entered: {conference: a, member: 1}}]
    expect: [{at: 24h, speak: {text: Tick}}]
"""
    report = run_text(text, "rules_test.yaml", rules)
    assert report.passed
    assert len(report.results[0].happened) > 500


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: error: a file of tests begins with `tests:`"),
        ("tests: []", "1:8: error: there is no test in this file"),
        ("tests: 1", "1:8: error: tests is a list; begin each entry with `-`"),
        ("test: []", "1:1: error: 'test' is nothing that a file of tests has"),
        ("tests: [1]", "1:9: error: a test is a mapping with name, timeline and expect"),
        ("tests: [{timelin: []}]", "1:10: error: 'timelin' is nothing that a test has"),
        ("tests: [{timeline: [{at: 1s}]}]", "an entry has `at` and just one thing"),
        ("tests: [{timeline: [{restart: workers}]}]", "an entry says when and what"),
        ("tests: [{timeline: [{at: 1x, restart: workers}]}]", "expected a duration"),
        ("tests: [{timeline: [{at: 1s, restart: me}]}]", "restart one of workers, web"),
        ("tests: [{timeline: [{at: 1s, swap: previous}]}]", "nothing before this to swap"),
        ("tests: [{timeline: [{at: 1s, drop: it}]}]", "write `drop: previous`"),
        ("tests: [{timeline: [{at: 1s, plivo: {speek: 404}}]}]", "did you mean"),
        ("tests: [{timeline: [{at: 1s, plivo: {speak: often}}]}]", "an HTTP status"),
        ("tests: [{timeline: [{at: 1s, webhook: yes}]}]", "say what it is answered"),
        ("tests: [{timeline: [{at: 1s, webhook: {jsn: 1}}]}]", "did you mean 'json'?"),
        ("tests: [{timeline: [{at: 1s, webhook: {status: fine}}]}]", "an HTTP status"),
        ("tests: [{timeline: [{at: 1s, webhook: {json: 1, body: x}}]}]", "write one of them"),
        ("tests: [{timeline: [{at: 1s, member.enterd: {}}]}]", "did you mean"),
        ("tests: [{timeline: [{at: 1s, member.entered: {conference: a}}]}]", "needs `member`"),
        ("tests: [{timeline: [{at: 1s, member.entered: 1}]}]", "says at least which conference"),
        ("tests: [{expect: [{at: 1s, speak: hello}]}]", "speak is a mapping"),
        ("tests: [{expect: [{at: 1s, speak: {txt: hello}}]}]", "'txt' is nothing that speak has"),
        ("tests: [{expect: [{at: 1s, mut: 1}]}]", "did you mean"),
        ("tests: [{expect_nothing_else: maybe}]", "expected true or false"),
        ("tests: [{start: tomorrow}]", "expected a local time"),
        ("tests: [{expect: [{at: 1s, vars: {raisd: 1}}]}]", "the rules declare no var 'raisd'"),
        (
            "tests: [{timeline: [{at: 1s, operator.acted: {conference: a, do: {mut: all}}}]}]",
            "1:66: error: unknown action 'mut'; did you mean 'mute'?",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_at_its_place(text: str, problem: str) -> None:
    with pytest.raises(FileError) as caught:
        run_text(text, "rules_test.yaml", standup())
    assert problem in str(caught.value)


def test_a_timeline_does_not_go_back() -> None:
    with pytest.raises(FileError, match="does not go back in time"):
        play("at: 2s, restart: web\nat: 1s, restart: web")


def test_the_shipped_tests_pass_for_the_shipped_rules() -> None:
    root = Path(__file__).parents[4]
    rules = load((root / "rules.yaml").read_text(), "rules.yaml")
    report = run_tests(root / "rules_test.yaml", rules)
    assert report.passed, render_report(report)


def test_the_shipped_tests_fail_for_other_rules() -> None:
    root = Path(__file__).parents[4]
    text = (root / "rules.yaml").read_text().replace("mute: member", "deaf: member")
    report = run_tests(root / "rules_test.yaml", load(text, "rules.yaml"))
    assert not report.passed


def test_what_rules_remember_can_be_expected() -> None:
    rules = load(
        "version: 1\nvars: {count: {type: number}}\nrules:\n"
        "  - {name: Count, when: member.entered, do: [{set: {count: '{{ vars.count + 1 }}'}}]}\n",
        "rules.yaml",
    )

    def told(count: int) -> Report:
        text = (
            "tests:\n  - name: it\n    timeline:\n"
            "      - {at: 1s, member.entered: {conference: a, member: 1}}\n"
            "      - {at: 3s, member.entered: {conference: a, member: 2}}\n"
            f"    expect:\n      - {{at: 2s, vars: {{count: {count}}}}}\n"
        )
        return run_text(text, "rules_test.yaml", rules)

    assert told(1).passed
    assert "expected at 2s vars (count 2), came instead: at 2s vars (count 1)" in render_report(
        told(2)
    )


ASKING = """
version: 1
vars: {tier: {type: text, start: none}}
rules:
  - name: Ask
    when: member.entered
    do:
      - webhook: {url: "https://crm.example.com/{{ conference.name }}"}
        on_error: continue
      - wait: 5s
      - choose:
          - if: response.json.vip | default(false)
            do: [{mute: member}]
        else:
          - speak: {to: member, text: "{{ response.status | default(0) }} {{ vars.tier }}"}
  - name: Record
    when: {trigger: record}
    do: [record, {log: "{{ recording.id }}"}]
"""


def asked(*answers: str, expect: str, plivo: str = "") -> Report:
    """What a rule does that asks the CRM as members enter `sales` and then `other`."""
    lines = ["tests:", "  - timeline:"]
    lines += [f"      - {{at: 0s, webhook: {one}}}" for one in answers]
    lines += [f"      - {{at: 0s, plivo: {plivo}}}"] if plivo else []
    for at, name in ((1, "sales"), (2, "other")):
        lines += [f"      - {{at: {at}s, member.entered: {{conference: {name}, member: {at}}}}}"]
    lines += ["      - {at: 3s, restart: everything}", "    until: 2d", "    expect:"]
    lines += [f"      - {{{line.strip()}}}" for line in expect.strip().splitlines()]
    lines += ["    expect_nothing_else: true"]
    return run_text("\n".join(lines), "rules_test.yaml", load(ASKING, "rules.yaml"))


WEBHOOKS = """at: 1s, webhook: {url: "https://crm.example.com/sales"}
    at: 2s, webhook: {url: "https://crm.example.com/other"}
"""


@pytest.mark.parametrize(
    ("answers", "sales", "other"),
    [
        ((), "speak: {to: 1, text: 200 none}", "speak: {to: 2, text: 200 none}"),
        (("{json: {vip: true}}",), "mute: 1", "mute: 2"),
        (("{url: '*/sales', json: {vip: true}}",), "mute: 1", "speak: {to: 2, text: 200 none}"),
        (
            ("{json: {vip: true}}", "{url: '*/sales', status: 203, body: '<html>'}"),
            "speak: {to: 1, text: 203 none}",
            "mute: 2",
        ),
        (("{status: 410}",), "speak: {to: 1, text: 410 none}", "speak: {to: 2, text: 410 none}"),
        (('{body: \'{"vip": 1, "vip": 1}\'}',), "speak: {to: 1}", "speak: {to: 2}"),
    ],
)
def test_a_test_says_what_webhooks_are_answered(
    answers: tuple[str, ...], sales: str, other: str
) -> None:
    report = asked(*answers, expect=f"{WEBHOOKS}at: 6s, {sales}\nat: 7s, {other}")
    assert report.passed, render_report(report)


def test_a_receiver_that_is_away_for_a_day_has_answered_nothing() -> None:
    report = asked("{status: timeout}", expect=f"{WEBHOOKS}at: 1d, vars: {{tier: none}}")
    assert not report.passed
    assert "came instead" not in render_report(report).partition("what happened")[0]
    assert "speak 1 (text '0 none'" in render_report(report)


def test_plivo_webhook_answers_them_too() -> None:
    said = "speak: {{to: {0}, text: 410 none}}"
    expect = f"{WEBHOOKS}at: 6s, {said.format(1)}\nat: 7s, {said.format(2)}"
    assert asked(plivo="{webhook: 410}", expect=expect).passed


def test_the_story_tells_what_was_answered_and_recordings_have_their_numbers() -> None:
    text = """
tests:
  - timeline:
      - {at: 0s, webhook: {json: {vip: true}}}
      - {at: 1s, member.entered: {conference: sales, member: 1}}
      - {at: 2s, trigger: {conference: sales, name: record}}
      - {at: 3s, recording.ready: {conference: sales}}
      - {at: 4s, trigger: {conference: sales, name: record}}
    expect:
      - {at: 2s, log: "1"}
      - {at: 4s, log: "2"}
"""
    report = run_text(text, "rules_test.yaml", load(ASKING, "rules.yaml"))
    assert report.passed, render_report(report)
    told = render_report(report, verbose=True)
    assert "webhook was done in sales (answered 200, 13 bytes)" in told


def test_several_conferences_of_one_test_see_each_other() -> None:
    rules = load(
        """
version: 1
rules:
  - name: The third support call
    when: conference.started
    match: {conference: "support-*"}
    if: account.conferences | matching("support-*") | length == 3
    do: [{speak: {to: all, text: "{{ account.conferences | join }}"}}]
  - name: Alone again
    when: {conference.elapsed: 1m}
    match: {account.conference_count: 1}
    do: [{log: alone}]
""",
        "rules.yaml",
    )
    text = """
tests:
  - timeline:
      - {at: 0s, member.entered: {conference: support-1, member: 1}}
      - {at: 1s, member.entered: {conference: sales-1, member: 1}}
      - {at: 2s, member.entered: {conference: support-2, member: 1}}
      - {at: 3s, member.exited: {conference: support-1, member: 1}}
      - {at: 4s, member.entered: {conference: support-3, member: 1}}
      - {at: 5s, restart: everything}
      - {at: 6s, member.entered: {conference: support-4, member: 1}}
      - {at: 7s, member.exited: {conference: sales-1, member: 1}}
      - {at: 8s, member.exited: {conference: support-2, member: 1}}
      - {at: 9s, member.exited: {conference: support-3, member: 1}}
    until: 2m
    expect:
      - {at: 6s, speak: {to: all, text: "support-4, support-3, support-2, sales-1"}}
      - {at: 1m6s, log: alone, conference: support-4}
    expect_nothing_else: true
"""
    report = run_text(text, "rules_test.yaml", rules)
    assert report.passed, render_report(report)


def test_a_test_can_say_what_plivos_list_shows_of_members() -> None:
    rules = load(
        "version: 1\nrules:\n  - {name: Muted, ensure: {muted: {where: member.role == 'guest'}}}\n",
        "rules.yaml",
    )
    text = """
tests:
  - name: it is corrected
    timeline:
      - {at: 0s, member.entered: {conference: a, member: 1, role: guest}}
      - {at: 1s, member.entered: {conference: a, member: 2, role: host}}
      - at: 30s
        conference.observed: {conference: a, run_time: 30s, members: [{member: 1, muted: false}, 2]}
      - at: 60s
        conference.observed: {conference: a, run_time: 60s, members: [{member: 1, muted: true}, 2]}
      - at: 90s
        conference.observed: {conference: a, members: [{member: 1, muted: false, deaf: true}, 2]}
    expect:
      - {at: 0s, mute: 1}
      - {at: 30s, mute: 1}
      - {at: 90s, log: "somebody else unmutes member 1 again and again; trying again in 1m"}
    expect_nothing_else: true
"""
    report = run_text(text, "rules_test.yaml", rules)
    assert report.passed, render_report(report)
    assert not run_text(text.replace("muted: false", "muted: true"), "x", rules).passed


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{member: 1, muted: perhaps}", "expected true or false"),
        ("{muted: true}", "say which member: {member: ID, muted: true}"),
        ("{member: 1, mutd: true}", "'mutd' is nothing that a member of the list has"),
        ("[1]", "expected a member id, or {member: ID, muted: true}"),
    ],
)
def test_a_wrong_row_of_plivos_list_is_told(row: str, message: str) -> None:
    with pytest.raises(FileError, match=re.escape(message)):
        play(f"at: 0s, conference.observed: {{conference: a, members: [{row}]}}")


def test_a_call_that_is_never_sent_fails_as_it_does_at_work() -> None:
    rules = load(
        "version: 1\n"
        "rules:\n"
        "  - name: Mute whom the sender names\n"
        "    when: {trigger: mute}\n"
        '    do: [{mute: "{{ data.who }}"}, {log: muted}]\n'
        "  - name: Tell the sender\n"
        "    when: {trigger: tell}\n"
        "    do:\n"
        "      - webhook:\n"
        '          url: "https://crm.example.com:{{ data.port }}/"\n'
        '          headers: {X-Room: "{{ data.room }}"}\n',
        "rules.yaml",
    )
    text = """
tests:
  - name: it
    timeline:
      - {at: 0s, member.entered: {conference: room, member: 1}}
      - {at: 1s, trigger: {conference: room, name: mute, data: {who: [1, 2]}}}
      - {at: 2s, trigger: {conference: room, name: tell, data: {port: 70000, room: one}}}
      - {at: 3s, trigger: {conference: room, name: tell, data: {port: 443, room: "B\u00fccher"}}}
    expect:
      - {at: 1s, mute: all}
      - {at: 1s, mute: "1, 2"}
      - {at: 2s, webhook: {}}
"""
    told = render_report(run_text(text, "rules_test.yaml", rules))

    assert "never sent: mute 1, 2: '1, 2' is not a member id" in told
    assert told.count(" expected at ") == 3
    assert "its address has a port that is none" in told
    assert "a header has characters that it can not" in told


TRIGGERED = """
tests:
  - name: it
    timeline:
      - {at: 0s, trigger: {conference: a, name: NAME}}
"""


def test_a_trigger_that_no_rule_waits_for_is_a_mistake_of_the_test() -> None:
    rules = "version: 1\nrules:\n  - {name: A, when: {trigger: host-here}, do: [record]}\n"
    text = TRIGGERED

    with pytest.raises(FileError) as caught:
        run_text(text.replace("NAME", "host-her"), "t", load(rules, "r"))

    told = "no rule waits for the trigger 'host-her'; did you mean 'host-here'?"
    assert str(caught.value) == f"t:5:49: error: {told}"
    assert run_text(text.replace("NAME", "host-here"), "t", load(rules, "r")).passed


@pytest.mark.parametrize("whom", ["member", "others", "{where: not member.muted}", "[1, member]"])
def test_whom_a_call_is_for_is_written_by_id(whom: str) -> None:
    with pytest.raises(FileError, match="say whom by id: `mute: 2`, a list of ids, or `all`"):
        play(TWO_WARNINGS, f"at: 10s, mute: {whom}")
    with pytest.raises(FileError, match="say whom by id: `to: 2`, a list of ids, or `all`"):
        play(TWO_WARNINGS, f"at: 10s, speak: {{to: {whom}}}")


def test_the_story_tells_a_step_that_failed_and_was_passed_over() -> None:
    rules = (
        "version: 1\nrules:\n  - name: A\n    when: {trigger: x}\n    do:\n"
        "      - log: '{{ data.x }}'\n        on_error: continue\n      - record\n"
    )
    text = TRIGGERED.replace("NAME", "x")

    told = render_report(run_text(text, "t", load(rules, "r")), verbose=True)

    assert "A: ran\n" in told
    assert "not done: log: data.x is absent\n" in told


def test_a_choose_without_an_answer_takes_no_branch_when_it_may_go_on() -> None:
    rules = (
        "version: 1\nrules:\n  - name: A\n    when: {trigger: x}\n    do:\n"
        "      - choose: [{if: data.x == 1, do: [log: branch]}]\n        else: [log: other]\n"
        "        on_error: continue\n      - log: behind\n"
    )

    told = render_report(
        run_text(TRIGGERED.replace("NAME", "x"), "t", load(rules, "r")), verbose=True
    )

    assert "not done: choose: data.x is absent\n" in told
    assert "note: A: behind\n" in told
    assert "branch" not in told
    assert "other" not in told


def test_what_comes_at_the_moment_of_the_timeout_is_too_late() -> None:
    rules = (
        "version: 1\nrules:\n  - name: A\n    when: {trigger: x}\n    do:\n"
        "      - wait_for: {when: {trigger: y}, timeout: 10s}\n        else: [log: in vain]\n"
        "      - log: came\n"
    )
    tied = TRIGGERED.replace("NAME", "x") + "      - {at: 10s, trigger: {conference: a, name: y}}\n"

    told = render_report(run_text(tied, "t", load(rules, "r")), verbose=True)

    assert "note: A: in vain\n" in told
    assert "came" not in told


def test_the_day_of_the_week_is_that_of_the_files_time_zone_on_the_virtual_clock() -> None:
    rules = """\
version: 1
timezone: America/New_York
rules:
  - name: Nobody works today
    when: member.entered
    if: now | weekday in ["saturday", "sunday"]
    do: [{speak: {to: member, text: "It is {{ now | weekday | capitalize }}."}}]
"""
    timeline = """
tests:
  - name: the last minute of Friday, and the first of Saturday
    start: "2026-03-27 23:59"
    timeline:
      - {at: 0s, member.entered: {conference: office, member: 1}}
      - {at: 1m, member.entered: {conference: office, member: 2}}
    expect:
      - {at: 1m, speak: {to: 2, text: "It is Saturday."}}
    expect_nothing_else: true
"""
    report = run_text(timeline, "rules_test.yaml", load(rules, "rules.yaml"))
    assert report.passed, render_report(report)
