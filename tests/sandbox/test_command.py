"""`python -m sandbox` as a process of its own."""

import signal
import socket
import subprocess
import sys

import pytest
import requests

from tests.waiting import PATIENCE

PROGRAM = [sys.executable, "-m", "sandbox"]


def test_the_first_line_is_the_url_and_a_signal_ends_it() -> None:
    command = [*PROGRAM, "--auth-id", "MATEST00000000000001", "--auth-token", "t", "--sound", "off"]
    command += ["--switch", "delete_answer=docs"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = requests.delete(
            f"{url}/v1/Account/MATEST00000000000001/Conference/",
            auth=("MATEST00000000000001", "t"),
            timeout=PATIENCE,
        )
        assert answer.json()["message"] == "all conferences hung up"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--switch", "nonsense=1"], "nonsense: no such switch"),
        (["--port", "PORT"], "choose another port"),
        (["--host", "0.0.0.0"], "give it an --auth-token of your own"),
        (["--host", "::"], "give it an --auth-token of your own"),
    ],
)
def test_what_cannot_start_says_why(arguments: list[str], message: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [port if one == "PORT" else one for one in arguments]
        done = subprocess.run(
            [*PROGRAM, *given], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
