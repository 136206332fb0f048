"""Settings: which processes of Gavel live, on which hosts, in which version, by which rules."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response
from redis import Redis

from app.console.frame import Pages
from app.metrics.processes import Process, living

LIBRARIES = ("flask", "gunicorn", "rq", "redis")


def add_routes(routes: Blueprint, pages: Pages, redis: Redis) -> None:
    """`/settings/about`."""

    @routes.get("/settings/about", endpoint="about")
    def about() -> Response:
        found = living(redis)
        known = [(one.kind, one.host, one.pid, one.version, one.rules) for one in found]
        return pages.show(
            "console/about.html",
            lambda _now: {
                "found": found,
                "versions": _versions(redis),
                "differ": _differ(found),
            },
            known,
        )


def _differ(found: Sequence[Process]) -> Mapping[str, bool]:
    """Are there several of what there should be one of?"""
    return {
        "version": len({one.version for one in found}) > 1,
        "rules": len({one.rules for one in found if one.rules}) > 1,
    }


def _versions(redis: Redis) -> Mapping[str, str]:
    """Of what this web process runs by, and of its Redis."""
    told: Any = redis.info("server")
    server = "Valkey" if "valkey_version" in told else "Redis"
    kept = str(told.get("valkey_version") or told.get("redis_version", ""))
    found = {"Gavel": version("gavel"), "Python": platform.python_version(), server: kept}
    return found | {name: version(name) for name in LIBRARIES}
