"""`gavel doctor`: what is to be said of ACCOUNTS_FILE."""

from collections.abc import Iterator

from app.accounts.file import AccountsError, read_accounts
from app.finding import Finding, bad, doubtful, good
from app.settings import Settings


def examine_accounts(settings: Settings) -> Iterator[Finding]:
    """Nothing where there is none, and of one account the others are not of interest."""
    path = settings.accounts_file
    if path is None or settings.account:
        return
    try:
        accounts = read_accounts(path, settings)
    except AccountsError as error:
        yield from (bad(str(problem)) for problem in error.problems)
        return
    yield from (doubtful(str(problem)) for problem in accounts.warnings)
    count = "1 account" if len(accounts) == 1 else f"{len(accounts)} accounts"
    yield good(f"{path} has {count}; `gavel doctor --account NAME` examines one")
