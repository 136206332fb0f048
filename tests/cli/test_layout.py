"""What `gavel up` starts, and what it writes before."""

from pathlib import Path

import pytest

from app.settings import Settings
from cli.up.layout import CannotStart, make_plan

ELSEWHERE = {
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PLIVO_AUTH_ID": "MA1",
    "PLIVO_AUTH_TOKEN": "token",
}


def test_nothing_is_written_where_redis_and_plivo_are_elsewhere(tmp_path: Path) -> None:
    state = tmp_path / "var"
    plan = make_plan(Settings.from_environ({**ELSEWHERE, "STATE_DIR": str(state)}))
    assert (plan.embedded, plan.sandbox, state.exists()) == (False, False, False)


@pytest.mark.parametrize("missing", ["REDIS_URL", "PLIVO"])
def test_what_is_ours_needs_a_folder(tmp_path: Path, missing: str) -> None:
    given = {name: value for name, value in ELSEWHERE.items() if not name.startswith(missing)}
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CannotStart, match="STATE_DIR"):
        make_plan(Settings.from_environ({**given, "STATE_DIR": str(file / "var")}))


def test_variables_of_the_libraries_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {"GUNICORN_CMD_ARGS", "GUNICORN_FD", "FLASK_DEBUG", "WERKZEUG_DEBUG_PIN", "LISTEN_FDS"}
    for name in names:
        monkeypatch.setenv(name, "1")
    assert not names & set(make_plan(Settings.from_environ(ELSEWHERE)).environ)


def test_accounts_of_a_file_need_no_sandbox(tmp_path: Path) -> None:
    given = {"REDIS_URL": "redis://127.0.0.1:1/0", "ACCOUNTS_FILE": "accounts.yaml"}
    plan = make_plan(Settings.from_environ(given | {"STATE_DIR": str(tmp_path / "var")}))
    assert (plan.sandbox, plan.has_account) == (False, False)
    assert "PLIVO_AUTH_ID" not in plan.environ
    plan = make_plan(Settings.from_environ(given | ELSEWHERE))
    assert (plan.sandbox, plan.has_account) == (False, True)
