"""What is published once and gets lost, or is a stranger's: real processes, seen outside."""

import signal
from pathlib import Path
from xml.etree import ElementTree

from redis import Redis

from app.store import keys
from tests.app.builders import TRIGGER_TOKEN, enter
from tests.e2e.test_worker_process import start_worker, url_of
from tests.e2e.web_server.live import Server, serve, status
from tests.waiting import until

RULES = """
version: 1
conferences:
  - {match: {conference: "*"}, muted: true, max_members: 5}
rules:
  - {name: One, when: {trigger: vip}, do: [log: hello]}
  - {name: Two, when: {member.digits: "*1"}, do: [log: key]}
"""
OTHER = """
version: 1
rules:
  - {name: One, when: {trigger: other}, do: [log: hello]}
"""


def rules(folder: Path, text: str) -> Path:
    """A folder with these rules."""
    folder.mkdir()
    (folder / "rules.yaml").write_text(text)
    return folder


def answer(web: Server) -> dict[str, str]:
    """How a caller is let in: the attributes of `<Conference>`; none where the call is refused."""
    found = web.send(web.callback({"CallUUID": "call-1"}, "/plivo/answer/standup"))
    if status(found) == 503:
        return {}
    assert status(found) == 200
    element = ElementTree.fromstring(found.partition(b"\r\n\r\n")[2]).find("Conference")
    assert element is not None
    return element.attrib


def is_right(attributes: dict[str, str]) -> bool:
    wanted = {"muted": "true", "maxMembers": "5", "digitsMatch": "*1"}
    return wanted.items() <= attributes.items()


def lets_nobody_in_otherwise(web: Server) -> bool:
    """As the rules say or, by a process that has not seen them yet, not at all."""
    attributes = answer(web)
    return not attributes or is_right(attributes)


def trigger(web: Server, name: str) -> int:
    body = b'{"conference": "standup"}'
    head = f"POST /triggers/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += f"Authorization: Bearer {TRIGGER_TOKEN}\r\nConnection: close\r\n\r\n"
    return status(web.send(head.encode() + body))


def is_ready(web: Server) -> bool:
    return status(web.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200


def test_nobody_is_let_in_otherwise_than_the_rules_say_while_redis_is_emptied_under_load(
    alone: Redis, tmp_path: Path
) -> None:
    with (
        start_worker(rules(tmp_path / "a", RULES), url_of(alone)) as worker,
        serve(url_of(alone), tmp_path / "web.log") as web,
    ):
        until(lambda: is_right(answer(web)), "the rules to be known")
        for number in range(10):
            alone.flushall()
            fields = enter(ConferenceMemberID=str(number))
            assert status(web.send(web.callback(fields, nonce=f"enter-{number}"))) == 200
            assert lets_nobody_in_otherwise(web)
        until(lambda: trigger(web, "vip") == 202, "the rules to be put back")

        worker.send_signal(signal.SIGSTOP)
        until(lambda: alone.flushall() and not alone.exists(keys.RULES), "nobody to put them back")
        with serve(url_of(alone), tmp_path / "new.log") as new:
            assert not is_ready(new)
            assert answer(new) == {}
            assert lets_nobody_in_otherwise(web)
            worker.send_signal(signal.SIGCONT)
            until(lambda: is_ready(new), "the rules to be put back")
            assert is_right(answer(new))


def test_the_rules_of_a_worker_that_came_and_went_give_way_to_those_that_run(
    alone: Redis, tmp_path: Path
) -> None:
    with (
        start_worker(rules(tmp_path / "a", RULES), url_of(alone)),
        serve(url_of(alone), tmp_path / "web.log", WEB_PROCESSES="1") as web,
    ):
        until(lambda: trigger(web, "vip") == 202, "the rules to be known")
        with start_worker(rules(tmp_path / "b", OTHER), url_of(alone)):
            until(lambda: trigger(web, "other") == 202, "the stranger's rules")
        until(lambda: trigger(web, "vip") == 202, "those that run")
        until(lambda: trigger(web, "other") == 404, "the stranger's to be forgotten")
        until(lambda: is_right(answer(web)), "callers to be let in by those that run")
