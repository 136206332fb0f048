"""`gavel up`: everything on one machine, looked after, and the story of it on the terminal."""

import subprocess
import sys
from threading import Thread

import click

from app.settings import Settings, remarks
from cli import programs
from cli.listening import listens, require_free_for_sandbox, require_free_for_web
from cli.output.terminal import Terminal, safe
from cli.up import embedded
from cli.up.fsync import keep_on_disk
from cli.up.layout import Plan, make_folders, make_plan, only_one
from cli.up.supervised_process import Child
from cli.up.supervisor import Stopped, Supervisor

STOP_ORDER = ("web", "worker", "sandbox", "valkey")


@click.command()
def up() -> None:
    """Start everything and tell what happens, until Ctrl-C.

    Without REDIS_URL it brings its own Valkey, without PLIVO_AUTH_ID its own Plivo (the sandbox)
    with a live demo conference.
    """
    settings = Settings.load()
    plan = make_plan(settings)
    make_folders(plan.state, "log")
    with only_one(plan.state):
        require_free_for_web(settings)
        if plan.sandbox:
            require_free_for_sandbox(settings)
        terminal = Terminal()
        for sentence in remarks(settings):
            terminal.say(terminal.paint("yellow", safe(sentence)))
        try:
            code = _run(plan, terminal)
        finally:
            terminal.close()
    sys.exit(code)


def _run(plan: Plan, terminal: Terminal) -> int:
    """Start, look after, stop. Answers the exit code."""
    supervisor = Supervisor(terminal)
    with supervisor.signals():
        try:
            if not _start(plan, supervisor, terminal):
                return 1
            supervisor.run()
        except Stopped:
            pass
        finally:
            terminal.say("Stopping…")
            supervisor.stop(STOP_ORDER)
    kept = f" What Gavel knows is kept in {plan.state}/." if plan.embedded else ""
    terminal.say(f"Stopped.{kept}")
    return 0


def _start(plan: Plan, supervisor: Supervisor, terminal: Terminal) -> bool:
    """Start all processes; False when the rules can not be used."""
    log = plan.state / "log" / "check.log"
    log.touch(mode=0o600)
    with log.open("wb") as output:
        check = subprocess.Popen(
            [sys.executable, *programs.CHECK],
            env=plan.environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        if plan.embedded:
            socket_file = embedded.socket_path(plan.state / "valkey")
            supervisor.add(plan.valkey())
            data = plan.state / "valkey"
            watch = (data, lambda text: terminal.say(terminal.paint("red", safe(text))))
            Thread(target=keep_on_disk, args=watch, name="disk", daemon=True).start()
            supervisor.wait_until(lambda: embedded.answers(socket_file), "Valkey is loading…")
        supervisor.wait_until(lambda: check.poll() is not None)
    finally:
        check.kill()
        check.wait()
    if check.returncode:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            terminal.say(terminal.paint("red", safe(line)))
        terminal.say("Mend the rules, then start again.")
        return False
    _greet(plan, terminal, log.read_text(encoding="utf-8", errors="replace"))
    _tell_story(plan, terminal)
    supervisor.add(plan.web())
    if plan.sandbox:
        supervisor.add(plan.sandbox_child())
        supervisor.wait_until(lambda: listens(plan.settings.sandbox_port))
    workers = plan.workers()
    for child in workers:
        supervisor.add(child)
    if plan.sandbox:
        _play_demo(plan, workers)
    return True


def _greet(plan: Plan, terminal: Terminal, checked: str) -> None:
    """`checked`: what `gavel check` said, in its last line how many rules there are."""
    settings = plan.settings
    rules = safe(checked.strip().rpartition("\n")[2] or settings.rules_file)
    rows = {
        "web": f"{settings.public_url} takes callbacks and triggers (is it ready: /readyz)",
        "rules": f"{rules}; edit and save it, it is taken within 2 s",
        "state": f"{plan.state}/ keeps what must live on; logs are in {plan.state}/log/",
    }
    if plan.sandbox:
        rows["sandbox"] = (
            f"{plan.sandbox_url} stands in for Plivo, with a live demo "
            "(set PLIVO_AUTH_ID for the real one)"
        )
    terminal.say(terminal.paint("bold", "Gavel runs. Ctrl-C stops it."))
    for name, text in rows.items():
        terminal.say(f"  {terminal.paint('cyan', name.ljust(9))}{text}")
    terminal.say()


def _tell_story(plan: Plan, terminal: Terminal) -> None:
    Thread(target=_follow, args=(plan, terminal), name="story", daemon=True).start()


def _follow(plan: Plan, terminal: Terminal) -> None:
    """In its thread: the way into the console, then the story."""
    from app.store.connection import connect  # loaded here, while the processes start
    from cli.up import first_link
    from cli.up.live_feed import follow

    url, timeout = plan.redis_url, plan.settings.redis_timeout
    first_link.tell(connect(url, timeout=timeout), plan.settings, terminal)
    follow(url, timeout, terminal)


def _play_demo(plan: Plan, workers: list[Child]) -> None:
    from cli.up.demo import play

    def ready() -> bool:
        """A worker has said its first word: the first caller is not to wait for its start."""
        return any(child.log.stat().st_size > child.log_began for child in workers)

    arguments = (plan.sandbox_url, plan.settings.public_url, ready)
    Thread(target=play, args=arguments, name="demo", daemon=True).start()
