"""Many accounts: nothing of one crosses to another."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from bench.chaos.accounts import Account, ManyAccounts
from bench.chaos.callbacks import TOKEN, Callback, entries, unacknowledged
from bench.chaos.edge import ACCOUNT, Fate, Request
from bench.chaos.judge import Judge, members_of
from bench.chaos.report import Row
from bench.chaos.scenarios.kills import MUTE, told, under_kills
from bench.chaos.stage import Stage, stage

SPEAK = """
version: 1
rules:
  - name: Everyone is greeted
    when: member.entered
    do:
      - speak: {to: member, text: "This is zeta.", expires_in: 10m}
"""
ACME = Account("acme", MUTE.replace("mute: member", "deaf: member"))
ZETA = Account("zeta", SPEAK)
VERBS = {"": "mute", "acme": "deaf", "zeta": "speak"}
LOGINS = {"": f"{ACCOUNT}:{TOKEN}", "acme": ACME.login, "zeta": ZETA.login}


async def apart(short: bool) -> list[Row]:
    """Three accounts have the same conferences and members, and rules of their own."""
    rooms, members, rate, every = (10, 6, 10, 1.0) if short else (20, 60, 40, 5.0)
    posted = {name: entries("room", rooms, members) for name in VERBS}
    system = partial(ManyAccounts, accounts=[ACME, ZETA])
    async with stage(MUTE, system, WORKER_PROCESSES="2") as on:
        on.edge.fate = lambda _request, _before: Fate(delay=0.1)  # so that calls are under way then
        senders = {"": on.plivo, "acme": ACME.sender(on), "zeta": ZETA.sender(on)}
        killed = await under_kills(
            on, [senders[name].post_all(posted[name], rate, twice=True) for name in VERBS], every
        )
        judges = {"": on.judge, "acme": ACME.judge(on), "zeta": ZETA.judge(on)}
        await on.until(lambda: all(judge.is_idle() for judge in judges.values()))
        await on.until_quiet()
        found = {name: _account(on, name, posted[name], judges[name]) for name in VERBS}
        strangers = [one for one in on.edge.log if not _is_right(one)]
        for name in ("acme", "zeta"):
            senders[name].close()
    total = sum(found.values(), Counter[str]())
    late = sum(unacknowledged(callbacks) for callbacks in posted.values())
    measured = (
        f"3 accounts, the same {rooms} conferences and {rooms * members} members in each, every "
        f"callback twice, {rate}/s each, killed: {told(killed)}. Not acknowledged {late}, not "
        f"decided {total['lost']}, decided more than once {total['doubled']}, acted upon by no "
        f"call {total['untouched']}, spoken to more than once {total['twice']}, 'outcome unknown' "
        f"{total['unknown']}; requests at the API {len(on.edge.log)}, of these with another "
        f"account's path, login or action {len(strangers)}"
    )
    wrong = sum(total[what] for what in ("lost", "doubled", "untouched", "twice"))
    return [Row("Accounts: nothing crosses", measured, not (late or wrong or strangers))]


def _is_right(request: Request) -> bool:
    """Path, login and action are of one and the same account."""
    name = next((n for n, login in LOGINS.items() if login == request.login), None)
    if name is None or request.account != request.login.partition(":")[0]:
        return False
    return request.method == "GET" or request.verb == VERBS[name]


def _account(on: Stage, name: str, posted: Sequence[Callback], judge: Judge) -> Counter[str]:
    """What is wrong with one account."""
    verb, id = VERBS[name], LOGINS[name].partition(":")[0]
    wanted = {(one.conference, one.member) for one in posted if one.acknowledged}
    rooms = {one.conference for one in posted}
    decided = Counter({(room, who): n for room in rooms for who, n in judge.decided(room).items()})
    done = Counter(
        (call.conference, member)
        for call in on.edge.calls(verb, account=id)
        if call.effect
        for member in call.members
    )
    unknown = {
        (room, member)
        for room in rooms
        for member in members_of(judge.calls(room, "unknown"), verb)
    }
    return Counter(
        lost=len(wanted - decided.keys()),
        doubled=sum(n > 1 for n in decided.values()),
        untouched=len(wanted - done.keys() - unknown) + len(done.keys() - wanted),
        twice=sum(n > 1 for n in done.values()) if verb == "speak" else 0,
        unknown=len(unknown),
    )
