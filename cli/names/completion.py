"""What a shell offers when Tab is pressed: names of what there is, from Redis and from the files.

A name comes from outside and would be typed for the user: one that a shell would act on, or that
has blanks, is never offered. Whatever goes wrong, nothing is offered and nothing is said.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import fields, replace

import click
from click.shell_completion import CompletionItem
from redis import Redis

from app.errors import GavelError
from app.operators.attention import for_people, given_up
from app.operators.reading import conferences
from app.operators.silences import Silences
from app.operators.tokens import Tokens
from app.store.published_rules import PublishedRules
from cli.names.account import chosen_settings
from cli.shipped_files import page_names, recipe_names
from cli.store import open_redis
from sandbox.scenarios.scenario import shipped
from sandbox.world.switches import Switches
from workers.rules.vocabulary.triggers import EVENTS

SECONDS = 0.5
MOST = 200
_HARMLESS = re.compile(r"[\w.+@][\w.+@-]*")

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offering(names: Callable[[], Iterable[str]], files: bool = False) -> Complete:
    def complete(
        context: click.Context, _parameter: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        with context.scope(cleanup=False):  # --account may stand before
            found = [name for name in _quietly(names) if name.startswith(begun)]
        harmless = [CompletionItem(name) for name in found if _HARMLESS.fullmatch(name)]
        if files and not harmless:
            return [CompletionItem(begun, type="file")]
        return harmless

    return complete


def _quietly(names: Callable[[], Iterable[str]]) -> list[str]:
    with suppress(GavelError, OSError, ValueError, click.ClickException):
        return list(names())
    return []


def _stored(names: Callable[[Redis], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """Of the Redis of the settings, if it answers soon."""

    def read() -> list[str]:
        settings = chosen_settings()
        quick = replace(settings, redis_timeout=min(SECONDS, settings.redis_timeout))
        with open_redis(quick) as redis:
            return list(names(redis))

    return read


def _conferences(redis: Redis) -> Iterable[str]:
    return (one.name for one in conferences(redis, limit=MOST)[0])


def _rules(redis: Redis) -> Iterable[str]:
    known = PublishedRules(redis).current()
    return known.rules.values() if known else ()


conference_names = _offering(_stored(_conferences))
rule_names = _offering(_stored(_rules))
given_up_ids = _offering(_stored(lambda redis: (one.id for one in given_up(redis))))
attention_ids = _offering(_stored(lambda redis: (one.id for one in for_people(redis))))
silence_ids = _offering(_stored(lambda redis: (one.id for one in Silences(redis).all())))
token_names = _offering(_stored(lambda redis: (one.name for one in Tokens(redis).all())))
event_kinds = _offering(lambda: (*EVENTS, "answer"), files=True)
pages = _offering(page_names)
recipes = _offering(recipe_names)
scenarios = _offering(shipped, files=True)
switches = _offering(lambda: (one.name for one in fields(Switches)))
