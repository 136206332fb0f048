"""How a command ends when its output is narrow, closed or full: never by a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Done, Where, run_gavel

ROOT = Path(__file__).parent.parent.parent
RULES = """\
version: 1
rules:
  - {name: "Zoë 🎉 “hello”", when: member.entred, do: [{mute: member}]}
"""
TESTS = """\
tests:
  - name: "“Zoë” 🎉"
    timeline: [{at: 0s, member.entered: {conference: a, member: 1}}]
    expect: [{at: 0s, mute: 1}]
"""


def gavel(*words: str, stdout: int = subprocess.PIPE, **environ: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert b"Traceback" not in done.stderr + (done.stdout or b"")
    assert b"Exception ignored" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def forked(*words: str, output_is: Where = "a file", **environ: str) -> Done:
    """The same by a fork (tests/commands.py): what is in question is the command, not Python's
    start and end."""
    done = run_gavel(*words, environ={**os.environ, **environ}, folder=ROOT, output_is=output_is)
    assert "Traceback" not in done.error + done.output
    assert "Exception ignored" not in done.error
    return done


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252", "ascii"])
def test_a_narrow_terminal_is_shown_escapes_and_the_exit_code_stays(
    rules: Path, encoding: str
) -> None:
    rules.write_text(RULES.replace("member.entred", "“member.entered”"), encoding="utf-8")
    done = forked("check", str(rules), PYTHONIOENCODING=encoding)
    assert done.code == 1
    assert "did you mean 'member.entered'?" in done.output


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252"])
def test_what_is_right_stays_right_on_a_narrow_terminal(rules: Path, encoding: str) -> None:
    rules.write_text(RULES.replace("entred", "entered"), encoding="utf-8")
    tests = rules.with_stem("rules_test")
    tests.write_text(TESTS, encoding="utf-8")
    done = forked("test", "-v", str(tests), PYTHONIOENCODING=encoding)
    assert (done.code, done.error) == (0, "")
    assert done.output.rstrip().endswith("1 of 1 passed")


def test_a_full_disk_is_a_sentence(rules: Path) -> None:
    with open("/dev/full", "wb") as full:
        code, _, error = gavel("check", str(rules), stdout=full.fileno())
    assert code == 1
    assert error == b"gavel: the output could not be written: No space left on device\n"


TOLD_WITHOUT_REDIS = [
    ("sandbox", "switches"),
    ("sandbox", "scenarios"),
    ("init", "--list"),
    ("docs",),
    ("docs", "rules"),
    ("docs", "--json"),
    ("schema",),
    ("--help",),
    ("why", "--help"),
    ("completion", "bash"),
]


@pytest.mark.parametrize("words", TOLD_WITHOUT_REDIS)
def test_no_command_shows_a_traceback_whatever_its_output_is(words: tuple[str, ...]) -> None:
    full = forked(*words, output_is="a full disk")
    assert full.code == 1
    told = "gavel: the output could not be written: No space left on device\n"
    assert full.error.endswith(told)
    closed = forked(*words, output_is="a closed pipe")
    assert (closed.code, closed.error) == (1, "")
    narrow = forked(*words, PYTHONIOENCODING="ascii")
    assert narrow.code == 0
    assert narrow.output.isascii()


def test_ctrl_c_ends_a_command_without_a_word_and_with_130(rules: Path) -> None:
    rules.write_text(RULES.replace("entred", "entered"), encoding="utf-8")
    tests = rules.with_stem("rules_test")
    tests.write_text(TESTS, encoding="utf-8")
    watching = subprocess.Popen(
        [sys.executable, "-m", "cli", "test", "--watch", str(tests)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout
    lines = iter(watching.stdout.readline, "")
    assert any("1 of 1 passed" in line for line in lines)
    tests.write_text(TESTS.replace("mute: 1", "mute: 2"), encoding="utf-8")
    assert any("0 of 1 passed" in line for line in lines)
    rules.unlink()
    rules.write_text("version: 1\nrules: [", encoding="utf-8")
    assert any("rules.yaml:" in line for line in lines)
    watching.send_signal(signal.SIGINT)
    _, error = watching.communicate()
    assert watching.returncode == 130
    assert "Traceback" not in error


def test_help_waits_for_no_library_that_it_does_not_need() -> None:
    look = "import sys; sys.argv = ['gavel', '--help']\nfrom cli.main import main\ntry: main()\n"
    look += "except SystemExit: print([m for m in ('rich', 'flask', 'redis', 'rq', 'yaml') "
    look += "if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_asks_no_redis_waits_for_no_client_of_it() -> None:
    names = ("check", "docs", "init", "sandbox", "test", "up", "web")
    modules = [f"cli.commands.{name}" for name in names]
    look = f"import sys, cli.main, cli.up.examine_rules, {', '.join(modules)}\n"
    look += "print([m for m in ('flask', 'redis', 'rq') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_nobody_reads_ends_the_command_without_a_word(
    rules: Path, unbuffered: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = gavel("check", str(rules), stdout=writer, PYTHONUNBUFFERED=unbuffered)
    finally:
        os.close(writer)
    assert (result[0], result[2]) == (1, b"")


def test_a_closed_output_is_no_error(rules: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "{sys.executable}" -m cli check "{rules}" >&- 2>&-'],
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("wy",), "no command 'wy'; did you mean 'why'?"),
        (("sandbox", "scenaros"), "no command 'scenaros'; did you mean 'scenarios'?"),
        (("sandbox", "play", "twn-hall"), "did you mean 'town-hall'?"),
        (("explain", "member.entred"), "did you mean 'member.entered'?"),
    ],
)
def test_a_name_that_is_none_is_told_which_was_perhaps_meant(
    words: tuple[str, ...], told: str
) -> None:
    done = forked(*words)
    assert done.code in (1, 2)
    assert told in done.error
    assert "Errno" not in done.error
