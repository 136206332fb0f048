"""Who may do what in the console: one table from route to role, and nothing is allowed past it."""

ROLES = ("viewer", "operator", "admin")
"""Each may do what those before it may: look; act, retry and drop; hang up everything."""

OPEN = ""
"""For routes that need no sign-in."""

ROUTES = {
    "console.home": OPEN,
    "console.asset": OPEN,
    "console.login": OPEN,
    "console.sign_in": OPEN,
    "console.use_link": OPEN,
    "console.to_issuer": OPEN,
    "console.from_issuer": OPEN,
    "console.sign_out": "viewer",
    "console.live": "viewer",
    "console.conference": "viewer",
    "console.conferences": "viewer",
    "console.recordings": "viewer",
    "console.recording": "viewer",
    "console.audio": "operator",
    "console.play": "operator",
    "console.archive": "operator",
    "console.plan_copies": "operator",
    "console.copy_together": "operator",
    "console.copies": "viewer",
    "console.rules": "viewer",
    "console.try_event": "viewer",
    "console.tried": "viewer",
    "console.silence_everywhere": "operator",
    "console.end_any_silence": "operator",
    "console.attention": "viewer",
    "console.batch": "viewer",
    "console.settle": "operator",
    "console.doctor": "viewer",
    "console.access": "admin",
    "console.you": "viewer",
    "console.about": "viewer",
    "console.end_my_others": "viewer",
    "console.end_session": "admin",
    "console.end_sessions": "admin",
    "console.new_token": "admin",
    "console.revoke_token": "admin",
    "console.new_link": "admin",
    "console.audit": "admin",
    "console.act": "operator",
    "console.numbers": "operator",
    "console.hang_up": "admin",
    "console.silence": "operator",
    "console.end_silence": "operator",
}
"""Endpoint -> the least role. A route of the console that is not here answers nobody."""


def may(role: str, needed: str) -> bool:
    """Is this role enough? One that we do not know never is."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)
