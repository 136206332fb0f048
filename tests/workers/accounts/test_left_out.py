"""What the log says of accounts that can not be served."""

import threading

import pytest

from app.store import keys
from app.yaml.problems import FileError, Problem
from tests import log_lines
from tests.workers.accounts.platform import ROOM, Platform
from tests.workers.builders import MUTE_EVERYONE
from workers.accounts.left_out import AGAIN_SECONDS, LeftOut
from workers.worker import ConferenceWorker

BROKEN = FileError([Problem("acme.yaml", 2, 9, "error", "no such action")])
OTHER = FileError([Problem("acme.yaml", 3, 1, "error", "no such key")])


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [line.partition("gavel.accounts: ")[2] for line in log_lines.lines(caplog)]
    return [line for line in lines if line.startswith("account ")]


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def test_each_reason_is_said_once_and_again_after_a_good_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 5.0
    left_out = LeftOut(lambda: now)
    for error in (BROKEN, BROKEN, OTHER, OTHER, BROKEN):
        left_out.tell("acme", error)
    left_out.tell("zeta", BROKEN)
    places = [line.partition("acme.yaml:")[2][:3] for line in said(caplog)]
    assert places == ["2:9", "3:1", "2:9", "2:9"]
    caplog.clear()
    now += AGAIN_SECONDS
    left_out.tell("acme", BROKEN)
    left_out.tell("acme", BROKEN)
    assert len(said(caplog)) == 1


def test_that_an_account_is_served_again_is_said_of_those_that_were_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left_out = LeftOut()
    left_out.served("acme")
    left_out.tell("acme", BROKEN)
    for _ in range(2):
        left_out.served("acme")
    left_out.tell("acme", BROKEN)
    assert [line.rpartition(" reason=")[0] or line for line in said(caplog)] == [
        "account left out account=acme",
        "account served again account=acme",
        "account left out account=acme",
    ]


def test_a_worker_says_once_what_its_threads_find_again_and_again(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.rules("acme", "version: 1\nrules: 7\n")
    worker = ConferenceWorker(platform.root, 1, platform.rounds)
    wake_up = "a/acme/" + keys.conference_key(ROOM)
    platform.enter("acme")
    for _ in range(3):
        worker._work(wake_up)
        platform.rounds.look()
        platform.rounds._reconcile("acme", threading.Event(), set())
    platform.rules("acme", MUTE_EVERYONE)
    for _ in range(3):
        worker._work(wake_up)
    assert platform.called() == [("token-of-acme", "Member/1/Mute/")]
    found = said(caplog)
    assert [line.partition(" account=acme")[0] for line in found] == [
        "account left out",
        "account served again",
    ]
    assert "acme.yaml:2:" in found[0]


def test_wake_ups_of_accounts_that_are_no_more_are_told_of_once(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    for accounts in (platform.rounds, None):
        worker = ConferenceWorker(platform.root, 1, accounts)
        for _ in range(3):
            worker._work("a/gone/" + keys.conference_key(ROOM))
    assert [line.partition(" reason=")[2] for line in said(caplog)] == [
        "\"the accounts file has no account 'gone'\"",
        '"there is no accounts file"',
    ]
