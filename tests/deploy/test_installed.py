"""What somebody has who installed the wheel and stands in an empty folder."""

import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.chaos.processes import free_port
from tests.deploy.conftest import PIP
from tests.deploy.files import ROOT
from tests.e2e.story.processes import Process, bare_environment
from tests.waiting import PATIENCE


@dataclass
class Installed:
    """The `gavel` of a fresh virtual environment, called in a folder of its own."""

    gavel: str
    folder: Path
    environ: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.gavel, *arguments],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


@pytest.fixture(scope="module")
def gavel(wheel: Path) -> str:
    """The wheel in an environment of its own; what it depends on is lent by that of the tests."""
    venv = wheel.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    subprocess.run(
        [*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True
    )
    (library,) = venv.glob("lib/python3*/site-packages")
    (library / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return str(venv / "bin" / "gavel")


@pytest.fixture
def installed(gavel: str, tmp_path: Path) -> Installed:
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    return Installed(gavel, tmp_path, bare_environment(**ports))


def test_an_empty_folder_becomes_the_demo(installed: Installed) -> None:
    begun = installed.run("init")
    assert begun.returncode == 0, begun.stderr
    tested = installed.run("test")
    assert (tested.returncode, "3 of 3 passed" in tested.stdout) == (0, True)
    head = (installed.folder / "rules.yaml").read_text().partition("\n")[0]
    assert (installed.folder / head.partition("$schema=")[2]).is_file()
    up = Process(["up"], installed.environ, installed.folder, installed.gavel)
    try:
        up.until_said("Anna (member ")  # the story may begin after the first
        up.until_said("→ mute member 1")
    finally:
        up.stop(signal.SIGTERM)


def test_without_rules_nothing_is_started_and_nothing_is_made(installed: Installed) -> None:
    refused = installed.run("up")
    assert refused.returncode == 1
    assert "`gavel init` writes one" in refused.stderr
    assert list(installed.folder.iterdir()) == []


def test_recipes_and_pages_come_along(installed: Installed) -> None:
    listed = [line.split()[0] for line in installed.run("init", "--list").stdout.splitlines()]
    cookbook = {path.stem for path in (ROOT / "docs" / "cookbook").glob("*.yaml")}
    assert {f"{name}_test" for name in listed[1:]} | set(listed[1:]) == cookbook
    pages = [line.split()[0] for line in installed.run("docs").stdout.splitlines()]
    assert pages == sorted(["cookbook", *(path.stem for path in (ROOT / "docs").glob("*.md"))])
    assert "| recipe |" in installed.run("docs", "cookbook").stdout
    shown = installed.run("docs", "tutorial")
    assert shown.stdout == (ROOT / "docs" / "tutorial.md").read_text()


def test_the_repository_is_not_needed(wheel: Path) -> None:
    """The repository keeps these files elsewhere: in the wheel they are no links but files."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"cli/shipped/rules.yaml", "cli/shipped/docs/cookbook/join-muted.yaml"} <= names
    assert os.path.islink(ROOT / "cli" / "shipped" / "rules.yaml")
