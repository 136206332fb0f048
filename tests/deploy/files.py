"""What the tests of deploy/ read, and the programs that they run."""

import dataclasses
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from app.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "gavel"
UNITS = tuple(
    DEPLOY / "systemd" / f"gavel-{part}.service" for part in ("web", "worker@", "recordings@")
)

OF_UP = frozenset({"STATE_DIR", "SANDBOX_PORT", "WORKER_PROCESSES", "RECORDING_PROCESSES"})
"""Settings that `gavel up` alone reads: nothing is deployed by it."""


def settings() -> dict[str, "dataclasses.Field[object]"]:
    """Every setting of web and worker, by its name in the environment."""
    found = {field.name.upper(): field for field in dataclasses.fields(Settings)}
    return {name: field for name, field in found.items() if name not in OF_UP}


def names() -> set[str]:
    """Every variable that web and worker know, `NAME_FILE` of secrets included."""
    known = settings()
    return set(known) | {
        f"{name}_FILE" for name, field in known.items() if field.metadata["secret"]
    }


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def compose() -> dict[str, "object"]:
    found: dict[str, object] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def run(program: str, *arguments: str | Path, **environ: str) -> str:
    """Run a program of this virtual environment; what it said. Fails unless it ends with 0."""
    path = Path(sys.executable).parent / program
    done = subprocess.run(
        [path, *arguments],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
