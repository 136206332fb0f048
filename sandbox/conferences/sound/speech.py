"""Reading aloud, by espeak-ng where it is installed."""

import shutil
import subprocess
from functools import lru_cache

from sandbox.world.timeline import Words

PATIENCE = 60.0


def synthesizer() -> str:
    """The path of espeak-ng, "" when it is not installed."""
    return shutil.which("espeak-ng") or ""


@lru_cache(maxsize=64)
def read_aloud(words: Words) -> bytes:
    """The words as a wav file; empty without a synthesizer or when it fails."""
    program = synthesizer()
    accent = "+m3" if words.voice == "MAN" else "+f3"
    language = words.language.split("-", maxsplit=1)[0]
    for voice in (language + accent, "en" + accent) if program else ():
        spoken = subprocess.run(
            [program, "-v", voice, "--stdin", "--stdout"],
            input=words.text.encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        if spoken.returncode == 0 and spoken.stdout:
            return spoken.stdout
    return b""
