"""`gavel up`: everything on one machine, looked after, and the story of it on the terminal."""

from pathlib import Path
from threading import Event, Thread

import click

from app.settings import Settings, remarks
from cli.listening import listens, require_free_for_sandbox, require_free_for_web
from cli.output.terminal import Terminal, safe
from cli.up import embedded
from cli.up.fsync import keep_on_disk
from cli.up.layout import Plan, make_folders, make_plan, needs_sandbox, only_one, refuse_second
from cli.up.rules_at_start import RulesAtStart, look_at_rules
from cli.up.supervised_process import Child
from cli.up.supervisor import Stopped, Supervisor

STOP_ORDER = ("web", "worker", "recordings", "sandbox", "valkey")


@click.command()
def up() -> None:
    """Start everything and tell what happens, until Ctrl-C.

    Without REDIS_URL it brings its own Valkey, without PLIVO_AUTH_ID its own Plivo (the sandbox)
    with a live demo conference.
    """
    settings = Settings.load()
    rules = look_at_rules()
    _require_place(settings)
    plan = make_plan(settings)
    make_folders(plan.state, "log")
    with only_one(plan.state):
        terminal = Terminal()
        for sentence in remarks(settings):
            terminal.say(terminal.paint("yellow", safe(sentence)))
        try:
            _run(plan, rules, terminal)
        finally:
            terminal.close()


def _require_place(settings: Settings) -> None:
    """Nobody else runs here, and the ports are free. Makes nothing; raises CannotStart or
    CannotListen."""
    refuse_second(Path(settings.state_dir))
    require_free_for_web(settings)
    if needs_sandbox(settings):
        require_free_for_sandbox(settings)


def _run(plan: Plan, rules: RulesAtStart, terminal: Terminal) -> None:
    """Start, look after, stop."""
    supervisor = Supervisor(terminal)
    with supervisor.signals():
        try:
            _start(plan, rules, supervisor, terminal)
            supervisor.run()
        except Stopped:
            pass
        finally:
            terminal.say("Stopping…")
            supervisor.stop(STOP_ORDER)
    kept = f" What Gavel knows is kept in {plan.state}/." if plan.embedded else ""
    terminal.say(f"Stopped.{kept}")


def _start(plan: Plan, rules: RulesAtStart, supervisor: Supervisor, terminal: Terminal) -> None:
    """Start all processes. Raises Stopped."""
    if plan.embedded:
        _start_valkey(plan, supervisor, terminal)
    _greet(plan, terminal, rules)
    listening = _tell_story(plan, terminal)
    supervisor.add(plan.web())
    if plan.sandbox:
        supervisor.add(plan.sandbox_child(rules.conference))
        supervisor.wait_until(lambda: listens(plan.settings.sandbox_port))
    supervisor.wait_until(listening.is_set)  # or the first things that happen would not be told
    workers = plan.workers()
    for child in (*workers, *plan.recordings_workers()):
        supervisor.add(child)
    if plan.sandbox and rules.demo:
        _play_demo(plan, workers, terminal)


def _start_valkey(plan: Plan, supervisor: Supervisor, terminal: Terminal) -> None:
    """Returns when it takes commands."""
    data = plan.state / "valkey"
    socket_file = embedded.socket_path(data)
    supervisor.add(plan.valkey())
    watch = (data, lambda text: terminal.say(terminal.paint("red", safe(text))))
    Thread(target=keep_on_disk, args=watch, name="disk", daemon=True).start()
    supervisor.wait_until(lambda: embedded.answers(socket_file), "Valkey is loading…")


def _greet(plan: Plan, terminal: Terminal, rules: RulesAtStart) -> None:
    settings = plan.settings
    rows = {
        "web": f"{settings.public_url} takes callbacks and triggers (is it ready: /readyz)",
        "rules": f"{rules.told}; edit and save it, it is taken within 2 s",
        "state": f"{plan.state}/ keeps what must live on; logs are in {plan.state}/log/",
    }
    if rules.accounts:
        rows["accounts"] = f"{rules.accounts}, at {settings.public_url}/a/NAME"
    if plan.sandbox:
        demo = ", with a live demo" if rules.demo else "; call in there"
        rows["sandbox"] = (
            f"{plan.sandbox_url} stands in for Plivo{demo} (set PLIVO_AUTH_ID for the real one)"
        )
    terminal.say(terminal.paint("bold", "Gavel runs. Ctrl-C stops it."))
    for name, text in rows.items():
        terminal.say(f"  {terminal.paint('cyan', name.ljust(9))}{text}")
    for line in rules.unset:
        terminal.say(terminal.paint("yellow", line))
    terminal.say()


def _tell_story(plan: Plan, terminal: Terminal) -> Event:
    """Set once nothing that happens is missed any more, or Redis is away."""
    listening = Event()
    arguments = (plan, terminal, listening)
    Thread(target=_follow, args=arguments, name="story", daemon=True).start()
    return listening


def _follow(plan: Plan, terminal: Terminal, listening: Event) -> None:
    """In its thread: the way into the console, then the story, listened to from the beginning."""
    try:
        from app.store.connection import connect  # loaded here, while the processes start
        from cli.up.live_feed import LiveFeed

        url, timeout = plan.redis_url, plan.settings.redis_timeout
        feed = LiveFeed(url, timeout, terminal)
        feed.listen()
    finally:
        listening.set()
    from cli.up import first_link

    if plan.has_account:
        first_link.tell(connect(url, timeout=timeout), plan.settings, terminal)
    else:
        terminal.say("  gavel login-link --account NAME leads into the console of an account")
    feed.follow()


def _play_demo(plan: Plan, workers: list[Child], terminal: Terminal) -> None:
    from cli.up.demo import play

    def ready() -> bool:
        """A worker has said its first word: the first caller is not to wait for its start."""
        return any(child.log.stat().st_size > child.log_began for child in workers)

    def tell(text: str) -> None:
        terminal.say(terminal.paint("dim", text))

    arguments = (plan.sandbox_url, plan.settings.public_url, ready, tell)
    Thread(target=play, args=arguments, name="demo", daemon=True).start()
