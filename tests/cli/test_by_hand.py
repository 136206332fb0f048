"""`gavel act`, `silence`, `unsilence`, `audit`: what they demand and what they say."""

import json
from pathlib import Path

import pytest
from redis import Redis

from app.store import keys
from tests.cli.test_asking import Run, entered, run, write_journal

__all__ = ["run"]  # the fixture


def publish(redis: Redis, *rules: str) -> None:
    redis.set(keys.RULES, json.dumps({"rules": dict(enumerate(rules)), "by_hand": ["mute"]}))


def test_a_silence_demands_an_end_and_a_reason(run: Run, redis: Redis) -> None:
    publish(redis, "Warn")
    assert run("silence", "Warn", "--for", "1h").exit_code == 2
    assert run("silence", "Warn", "--reason", "x").exit_code == 2
    assert run("silence", "Warn", "--every-rule", "--for", "1h", "--reason", "x").exit_code == 2
    assert run("silence", "Warn", "--for", "soon", "--reason", "x").exit_code == 2
    made = run("silence", "Warn", "--for", "1h", "--reason", "x\x1b[2J")
    assert (made.exit_code, "\x1b" in made.output) == (0, False)
    assert made.output.startswith("sil-")


def test_silences_are_listed_with_all_that_matters(run: Run, redis: Redis) -> None:
    assert run("silence").output == "Nothing is silenced.\n"
    run("silence", "--every-rule", "--for", "1h", "--reason", "choir", "--conference", "a b")
    _, row = run("silence").output.splitlines()
    assert "every rule" in row
    assert "a b" in row
    assert row.rstrip().endswith("choir")


def test_an_act_for_a_conference_that_is_not_known_is_refused(run: Run, redis: Redis) -> None:
    write_journal(redis, "standup", entered("standup"))
    result = run("act", "standap", "mute: all")
    assert "did you mean 'standup'" in str(result.exception)
    assert redis.exists(keys.AUDIT) == 0


def test_the_audit_is_told_as_a_table_and_as_json(run: Run, redis: Redis) -> None:
    assert run("audit").output == "Nobody has changed anything by hand.\n"
    for reason in ("one", "two"):
        run("silence", "--every-rule", "--for", "1h", "--reason", reason)
    found = [json.loads(line) for line in run("audit", "--json").output.splitlines()]
    assert [one["reason"] for one in found] == ["two", "one"]
    assert {"who", "how", "address", "verb", "object", "outcome", "at", "id"} <= set(found[0])
    assert len(run("audit", "--last", "1", "--json").output.splitlines()) == 1
    assert len(run("audit").output.splitlines()) >= 3


def test_tables_mask_numbers_and_json_does_not(run: Run, redis: Redis) -> None:
    called = ("--conference", "to 14155550177", "--reason", "+14155550177 asked")
    run("silence", "--every-rule", "--for", "1h", *called)
    told = run("audit").output
    assert "to …0177" in told
    assert "…0177 asked" in told
    assert "4155550177" not in told
    assert "+14155550177 asked" in run("audit", "--json").output
    examined = run("doctor").output
    assert "…0177" in examined
    assert "4155550177" not in examined


def test_explain_and_doctor_tell_of_a_silence(
    run: Run, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rules = "version: 1\nrules: [{name: Mute, when: member.entered, do: [mute: member]}]\n"
    (tmp_path / "rules.yaml").write_text(rules)
    ask = ("explain", "member.entered", "--conference", "x", "--member", "1")
    assert "+ Mute (line 2) applies" in run(*ask).output
    run("silence", "--every-rule", "--for", "1h", "--reason", "choir", "--conference", "x")
    said = run(*ask).output
    assert "- Mute (line 2) does not apply: silenced by " in said
    assert said.count("choir") == 1
    assert "+ Mute (line 2) applies" in run(*ask, "--state", "empty").output
    doctor = run("doctor").output
    assert "every rule in 'x' is silenced by " in doctor
    assert "`gavel unsilence sil-" in doctor
