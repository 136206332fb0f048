"""Settings: what the doctor finds, in the words of `gavel doctor`."""

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

from flask import Blueprint, Response

from app.console.frame import Pages
from app.doctor.aside import examine_aside, examine_silences
from app.doctor.rules import examine_rules_at_work
from app.doctor.store import examine_clock, examine_redis
from app.finding import Finding, doubtful
from app.settings import Settings, remarks

EXAMINE: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("at work", examine_rules_at_work),
    ("redis", examine_redis),
    ("set aside", examine_aside),
    ("silences", examine_silences),
    ("clock", examine_clock),
)
WORST_FIRST = ("bad", "warning", "ok")


def add_routes(routes: Blueprint, pages: Pages, settings: Settings) -> None:
    """`/settings/doctor`."""

    @routes.get("/settings/doctor", endpoint="doctor")
    def doctor() -> Response:
        return pages.show(
            "console/doctor.html",
            lambda _now: {"found": findings(settings), "version": version("gavel")},
        )


def findings(settings: Settings) -> Sequence[tuple[str, Finding]]:
    """What is wrong and what is right as seen from here, the worst first."""
    found = [("settings", doubtful(sentence)) for sentence in remarks(settings)]
    found += [(name, one) for name, examine in EXAMINE for one in examine(settings)]
    return sorted(found, key=lambda named: WORST_FIRST.index(named[1].level))
