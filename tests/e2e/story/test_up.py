"""`gavel up` itself: what dies comes back, what stops leaves nothing, what was known is kept."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench.chaos.processes import free_port
from sandbox.world.options import AUTH_ID, AUTH_TOKEN
from tests.e2e.story.conftest import RULES, Gavel, Start, starting
from tests.e2e.story.processes import Sandbox, answers, group, shorter
from tests.waiting import PATIENCE, alive, until

PROCESSES = ("valkey-server", "gunicorn", "-m workers", "cli sandbox")


@pytest.fixture(scope="module")
def start_beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start `gavel up` in the folder of the one that these tests share."""
    with starting(tmp_path_factory.mktemp("shared")) as start_gavel:
        yield start_gavel


@pytest.fixture(scope="module")
def gavel(start_beside: Start) -> Gavel:
    """The one that they share. Nobody ends it."""
    started = start_beside()
    started.until_ready()
    return started


def test_what_is_killed_comes_back_and_nothing_outlives_the_supervisor(start: Start) -> None:
    gavel = start()
    gavel.until_ready()
    before = {part: gavel.up.child(part) for part in PROCESSES}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    for part, pid in before.items():
        until(lambda part=part, pid=pid: gavel.up.child(part) != pid, f"{part} to be back")
    until(lambda: answers(f"{gavel.url}/readyz"), "the web process to be ready")
    until(lambda: answers(f"{gavel.sandbox.url}/sandbox/state"), "the sandbox to be ready")
    gavel.sandbox.call_in("demo-after")
    gavel.sandbox.until_asked("demo-after", "mute")
    everybody = everyone(gavel)
    gavel.up.stop(signal.SIGKILL)
    until(lambda: not [pid for pid in everybody if alive(pid)], "everybody to end")


def everyone(gavel: Gavel) -> set[int]:
    """All processes of a `gavel up` but itself."""
    leaders = [gavel.up.child(part) for part in PROCESSES]
    return set().union(*(group(pid) for pid in leaders))


def test_a_second_start_goes_on_where_the_first_one_stopped(
    start: Start, plivo: Callable[[str], Sandbox]
) -> None:
    port = free_port()
    sandbox = plivo(f"http://127.0.0.1:{port}")
    account = {
        "PORT": str(port),
        "PLIVO_AUTH_ID": AUTH_ID,
        "PLIVO_AUTH_TOKEN": AUTH_TOKEN,
        "PLIVO_API_URL": sandbox.url,
    }
    rules = shorter(RULES, limit="60m", warning="3592s")
    first = start(rules, **account)
    first.until_ready()
    sandbox.call_in("demo-long")
    sandbox.until_asked("demo-long", "mute")
    first.up.stop(signal.SIGINT)  # in general before the warning is due
    second = start(rules, **account)
    sandbox.until_asked("demo-long", "speak")
    story = second.ask("why", "demo-long")
    assert "rule “Record the conference”" in story
    assert sandbox.operations("demo-long") == ["record", "mute", "speak"]


def test_a_second_one_on_the_same_state_or_port_is_refused(
    gavel: Gavel, start_beside: Start
) -> None:
    second = start_beside()
    assert second.up.process.wait(PATIENCE) == 1
    second.up.until_said(f"runs already on var/ (process {gavel.up.process.pid})")
    third = start_beside(STATE_DIR="other", PORT=gavel.environ["PORT"])
    assert third.up.process.wait(PATIENCE) == 1
    third.up.until_said("set PORT")
    assert not (third.folder / "other").exists()
    assert gavel.up.process.poll() is None


def test_a_broken_rules_file_stops_the_start_with_every_problem(start: Start) -> None:
    gavel = start(RULES.replace("member.entered", "member.enterd").replace("- mute:", "- muet:"))
    assert gavel.up.process.wait(PATIENCE) == 1
    gavel.up.until_said("did you mean")
    assert gavel.up.output.count("rules.yaml:") == 2
    assert not (gavel.folder / "var").exists()


def test_a_missing_rules_file_stops_the_start(start: Start) -> None:
    gavel = start(None)
    assert gavel.up.process.wait(PATIENCE) == 1
    gavel.up.until_said("the rules file rules.yaml can not be read")
    assert not (gavel.folder / "var").exists()


def test_wrong_settings_are_told_all_at_once(start: Start) -> None:
    gavel = start(PLIVO_RATE="fast", REDIS_URL="mysql://x", WEB_PROCESSES="many")
    assert gavel.up.process.wait(PATIENCE) == 1
    for name in ("PLIVO_RATE", "REDIS_URL", "WEB_PROCESSES"):
        gavel.up.until_said(name)


def test_a_newcomer_sees_the_demo_and_the_doctor_finds_nothing(gavel: Gavel) -> None:
    gavel.up.until_said("Anna (member ")  # the story may begin after the first
    gavel.up.until_said("→ mute member")
    found = gavel.ask("doctor")
    assert "BAD" not in found, found
    assert found.count("ok ") >= 9, found
    assert f"{gavel.url}/plivo/answer/NAME" in found


def test_rules_for_other_conferences_are_not_disturbed_by_the_demo_and_a_scenario_can_be_played(
    start: Start,
) -> None:
    gavel = start(RULES.replace('"demo-*"', "[townhall-*, demo-quiet]"))
    gavel.until_ready()
    gavel.up.until_said("call in there")
    with urlopen(gavel.sandbox.url, timeout=PATIENCE) as page:
        assert 'name="conference" required value="townhall-1"' in page.read().decode()
    gavel.sandbox.call_in("townhall-1")
    gavel.sandbox.until_asked("townhall-1", "mute")
    assert "demo" not in gavel.up.output.replace("a live demo", "")
    told = gavel.ask("sandbox", "play", "quiet-call", "--speed", "4")
    assert "202 POST" in told, told
    assert "/Conference/demo-quiet/Member/" in told, told


def test_settings_are_of_the_environment_then_of_the_env_file_and_ctrl_c_leaves_no_process(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("RULES_FILE=mine.yaml\nPORT=1\n")
    (tmp_path / "mine.yaml").write_text(RULES)
    past = "--bind=127.0.0.1:1 --worker-class=sync"
    gavel = start(None, GUNICORN_CMD_ARGS=past, REDIS_URI="x")
    gavel.until_ready()
    gavel.up.until_said("mine.yaml: ok")
    gavel.up.until_said("REDIS_URI is no setting; did you mean REDIS_URL?")
    assert "mine.yaml: ok" in gavel.ask("check")
    everybody = everyone(gavel)
    assert gavel.up.stop(signal.SIGINT) == 0
    assert "Stopped" in gavel.up.output
    assert not [pid for pid in everybody if alive(pid)]
