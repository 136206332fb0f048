"""What `gavel up` starts: which processes, where they keep things, the environment they get."""

import fcntl
import json
import os
import secrets
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import GavelError
from app.settings import Settings, environment
from cli import programs
from cli.up import embedded
from cli.up.supervised_process import Child


class CannotStart(GavelError):
    """`gavel up` can not start here: the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`redis_url` is the effective one; `sandbox` says whether we bring our own Plivo, as we do
    where there is no account."""

    settings: Settings
    state: Path
    redis_url: str
    sandbox: bool
    environ: dict[str, str]

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.sandbox_port}"

    @property
    def has_account(self) -> bool:
        """Has the service an account of its own? It has none with ACCOUNTS_FILE alone."""
        return self.sandbox or self.settings.plivo_auth_id is not None

    @property
    def embedded(self) -> bool:
        """Is it our own Valkey that we use?"""
        return self.settings.redis_url is None

    def child(self, name: str, argv: list[str]) -> Child:
        return Child(name, argv, self.environ, self.state / "log" / f"{name}.log")

    def valkey(self) -> Child:
        data = self.state / "valkey"
        arguments = embedded.arguments(data, embedded.socket_path(data))
        child = self.child("valkey", arguments)  # its warnings are about the machine, not for us
        return replace(child, pass_fds=lambda: embedded.lock(data), show_warnings=False)

    def sandbox_child(self, conference: str) -> Child:
        """`conference`: what "Call in" on its page begins with."""
        arguments = [sys.executable, *programs.SANDBOX, "--conference", conference]
        return self.child("sandbox", arguments)

    def web(self) -> Child:
        return self.child("web", [sys.executable, *programs.WEB])

    def workers(self) -> list[Child]:
        numbers = range(1, self.settings.worker_processes + 1)
        return [self.child(f"worker-{n}", [sys.executable, *programs.WORKER]) for n in numbers]

    def recordings_workers(self) -> list[Child]:
        numbers = range(1, self.settings.recording_processes + 1)
        argv = [sys.executable, *programs.RECORDINGS_WORKER]
        return [self.child(f"recordings-{n}", argv) for n in numbers]


def make_plan(settings: Settings) -> Plan:
    """Fill in what the settings leave open. Creates STATE_DIR where something of it is needed for
    that. Raises CannotStart."""
    state = Path(settings.state_dir)
    sandbox = needs_sandbox(settings)
    if settings.redis_url is None or sandbox:
        make_folders(state, "valkey")
    environ = environment()
    redis_url = settings.redis_url or embedded.url(embedded.socket_path(state / "valkey"))
    plan = Plan(settings, state, redis_url, sandbox, environ)
    if settings.redis_url is None:
        environ["REDIS_URL"] = redis_url
    if plan.sandbox:
        auth_id, token = sandbox_account(state / "sandbox.json")
        environ |= {
            "PLIVO_AUTH_ID": auth_id,
            "PLIVO_AUTH_TOKEN": token,
            "PLIVO_API_URL": plan.sandbox_url,
        }
        for name in ("no_proxy", "NO_PROXY"):  # what is on this machine needs no proxy
            environ[name] = ",".join(filter(None, [environ.get(name), "127.0.0.1", "localhost"]))
    environ["PYTHONUNBUFFERED"] = "1"
    return plan


def needs_sandbox(settings: Settings) -> bool:
    """Is there no account, neither of the service's own nor in ACCOUNTS_FILE?"""
    return settings.plivo_auth_id is None and settings.accounts_file is None


def make_folders(state: Path, *names: str) -> None:
    """STATE_DIR and folders in it, for our eyes only. Raises CannotStart."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            (state / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"STATE_DIR {state} can not be made: {error.strerror}") from None


def sandbox_account(path: Path) -> tuple[str, str]:
    """Auth ID and token of our own Plivo: made once, kept in a file that only we may read."""
    if not path.exists():
        letters = "".join(secrets.choice(string.ascii_uppercase) for _ in range(18))
        account = {"auth_id": "MA" + letters, "auth_token": secrets.token_urlsafe(30)}
        new = path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(account, file)
        new.replace(path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    return stored["auth_id"], stored["auth_token"]


def refuse_second(state: Path) -> None:
    """Raises CannotStart when somebody runs `gavel up` on this state now; makes nothing."""
    if (state / "gavel.lock").exists():
        with only_one(state):
            pass


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Nobody else runs `gavel up` on this state for as long as this lasts. Raises CannotStart."""
    descriptor = os.open(state / "gavel.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(descriptor, 32).decode("ascii", "replace").strip()
            raise CannotStart(
                f"`gavel up` runs already on {state}/ (process {other}): stop it, "
                "or set STATE_DIR and PORT for a second one"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
