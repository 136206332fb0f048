"""The command line of `python -m sandbox`."""

import argparse
from dataclasses import fields

from sandbox.server import serve
from sandbox.world.errors import SandboxError
from sandbox.world.options import Options
from sandbox.world.switches import Switches


def main() -> None:
    """Read the arguments and serve; what is wrong with them is said, and ends with status 2."""
    parser = _parser()
    try:
        serve(options_from(parser.parse_args()), tell=_tell)
    except SandboxError as error:
        parser.error(str(error))


def _tell(line: str) -> None:
    print(line, flush=True)


def options_from(given: argparse.Namespace) -> Options:
    """Options from parsed arguments; `switch` holds NAME=VALUE texts."""
    pairs = dict(text.partition("=")[::2] for text in given.switch)
    known = {item.name for item in fields(Options)} - {"switches"}
    values = {name: value for name, value in vars(given).items() if name in known}
    return Options(switches=Switches().changed(pairs), **values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("sandbox", description="A local Plivo.")
    defaults = Options()
    for name, about in {
        "host": "address to listen on",
        "port": "port to listen on, 0: a free one",
        "public_url": "how others reach it; default http://HOST:PORT",
        "auth_id": "the account's id",
        "auth_token": "its token",
        "main_auth_token": "token of the main account, when this is a subaccount",
        "service": "public URL of the service whose rules run",
        "answer_url": "where calls are answered; may name {service} and {conference}",
        "conference": "what the page's Call in begins with",
        "rate": "requests of the account in any 5 s",
        "sound": "auto, on or off: real recordings (needs gavel[sound])",
    }.items():
        default = getattr(defaults, name)
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, default=default, type=type(default), help=about)
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE")
    return parser
