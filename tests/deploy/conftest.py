"""The wheel, as `pip wheel` makes it of the repository."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import ROOT, version

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
SOURCES = (
    *("app", "cli", "sandbox", "workers", "docs"),
    *("rules.yaml", "rules_test.yaml", "pyproject.toml", "README.md", "LICENSE"),
)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the sources, so that nothing of a build stays among them."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "src"
    sources.mkdir()
    for name in SOURCES:
        found = ROOT / name
        if found.is_dir():
            shutil.copytree(found, sources / name, symlinks=True)
        else:
            shutil.copy2(found, sources / name)
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, sources]
    subprocess.run(build, check=True)
    return folder / f"gavel-{version()}-py3-none-any.whl"
