"""Asking Plivo for what no event is about, when the account's budget has room for it."""

import threading
from collections.abc import Callable
from typing import TypeVar

from workers.bootstrap import Context
from workers.conference.budget import MOST_GRANTS, Wait
from workers.conference.errors import CallError

PRIORITY = 2

Answer = TypeVar("Answer")


def ask(
    context: Context, stopping: threading.Event, question: Callable[[], Answer]
) -> Answer | None:
    """The answer; None when the process stops first. Raises CallError and RedisError."""
    granted = 0
    while not stopping.is_set():
        answer = context.budget.reserve(PRIORITY, "reconcile")
        if isinstance(answer, Wait):
            stopping.wait(answer.seconds)
            continue
        granted += 1
        if answer.is_good() or granted == MOST_GRANTS:
            break
    else:
        return None
    try:
        found = question()
    except CallError as error:
        context.budget.observe(error)
        raise
    context.budget.observe(None)
    return found


def ids(error: CallError) -> str | None:
    """By what Plivo's support finds the request, where the answer told it."""
    return ",".join(error.request_ids) or None
