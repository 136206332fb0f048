"""What a shell offers when Tab is pressed: names of what there is, from Redis and from the files.

A name comes from outside and would be typed for the user: one that a shell would act on, or that
has blanks, is never offered. Whatever goes wrong, nothing is offered and nothing is said.

Every command has this module, few a Tab: what a name is read with is loaded when it is asked for.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from app.errors import GavelError
from cli.names.account import chosen_settings
from cli.shipped_files import page_names, recipe_names

if TYPE_CHECKING:
    from redis import Redis

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


def _stored(names: Callable[["Redis"], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """Of the Redis of the settings, if it answers soon."""

    def read() -> list[str]:
        from cli.store import open_redis

        settings = chosen_settings()
        quick = replace(settings, redis_timeout=min(SECONDS, settings.redis_timeout))
        with open_redis(quick) as redis:
            return list(names(redis))

    return read


def _conferences(redis: "Redis") -> Iterable[str]:
    from app.operators.reading import conferences

    return (one.name for one in conferences(redis, limit=MOST)[0])


def _rules(redis: "Redis") -> Iterable[str]:
    from app.store.published_rules import PublishedRules

    known = PublishedRules(redis).current()
    return known.rules.values() if known else ()


def _given_up(redis: "Redis") -> Iterable[str]:
    from app.operators.attention import given_up

    return (one.id for one in given_up(redis))


def _attention(redis: "Redis") -> Iterable[str]:
    from app.operators.attention import for_people

    return (one.id for one in for_people(redis))


def _silences(redis: "Redis") -> Iterable[str]:
    from app.operators.silences import Silences

    return (one.id for one in Silences(redis).all())


def _tokens(redis: "Redis") -> Iterable[str]:
    from app.operators.tokens import Tokens

    return (one.name for one in Tokens(redis).all())


def _event_kinds() -> Iterable[str]:
    from workers.rules.vocabulary.triggers import EVENTS

    return (*EVENTS, "answer")


def _scenarios() -> Iterable[str]:
    from sandbox.scenarios.scenario import shipped

    return shipped()


def _switches() -> Iterable[str]:
    from sandbox.world.switches import Switches

    return (one.name for one in fields(Switches))


conference_names = _offering(_stored(_conferences))
rule_names = _offering(_stored(_rules))
given_up_ids = _offering(_stored(_given_up))
attention_ids = _offering(_stored(_attention))
silence_ids = _offering(_stored(_silences))
token_names = _offering(_stored(_tokens))
event_kinds = _offering(_event_kinds, files=True)
pages = _offering(page_names)
recipes = _offering(recipe_names)
scenarios = _offering(_scenarios, files=True)
switches = _offering(_switches)
