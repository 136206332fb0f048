"""A fence before routes for people: they never take a process's last thread from the callbacks."""

from threading import BoundedSemaphore

from flask import Blueprint, g

from app.errors import Busy


def fence(routes: Blueprint, places: BoundedSemaphore) -> None:
    """Let requests to these routes in as long as a place is free; others are refused at once."""

    @routes.before_request
    def enter() -> None:
        if not places.acquire(blocking=False):
            raise Busy("the threads that are not kept for callbacks are busy: ask again")
        g.fenced = True

    @routes.teardown_request
    def leave(_: BaseException | None) -> None:
        if g.pop("fenced", False):
            places.release()


def places(threads: int) -> BoundedSemaphore:
    """One place less than a process has threads, but one at least."""
    return BoundedSemaphore(max(1, threads - 1))
