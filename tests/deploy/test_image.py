"""The Dockerfile: its lint, what it copies, and that image, Procfile and versions agree."""

import json
import re
import tomllib

from tests.deploy.files import DEPLOY, ROOT, names, run, version

DOCKERFILE = DEPLOY / "Dockerfile"
OF_PYTHON = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
OF_PIP = {"PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR"}


LOCKS = "requirements.lock requirements-extras.lock"


def text() -> str:
    return DOCKERFILE.read_text().replace("\\\n", " ").replace("${REQUIREMENTS}", LOCKS)


def instruction(name: str) -> list[str]:
    """What stands behind each instruction of this name."""
    return [line.split(None, 1)[1] for line in text().splitlines() if line.startswith(name + " ")]


def test_hadolint_finds_nothing() -> None:
    run("hadolint", DOCKERFILE)


def test_what_the_image_runs_is_a_line_of_the_procfile() -> None:
    command = json.loads(instruction("ENTRYPOINT")[-1]) + json.loads(instruction("CMD")[-1])
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert " ".join(command) == lines["web"]
    assert lines == {
        "release": "gavel check",
        "web": "gavel web",
        "worker": "gavel worker",
        "recordings": "gavel recordings-worker",
    }


def test_it_runs_as_a_user_without_rights_and_ends_by_sigterm() -> None:
    assert instruction("USER") == ["10001:10001"]
    assert instruction("STOPSIGNAL") == ["SIGTERM"]
    assert instruction("VOLUME") == []


def test_it_sets_nothing_that_is_no_setting() -> None:
    given = {name for line in instruction("ENV") for name in re.findall(r"(\w+)=", line)}
    assert given <= names() | OF_PYTHON | OF_PIP


def test_all_that_the_wheel_needs_is_copied_and_not_ignored() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = {
        word.rstrip("/")
        for line in instruction("COPY")
        if not line.startswith("--from")
        for word in line.split()[:-1]
    }
    assert {package.rstrip("*") for package in packages} <= copied
    assert all((ROOT / name).exists() for name in copied)
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == copied


def test_its_label_tells_our_version() -> None:
    assert f'org.opencontainers.image.version="{version()}"' in text()


def test_the_image_with_extras_has_the_same_of_all_else() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.M))

    plain, extras = (pins(name) for name in LOCKS.split())
    assert plain < extras
    assert {"opentelemetry-sdk", "sentry-sdk"} <= {pin.split("==")[0] for pin in extras}
