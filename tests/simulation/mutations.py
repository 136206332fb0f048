"""Mistakes planted on purpose, never shipped: each must be found, or the simulation is blind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mutation:
    """A line of a script in the place of another, or a method in the place of another. `kinds`: the
    faults under which it shows soonest; none: whatever the seed has. `near`: the first seed that
    found it; the search begins there."""

    script: str = ""
    line: str = ""
    instead: str = ""
    patch: Callable[[], None] | None = None
    kinds: tuple[str, ...] = ()
    near: int = 0


def _unmarked() -> None:
    from workers.conference.outbox import Outbox

    def mark(outbox: Any, group: Any, now: float) -> Any:
        return outbox._replace(sent_at=now)

    _set(Outbox, "mark", mark)


def _early_clock() -> None:
    from app.store.lease import Clock

    _set(Clock, "latest", Clock.earliest)


def _grant_from_the_answer() -> None:
    from workers.conference.budget import Granted

    _set(Granted, "is_good", lambda grant: True)


def _unsure_lease() -> None:
    from app.store.lease import Lease

    _set(Lease, "keep", lambda lease: False)


def _any_time() -> None:
    from workers.conference.unit import Unit

    _set(Unit, "check_not_late", lambda unit, group, latest: None)


def _found_and_not_told() -> None:
    from workers import seek

    _set(seek, "_tell_ready", lambda *found: None)


def _missing_when_not_asked() -> None:
    from workers import seek

    _set(seek, "_later", lambda context, sought, now, why: seek._tell(context, sought, {}))


def _set(owner: Any, name: str, method: Any) -> None:
    if not hasattr(owner, name):
        raise LookupError(f"{owner.__name__} has no {name} any more: plant the mutation anew")
    setattr(owner, name, method)


def _answer_not_kept() -> None:
    from workers.rules.engine.lasting import answers

    def without(rule: Any, step: int, fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name != "response"}

    _set(answers, "still_asked", without)


MUTATIONS: Mapping[str, Mutation] = {
    "lease-without-fencing": Mutation(
        "commit",
        "if owner ~= token then return nil end\nif tonumber(expected) == number then",
        "if true then",
        near=33,
    ),
    "outbox-unmarked": Mutation(patch=_unmarked, kinds=("kill",), near=13),
    "timer-claimed-without-removal": Mutation(
        "tick", "redis.call('ZREM', 'gavel:due', due[i])", "", near=1
    ),
    "dedupe-after-append": Mutation(
        "accept",
        "if before then return {0, before} end\nremember(12, id)",
        "if not before then remember(12, id) end",
        near=8,
    ),
    "budget-read-without-reserve": Mutation(
        "budget",
        "for _ = 1, granted do redis.call('RPUSH', SENT, whole(now)) end\n",
        "",
        near=2,
    ),
    "slots-ahead-not-counted": Mutation(
        "budget", "for _ = 1, granted do", "for _ = 1, 1 do", near=39
    ),
    "early-clock": Mutation(patch=_early_clock, kinds=("api", "slow"), near=63),
    "lease-not-looked-at": Mutation(patch=_unsure_lease, kinds=("pause", "late"), near=105),
    "expiry-not-looked-at": Mutation(patch=_any_time, kinds=("slow", "late"), near=120),
    "outbox-not-stored": Mutation(
        "commit", "    redis.call('SET', kept, value)\n", "    do end\n", near=1
    ),
    "poison-decided-for-ever": Mutation("begin", "return times", "return 0", kinds=("poison",)),
    "any-turn-counts-as-begun": Mutation(
        "begin", "string.gsub(others, mark, '')", "string.gsub(others, '%S+ ', '')", near=28
    ),
    "grant-of-any-age": Mutation(patch=_grant_from_the_answer, near=101),
    "recording-found-and-not-told": Mutation(
        patch=_found_and_not_told, kinds=("network",), near=675
    ),
    "answer-not-kept": Mutation(patch=_answer_not_kept, near=4),
    "missing-when-plivo-is-away": Mutation(
        patch=_missing_when_not_asked, kinds=("network", "api"), near=1010
    ),
}


def plant(name: str) -> Mapping[str, tuple[str, str]]:
    """Plant one for the rest of this process; answers the changes to scripts, by name."""
    mutation = MUTATIONS[name]
    if mutation.patch is not None:
        mutation.patch()
    return {mutation.script: (mutation.line, mutation.instead)} if mutation.script else {}
