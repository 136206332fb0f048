"""How each account is: what the accounts file and its space in Redis tell of it, for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from redis import Redis

from app.accounts.file import read_accounts
from app.settings import Settings
from app.store import keys
from app.store.published_rules import Published
from app.store.server.spaces import Spaces

State = Literal["ok", "broken", "left out", "new"]
GONE = "it is not in the accounts file"
NEVER = "no worker has told its rules yet"


@dataclass(frozen=True, slots=True)
class AccountState:
    """`name` is "" for the service's own account. `state`: "broken" where the last good rules are
    at work, "left out" where it is not served, "new" where no worker has told its rules yet; `why`
    says more. `rules`: how many are at work. `waiting`: units with something to do. `last_at`: when
    it was last heard of, in seconds since the epoch. `budget` as PLIVO_RATE has it."""

    name: str
    auth_id: str
    state: State
    why: str
    rules: int
    live: int
    waiting: int
    last_at: float | None
    budget: str


def account_states(redis: Redis, settings: Settings) -> Iterator[AccountState]:
    """The service's own account where it has one, then those of the accounts file, in its order,
    and those that are no more in it and have left something to do. `redis` is of no space. Raises
    AccountsError and RedisError."""
    if settings.plivo_auth_id is not None or settings.accounts_file is None:  # `gavel up` has one
        yield _state(redis, "", settings)
    if settings.accounts_file is None:
        return
    known, spaces = read_accounts(settings.accounts_file, settings), Spaces(redis)
    for account in known.values():
        yield _state(spaces.of(account.name), account.name, account.settings)
    names: Any = redis.zrange(keys.ACCOUNTS, 0, -1)
    for name in sorted({name.decode() for name in names} - set(known)):
        found = _state(spaces.of(name), name, None)
        if found.live or found.waiting:
            yield found


def _state(redis: Redis, name: str, settings: Settings | None) -> AccountState:
    """`settings` is None where the file has no such account any more."""
    pipe = redis.pipeline(transaction=False)
    pipe.mget(keys.RULES, keys.RULES_BROKEN)
    pipe.zcard(keys.LIVE)
    pipe.zcard(keys.AWAKE)
    pipe.zrevrange(keys.KNOWN, 0, 0, withscores=True)
    (rules, broken), live, waiting, heard = pipe.execute()
    state, why = _of_rules(rules, broken) if settings else ("left out", GONE)
    return AccountState(
        name=name,
        auth_id=settings.plivo_auth_id or "" if settings else "",
        state=state,
        why=why,
        rules=len(Published.from_json(rules).rules) if rules and settings else 0,
        live=live,
        waiting=waiting,
        last_at=heard[0][1] if heard else None,
        budget=str(settings.plivo_rate) if settings else "",
    )


def _of_rules(rules: bytes | None, broken: bytes | None) -> tuple[State, str]:
    if broken is not None:
        first = broken.decode("utf-8", "replace").partition("\n")[0]
        return ("left out" if rules is None else "broken"), first
    return ("new", NEVER) if rules is None else ("ok", "")
