"""`gavel silence`: rules that do nothing for a while."""

from collections.abc import Sequence

import click
from redis import Redis

from app.api.told import silence as told
from app.domain.durations import format_duration
from app.domain.silence import MODES, Silence
from app.operators.silences import Silences
from app.store.published_rules import PublishedRules
from app.store.server.clock import redis_time
from cli.names.account import chosen_settings
from cli.names.completion import conference_names, rule_names
from cli.operator import as_seconds, this_person
from cli.output.machine import json_option, tell
from cli.output.table import show
from cli.output.terminal import safe
from cli.store import open_redis


@click.command()
@click.argument("rule", required=False, shell_complete=rule_names)
@click.option("--every-rule", is_flag=True, help="All rules.")
@click.option(
    "--conference",
    default="",
    help="Only there; everywhere if not given.",
    shell_complete=conference_names,
)
@click.option("--for", "lasts", callback=as_seconds, help="How long: 1h; at most 7 days.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="off",
    show_default=True,
    help="Nothing at all; everything but the calls; or the calls, too, of a rule with dry_run.",
)
@click.option("--reason", default="", help="Why; told wherever a rule does nothing for it.")
@json_option
def silence(
    rule: str | None,
    every_rule: bool,
    conference: str,
    lasts: float | None,
    mode: str,
    reason: str,
    as_json: bool,
) -> None:
    """Have RULE do nothing, or run otherwise, for a while; alone, list what is silenced.

    Events, timers, limits and what is done by hand go on; of each rule that would have run the
    journal says who silenced it, until when and why. Runs that wait end when their turn comes.
    """
    with open_redis(chosen_settings()) as redis:
        if rule is None and not every_rule:
            found = Silences(redis).all()
            tell(map(told, found)) if as_json else _list(found, redis_time(redis))
            return
        if rule is not None and every_rule:
            raise click.UsageError("name a rule, or say --every-rule, not both")
        if lasts is None or not reason.strip():
            raise click.UsageError("say how long (--for 1h) and why (--reason TEXT)")
        made = _add(redis, rule or "", conference, lasts, mode, reason)
    if as_json:
        tell([told(made)])
    else:
        click.echo(f"{made.id}: {_rule(made)} {_where(made)}, {made.said}")


def _add(redis: Redis, rule: str, conference: str, lasts: float, mode: str, reason: str) -> Silence:
    return Silences(redis).add(
        this_person(),
        rule=rule,
        conference=conference,
        seconds=lasts,
        reason=reason,
        rules=PublishedRules(redis).current(),
        mode=mode,
    )


def _list(found: Sequence[Silence], now: float) -> None:
    show(
        ("silence", "rule", "mode", "conference", "by", "ends in", "why"),
        [
            (
                one.id,
                one.rule or "every rule",
                one.mode.replace("_", " "),
                one.conference or "everywhere",
                one.who,
                format_duration(round(one.until - now)),
                one.reason,
            )
            for one in found
        ],
        "Nothing is silenced.",
    )


def _rule(one: Silence) -> str:
    return f"rule “{safe(one.rule)}”" if one.rule else "every rule"


def _where(one: Silence) -> str:
    return f"in {safe(one.conference)}" if one.conference else "everywhere"
