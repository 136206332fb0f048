"""Examination of the rules: the sentences about a file, and what the workers told of theirs."""

from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from app.callers.pins import AskPin, PinUnset
from app.domain.conference import VERSION
from app.errors import SettingsError
from app.finding import Finding, bad, doubtful, good, how_many
from app.settings import Settings, named_secret
from app.store import keys
from app.store.connection import connect
from app.store.published_rules import Published
from app.store.server.errors import trouble


def usable(whose: str, number: int) -> Finding:
    """A file or a worker that has so many rules."""
    return good(f"{whose} has {how_many(number)}")


def broken(path: str, problems: int, then: str = "") -> Finding:
    """A file with so many problems; `then` is what goes on meanwhile."""
    count = "1 problem" if problems == 1 else f"{problems} problems"
    return bad(f"{count}: run `gavel check {path}`{then}")


def examine_rules_at_work(settings: Settings) -> Iterator[Finding]:
    """What the running service works by."""
    if settings.redis_url is None:
        return
    redis = connect(settings.redis_url, timeout=settings.redis_timeout)
    try:
        found: Any = redis.mget(keys.RULES_BROKEN, keys.RULES, keys.state_version(VERSION))
    except RedisError as error:
        yield doubtful(f"they can not be looked at: {trouble(error).sentence}")
        return
    finally:
        redis.close()
    wrong, rules, working = found
    if wrong is not None:
        count = len(wrong.decode("utf-8", "replace").splitlines())
        yield broken(settings.rules_file, count, "; the workers go on by the last good rules")
    if rules is None:
        yield bad("no worker has told its rules yet: is `gavel worker` up?")
        return
    if working is None:
        yield bad("no worker is at work, events wait until one is: is `gavel worker` up?")
    known = Published.from_json(rules)
    if wrong is None:
        yield usable("the service", len(known.rules))
    yield from examine_pins(known)


def examine_pins(rules: Published) -> Iterator[Finding]:
    """The PINs that callers are asked for, as far as this process has them."""
    for entry in rules.answers:
        if "ask_pin" not in entry.options:
            continue
        try:
            AskPin.of(entry.options["ask_pin"]).pins(named_secret)
        except (PinUnset, SettingsError) as error:
            yield bad(
                f"callers who need a PIN are answered 503 by a web server without it: {error}"
            )
