"""A worker process with many accounts: a real Valkey, a double at Plivo's edge."""

import os
import threading

import pytest
from redis import Redis

from app.accounts.doorbell import Doorbell
from app.store import keys
from app.store.journal import Journal
from app.store.questions import ask, asked
from app.yaml.problems import FileError
from tests.doubles.plivo_edge import PlivoEdge, answer
from tests.waiting import until
from tests.workers.accounts.platform import AUTH, ROOM, Platform
from tests.workers.builders import MUTE_EVERYONE
from workers.accounts.contexts import UnknownAccount

LIMIT = """
version: 1
rules:
  - name: Time is up
    when: {conference.elapsed: 1s}
    do:
      - speak: {to: all, text: Time is up}
"""


def test_each_account_s_events_are_worked_with_its_rules_and_credentials(
    platform: Platform, redis: Redis
) -> None:
    platform.rules("zeta", "version: 1\nrules: []\n")
    platform.enter("acme")
    platform.enter("zeta")
    platform.work()
    assert platform.called() == [("token-of-acme", "Member/1/Mute/")]
    told = [len(list(Journal(platform.contexts.spaces.of(name)).of(ROOM))) for name in AUTH]
    assert told[0] > told[1] > 0
    assert list(Journal(redis).of(ROOM)) == []


def test_a_timer_of_an_account_fires_though_nobody_asks_each(platform: Platform) -> None:
    platform.rules("acme", LIMIT)
    platform.enter("acme")
    platform.work()
    assert platform.called() == []

    def spoken() -> bool:
        platform.rounds.tick()
        platform.work()
        return platform.called() == [("token-of-acme", "Member/all/Speak/")]

    until(spoken, "the timer")


def test_plivo_is_asked_about_a_new_account_once_and_then_about_those_with_live_conferences(
    platform: Platform, edge: PlivoEdge, redis: Redis
) -> None:
    doorbell, stopping = Doorbell(redis), threading.Event()
    edge.answers(*[answer(200, {"api_id": "a-1", "conferences": []})] * len(AUTH))
    platform.rounds.look()
    assert doorbell.to_ask() == set(AUTH)
    thread = threading.Thread(target=platform.rounds.reconcile_forever, args=(stopping,))
    thread.start()
    try:
        until(lambda: not redis.exists(keys.ACCOUNTS_TO_ASK), "both to be asked about")
        asked_for = {seen.path for seen in edge.seen}
        assert asked_for == {f"/v1/Account/{id}/Conference/" for id in AUTH.values()}
        platform.enter("zeta")
        platform.work()
        assert redis.zrange(keys.ACCOUNTS_TO_ASK, 0, -1) == [b"zeta"]
    finally:
        stopping.set()
        thread.join(30)
    assert not thread.is_alive()


def test_changed_rules_of_an_account_at_rest_are_made_known(
    platform: Platform, redis: Redis
) -> None:
    def known() -> set[bytes]:
        platform.rounds.look()
        texts = [redis.get(f"a/{name}/{keys.RULES_TEXT}") for name in AUTH]
        return {text for text in texts if isinstance(text, bytes)}

    until(lambda: known() == {MUTE_EVERYONE.encode()}, "the rules of both")
    platform.contexts.drop_idle(idle=-1.0)
    assert [platform.contexts.loaded(name) for name in AUTH] == [None, None]
    platform.rules("zeta", LIMIT)
    until(lambda: known() == {MUTE_EVERYONE.encode(), LIMIT.encode()}, "the new ones")


def test_a_question_to_an_account_at_rest_is_answered_by_its_rules(platform: Platform) -> None:
    acme = platform.contexts.spaces.of("acme")
    until(lambda: platform.rounds.look() or acme.exists(keys.RULES), "the rules to be known")
    platform.contexts.drop_idle(idle=-1.0)
    question = ask(acme, {"event": "member.entered", "conference": ROOM, "member_id": "1"})

    def answered() -> bool:
        platform.rounds.tick()
        platform.rounds.look()
        found = asked(acme, question)
        return found is not None and found.answer is not None

    until(answered, "an answer")
    found = asked(acme, question)
    assert found is not None
    assert "Everyone joins muted" in str(found.answer)


def test_an_account_that_is_taken_out_loses_nothing_and_goes_on_when_it_is_back(
    platform: Platform,
) -> None:
    def names() -> set[str]:
        platform.rounds.look()
        return set(platform.contexts.file.accounts)

    platform.write("zeta")
    until(lambda: names() == {"zeta"}, "acme to be gone")
    platform.enter("acme")
    with pytest.raises(UnknownAccount, match="acme"):
        platform.work()
    platform.write("acme", "zeta")
    until(lambda: names() == set(AUTH), "acme to be back")
    platform.is_late("acme")

    def muted() -> bool:
        platform.rounds.tick()
        platform.work()
        return platform.called() == [("token-of-acme", "Member/1/Mute/")]

    until(muted, "the event that waited")


def test_a_changed_token_is_used_from_the_next_turn_on(platform: Platform) -> None:
    platform.enter("acme")
    platform.work()
    path = platform.folder / "accounts.yaml"
    changed = path.read_text().replace("token-of-acme", "another-one")
    (platform.folder / "accounts.new").write_text(changed)
    os.replace(platform.folder / "accounts.new", path)

    def taken() -> bool:
        platform.rounds.look()
        return platform.contexts.file.accounts["acme"].settings.plivo_auth_token == ("another-one",)

    until(taken, "the new token")
    platform.enter("acme", "2")
    platform.work()
    assert [who for who, _ in platform.called()] == ["token-of-acme", "another-one"]


def test_an_account_without_good_rules_keeps_its_events_and_disturbs_nobody(
    platform: Platform,
) -> None:
    platform.rules("acme", "version: 1\nrules: [")
    platform.enter("acme")
    with pytest.raises(FileError):
        platform.work()
    platform.rounds.look()
    platform.enter("zeta")
    platform.work()
    assert platform.called() == [("token-of-zeta", "Member/1/Mute/")]
    assert b"acme.yaml" in (platform.contexts.spaces.of("acme").get(keys.RULES_BROKEN) or b"")
    platform.rules("acme", MUTE_EVERYONE)
    platform.is_late("acme")

    def muted() -> bool:
        platform.rounds.tick()
        platform.work()
        return ("token-of-acme", "Member/1/Mute/") in platform.called()

    until(muted, "the event that waited")
