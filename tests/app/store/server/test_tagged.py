"""Where the keys of commands are: held against what a real server says, and against our scripts."""

import re
from importlib.resources import files
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import DataError

from app.store.server import tagged
from app.store.server.tagged import PROLOGUE, Tagging

TAGGING = Tagging("acme")
POSITIONS = {
    tagged._NONE: (0, 0),
    tagged._FIRST: (1, 1),
    tagged._FIRST_TWO: (1, 2),
    tagged._EVERY: (1, -1),
    tagged._ALL_BUT_LAST: (1, -2),
}
CHANNELS = {"PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE"}


def test_the_server_has_the_keys_of_commands_where_we_have_them(redis: Redis) -> None:
    for names, expected in POSITIONS.items():
        for name in names - CHANNELS:
            said: Any = redis.execute_command("COMMAND", "INFO", name)
            [row] = said.values()
            assert (row["first_key_pos"], row["last_key_pos"]) == expected, name


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (("PING",), ("PING",)),
        (("SET", "gavel:a", 1), ("SET", "{acme}gavel:a", 1)),
        (("get", b"gavel:a"), ("get", b"{acme}gavel:a")),
        (("SCRIPT EXISTS", "5a"), ("SCRIPT EXISTS", "5a")),
        (("DEL", "a", "b"), ("DEL", "{acme}a", "{acme}b")),
        (("BLPOP", "a", "b", 2), ("BLPOP", "{acme}a", "{acme}b", 2)),
        (("LMOVE", "a", "b", "LEFT", "RIGHT"), ("LMOVE", "{acme}a", "{acme}b", "LEFT", "RIGHT")),
        (("EVALSHA", "5a", 0, "x"), ("EVALSHA", "5a", 1, "{acme}never", "x")),
        (("EVALSHA", "5a", 1, "k", "x"), ("EVALSHA", "5a", 2, "{acme}k", "{acme}never", "x")),
        (("SCAN", 0, "MATCH", "a:*", "COUNT", 9), ("SCAN", 0, "MATCH", "{acme}a:*", "COUNT", 9)),
        (("SCAN", 0), ("SCAN", 0, "MATCH", "{acme}*")),
        (("SUBSCRIBE", "gavel:story"), ("SUBSCRIBE", "{acme}gavel:story")),
    ],
)
def test_every_key_of_a_command_has_the_tag(said: tuple[Any, ...], sent: tuple[Any, ...]) -> None:
    assert tuple(TAGGING.command(said)) == sent


@pytest.mark.parametrize("tag", ["", "gavel"])
@pytest.mark.parametrize(
    ("key", "front"),
    [
        ("gavel:awake", "a/acme/"),
        (b"gavel:sessions", "a/acme/"),
        ("rq:queue:gavel", ""),
        (b"rq:job:x", ""),
        ("gavel:accounts", ""),
        ("gavel:workers", ""),
        ("gavel:state_version:3", ""),
    ],
)
def test_an_account_has_its_name_before_its_keys_and_not_before_those_of_the_service(
    redis: Redis, tag: str, key: str | bytes, front: str
) -> None:
    tagging = Tagging(tag, "acme")
    name = key.decode() if isinstance(key, bytes) else key
    known = f"{{{tag}}}{front}{name}" if tag else front + name
    put = tagging.put(key)
    assert (put.decode() if isinstance(put, bytes) else put) == known
    assert tagging.off(known.encode()) == name.encode()
    script: Any = redis.register_script(PROLOGUE + "return redis.call('SET', ARGV[1], redis.space)")
    assert script(keys=[tagging.put("never")], args=[key]) == b"OK"
    assert redis.get(known) == b"a/acme/"


@pytest.mark.parametrize(
    "said",
    [
        ("SCRIPT LOAD", "return 1"),
        ("script", "load", b"return 1"),
        ("EVAL", "return 1", 0),
    ],
)
def test_a_script_that_would_ask_for_keys_without_the_tag_is_not_sent(
    said: tuple[Any, ...],
) -> None:
    with pytest.raises(DataError, match="registered first"):
        TAGGING.command(said)
    with_tag = [PROLOGUE + "return 1" if "return" in str(word) else word for word in said]
    assert TAGGING.command(with_tag)


def test_a_command_whose_keys_are_not_known_is_not_sent() -> None:
    with pytest.raises(DataError, match="SORT"):
        TAGGING.command(("SORT", "gavel:a", "GET", "gavel:b"))


@pytest.mark.parametrize(
    ("said", "found", "told"),
    [
        (("BLPOP", "a", 2), [b"{acme}a", b"{acme}1"], [b"a", b"{acme}1"]),
        (("BLPOP", "a", 2), None, None),
        (("SCAN", 0), [b"0", [b"{acme}a"]], [b"0", [b"a"]]),
    ],
)
def test_an_answer_that_holds_keys_has_them_without_the_tag(
    said: tuple[Any, ...], found: Any, told: Any
) -> None:
    strip = TAGGING.answer_of(said)
    assert strip is not None
    assert strip(found) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([b"message", b"{acme}c", b"{acme}"], [b"message", b"c", b"{acme}"]),
        ([b"pmessage", b"{acme}*", b"{acme}c", b"x"], [b"pmessage", b"*", b"c", b"x"]),
        ([b"subscribe", b"{acme}c", 1], [b"subscribe", b"c", 1]),
        ([b"unsubscribe", None, 0], [b"unsubscribe", None, 0]),
        (b"PONG", b"PONG"),
    ],
)
def test_a_channel_is_told_without_the_tag(said: Any, told: Any) -> None:
    assert TAGGING.message(said) == told


def asked_in_scripts() -> set[str]:
    """The commands of our scripts."""
    texts = [entry.read_text() for entry in (files("app.store") / "lua").iterdir()]
    asking = re.compile(r"(?:redis\.p?call|try)\(\s*'(\w+)'")
    return {name for text in texts for name in asking.findall(text)}


def test_scripts_ask_for_nothing_but_what_their_beginning_tags() -> None:
    asked = asked_in_scripts()
    assert {"RPUSH", "XADD", "ZREMRANGEBYSCORE"} <= asked
    assert asked & tagged._NONE == {"TIME"}
    assert asked & tagged._EVERY == {"DEL", "EXISTS"}
    assert asked - {"TIME", "DEL", "EXISTS"} <= tagged._FIRST


SCRIPT = """
redis.call('SET', 'one', ARGV[1])
redis.call('set', KEYS[1], ARGV[1])
local text = redis.pcall('HGET', 'one', 'x').err
return {redis.call('EXISTS', 'one', KEYS[1], 'no'), redis.sha1hex(''), text, redis.call('TIME')[1]}
"""


def test_a_script_names_keys_with_the_tag_and_without(redis: Redis) -> None:
    script = redis.register_script(PROLOGUE + SCRIPT)
    found: Any = script(keys=["{acme}two", "{acme}never"], args=["v"])
    assert found[:2] == [2, b"da39a3ee5e6b4b0d3255bfef95601890afd80709"]
    assert b"WRONGTYPE" in found[2]
    assert sorted(redis.keys()) == [b"{acme}one", b"{acme}two"]
