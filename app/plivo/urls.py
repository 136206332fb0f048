"""The URLs that we give to Plivo.

Those of callbacks have a sorted query (`v=1`), so that both known ways to sign it agree. Each has a
fragment that makes Plivo try again after any failure: without it a single 503 is a lost event, or a
caller who is turned away (docs/plivo.md 6, 11.13 and 27.16).
"""

from urllib.parse import quote

RETRIES = "#rp=all&rc=5"


def conference_url(public_url: str, role: str = "") -> str:
    """For `callbackUrl` in XML; the role of a caller is in it, so that each callback of that
    member brings it back, signed."""
    query = f"role={quote(role, safe='')}&v=1" if role else "v=1"
    return f"{public_url}/plivo/conference?{query}{RETRIES}"


def recording_url(public_url: str, conference: str) -> str:
    """For `callback_url` of the Record API: some of its callbacks name no conference either."""
    return f"{public_url}/plivo/recording?conference={quote(conference, safe='')}&v=1{RETRIES}"


def transcription_url(public_url: str, conference: str) -> str:
    """For `transcription_url`: the callback names no conference, so its address does."""
    return f"{public_url}/plivo/transcription?conference={quote(conference, safe='')}&v=1{RETRIES}"


def answer_url(public_url: str, conference: str) -> str:
    """For `answer_url` of the application or call that leads into a conference."""
    return f"{public_url}/plivo/answer/{quote(conference, safe='')}{RETRIES}"
