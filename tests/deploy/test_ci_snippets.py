"""The snippets for the repository of somebody's rules, and our own scripts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.files import DEPLOY, ROOT, run

GITHUB, GITLAB = DEPLOY / "ci" / "github.yaml", DEPLOY / "ci" / "gitlab.yaml"


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_github_reads_its_workflow(schema: str) -> None:
    run("check-jsonschema", "--builtin-schema", schema, GITHUB)


def test_gitlab_reads_its_jobs() -> None:
    arguments = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    run("check-jsonschema", *arguments, GITLAB)


def test_both_check_and_test_the_rules(tmp_path: Path) -> None:
    [job] = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    [of_github] = [step["run"] for step in job["steps"] if "run" in step]
    rules = yaml.safe_load(GITLAB.read_text())["rules"]
    [of_gitlab] = rules["script"]
    assert of_github == "gavel check --format github && gavel test"
    assert of_gitlab == "gavel check && gavel test --junit report.xml"
    for name in ("rules.yaml", "rules_test.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    script = tmp_path / "job.sh"
    bin = Path(sys.executable).parent
    environ = {"PATH": f"{bin}:{os.environ['PATH']}"}
    for commands in (of_github, of_gitlab):
        script.write_text(f"#!/bin/sh\nset -e\ncd {tmp_path}\n{commands}\n")
        run("shellcheck", script)
        done = subprocess.run(["sh", script], env=environ, capture_output=True, text=True)
        assert (done.returncode, "passed" in done.stdout) == (0, True), done.stderr
    assert (tmp_path / rules["artifacts"]["reports"]["junit"]).is_file()


def test_shellcheck_finds_nothing_in_our_own_scripts() -> None:
    run("shellcheck", ROOT / ".ci" / "run")
