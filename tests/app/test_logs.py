"""The log: one line a step, and nothing secret in it."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest

from app.domain.redaction import Redaction
from app.logs import OncePer, Thinned, bound, fields, start_logging, step

SIGNATURE = "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before."""
    log = logging.getLogger()
    handlers, level = log.handlers[:], log.level
    yield log
    log.handlers[:], log.level = handlers, level


def logged(format: str, word: str, level: str = "info", **ids: Any) -> str:
    stream = StringIO()
    start_logging(format, level, ["the-secret-token"], stream)
    step(logging.getLogger("gavel.test"), word, **ids)
    return stream.getvalue()


@pytest.mark.usefixtures("root")
class TestLines:
    def test_a_step_is_one_line_with_its_ids(self) -> None:
        line = logged("text", "accept", event="evt-1", conference="my room", n=3)
        assert line.endswith(
            'INFO gavel.test: accept event=evt-1 conference="my room" n=3\n',
        )

    def test_json_has_the_same_as_an_object(self) -> None:
        found = json.loads(logged("json", "accept", event="evt-1", conference="my room", runs=2))
        assert found.pop("time").endswith("Z")
        assert found == {
            "level": "info",
            "logger": "gavel.test",
            "message": "accept",
            "event": "evt-1",
            "conference": "my room",
            "runs": 2,
        }

    @pytest.mark.parametrize("format", ["text", "json"])
    def test_nobody_forges_a_line(self, format: str) -> None:
        line = logged(format, "accept", conference="x\n2026 INFO forged\r\u2028\x1b[31m")
        assert line.count("\n") == 1
        assert line.endswith("\n")
        assert "\x1b" not in line

    @pytest.mark.parametrize("format", ["text", "json"])
    def test_secrets_and_numbers_are_taken_out_of_ids(self, format: str) -> None:
        line = logged(format, "x", a="the-secret-token", b="sip:14155550100@x", c=SIGNATURE)
        assert "the-secret-token" not in line
        assert "14155550100" not in line
        assert "0100" in line
        assert SIGNATURE not in line

    def test_a_trace_is_redacted_and_stays_on_one_line(self, root: logging.Logger) -> None:
        stream = StringIO()
        start_logging("text", "info", ["the-secret-token"], stream)
        try:
            int("the-secret-token of +14155550100")
        except ValueError:
            logging.getLogger("x").exception("failed")
        assert stream.getvalue().count("\n") == 1
        assert "ValueError" in stream.getvalue()
        assert "the-secret-token" not in stream.getvalue()
        assert "14155550100" not in stream.getvalue()

    def test_the_level_switches_the_lines_of_each_step_off(self) -> None:
        assert logged("text", "accept", "warning", event="e") == ""


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("from +14155550100 to", "from …0100 to"),
        ("14155550100", "…0100"),
        ("sip:+4930123456@x", "sip:…3456@x"),
        ("+1 (415) 555-0100!", "…0100!"),
        ("room-14155550100", "room-…0100"),
        ("POST /Conference/%2B14155550100/Record/", "POST /Conference/%2B…0100/Record/"),
        ("tel%3A14155550100%20", "tel%3A…0100%20"),
        ("a%2014155550100", "a%20…0100"),
        ("https://x/answer/14155550100?a=14155550199", "https://x/answer/…0100?a=…0199"),
        ("evt-0123456789012345", "evt-0123456789012345"),
        ("f0a7239c-f92a-11e6-87d6-d3f6ab578519", "f0a7239c-f92a-11e6-87d6-d3f6ab578519"),
        ("member 8398 port 65535", "member 8398 port 65535"),
        (f"X-Plivo-Signature-V3: {SIGNATURE}", "X-Plivo-Signature-V3: [signature]"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("redis://:pass@host:1/0", "redis://[login]@host:1/0"),
        ("redis://user:pass@host:1/0", "redis://[login]@host:1/0"),
        ("auth_token=abc&x=1", "auth_token=[secret]&x=1"),
        ("password: 'hunter2'", "password: '[secret]'"),
        ("tok-known and more", "[secret] and more"),
    ],
)
def test_what_is_redacted_and_what_stays(text: str, left: str) -> None:
    assert Redaction(["tok-known"])(text) == left


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_secret_is_known_however_it_is_quoted(root: logging.Logger, format: str) -> None:
    secret = 'tok"en\\ä/+%known'
    stream = StringIO()
    start_logging(format, "debug", [secret], stream)
    log = logging.getLogger("gavel.test")
    step(log, "refuse", path=f"/plivo/answer/{secret}\n", reason=f"{secret!r} {quote(secret)}")
    log.info("GET /triggers/%s", quote(secret, safe=""))
    assert "known" not in stream.getvalue()
    assert stream.getvalue().count("[secret]") == 4


def test_of_a_flood_some_are_let_through_and_the_others_counted() -> None:
    now = 0.0
    thinned = Thinned(3, lambda: now)
    now = 5.0
    assert [thinned.left_out() for _ in range(10)] == [0, 0, 0, *[None] * 7]
    now = 6.0
    assert [thinned.left_out() for _ in range(4)] == [7, 0, 0, None]
    now = 9.5
    assert thinned.left_out() == 1
    now = 11.0
    assert thinned.left_out() == 0


def test_a_message_is_let_through_once_in_a_while_whatever_its_arguments() -> None:
    now = 0.0
    once = OncePer(5.0, lambda: now)

    def passes(message: str, *arguments: object) -> bool:
        return once.filter(
            logging.LogRecord("gavel", logging.WARNING, "", 0, message, arguments, None)
        )

    assert passes("away: %s", "refused")
    assert not passes("away: %s", "timed out")
    assert passes("full: %s", "timed out")
    now = 5.0
    assert passes("away: %s", "refused")


@pytest.mark.usefixtures("root")
class TestWhatIsBound:
    def test_it_is_a_field_of_every_line_inside_and_of_none_after(self) -> None:
        stream = StringIO()
        start_logging("json", "info", [], stream)
        log = logging.getLogger("gavel.test")
        with bound(conference="standup"), bound(unit="k"):
            log.warning("of a library")
            step(log, "act", unit="mine")
        step(log, "after")
        of_library, inside, after = map(json.loads, stream.getvalue().splitlines())
        assert (of_library["conference"], of_library["unit"]) == ("standup", "k")
        assert (inside["conference"], inside["unit"]) == ("standup", "mine")
        assert "conference" not in after

    def test_an_exception_has_its_fields_and_its_trace(self) -> None:
        stream = StringIO()
        start_logging("json", "info", [], stream)
        try:
            int("x")
        except ValueError:
            logging.getLogger("gavel.test").exception("failed", extra=fields(event="evt-1"))
        line = json.loads(stream.getvalue())
        assert (line["message"], line["event"]) == ("failed", "evt-1")
        assert "ValueError" in line["trace"]
