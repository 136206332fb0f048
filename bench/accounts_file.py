"""What ACCOUNTS_FILE costs: `python -m bench.accounts_file [ACCOUNTS]`, in CPU time; starts nothing."""

import logging
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from app.accounts.file import AccountsFile, read_accounts
from app.domain.redaction import Redaction, hide
from app.settings import Settings

LINE = "accept event=evt-5e82e9f6ffc3dbab conference=standup kind=member.entered account=account-7"
MAIN = "  - {name: agency, plivo_auth_id: MA0, plivo_auth_token: token-of-agency}\n"
TIMES = 10_000


def entry(number: int) -> str:
    return (
        f"  - name: account-{number}\n    plivo_auth_id: SA{number:018d}\n    plivo_rate: 60/5s\n"
        f"    plivo_auth_token: token-{number:034d}\n    trigger_token: trigger-{number:032d}\n"
        "    main_account: agency\n"
    )


def seconds(do: Callable[[], object], times: int = 1) -> float:
    began = time.process_time()
    for _ in range(times):
        do()
    return (time.process_time() - began) / times


def main() -> None:
    logging.disable(logging.CRITICAL)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    base, now = Settings(redis_url="redis://localhost:6379/0"), 0.0
    with TemporaryDirectory() as folder:
        path = Path(folder, "accounts.yaml")
        path.write_text("accounts:\n" + MAIN + "".join(map(entry, range(count))))
        print(f"{count} accounts, {path.stat().st_size / 1024:.0f} KiB")
        print(f"read: {seconds(lambda: read_accounts(str(path), base)):.2f} s")
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        kept = read_accounts(str(path), base)
        size = (tracemalloc.get_traced_memory()[0] - before) / 1024
        tracemalloc.stop()
        print(f"kept: {size / len(kept):.1f} KiB each")
        file = AccountsFile(str(path), base, clock=lambda: now, pause=lambda _: None)
        print(f"opened: {seconds(file.open):.2f} s")
        print(f"a look, unchanged: {seconds(file.look, TIMES) * 1e6:.1f} µs")
        with path.open("a") as more:
            more.write(entry(count))
        now += 10
        file.look()
        now += 10
        print(f"a look that takes one more: {seconds(file.look):.2f} s")
        redact = Redaction(["secret-of-the-service"])
        print(f"a line of the log: {seconds(lambda: redact(LINE), TIMES) * 1e6:.1f} µs")
        hide([])
        print(f"without their secrets: {seconds(lambda: redact(LINE), TIMES) * 1e6:.1f} µs")


if __name__ == "__main__":
    main()
