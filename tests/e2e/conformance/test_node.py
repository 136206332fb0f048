"""The official Node package against the sandbox: `make conformance` (needs node and npm)."""

import subprocess
from pathlib import Path

import pytest

from sandbox.embedded import Sandbox

FOLDER = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder with the package installed as the lock file has it."""
    if not (FOLDER / "node_modules" / "plivo").is_dir():
        subprocess.run(["npm", "ci", "--silent"], cwd=FOLDER, check=True, timeout=300)
    return FOLDER


def test_the_node_package_drives_every_conference_method(package: Path) -> None:
    with Sandbox() as sandbox:
        options = sandbox.options
        command = ["node", "drive.js", sandbox.url, options.auth_id, options.auth_token]
        done = subprocess.run(
            command, cwd=package, capture_output=True, text=True, timeout=60, check=False
        )
        operations = {one["operation"] for one in sandbox.requests()}
    assert done.returncode == 0, done.stderr
    assert "every conference method answered as expected" in done.stdout
    assert len(operations) == 16
