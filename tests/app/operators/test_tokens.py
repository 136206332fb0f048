"""Tokens: shown once, kept as digests, with a scope, an end and an owner."""

import json

import pytest
from redis import Redis

from app.domain.operator import Operator
from app.errors import Unusable
from app.operators.audit import Audit
from app.operators.tokens import BEGINS, MOST, SCOPES, Tokens, digest_of
from app.store import keys

ANNA = Operator("anna", "cli", "desk")


def test_one_is_found_by_its_secret_alone_and_the_secret_is_nowhere(redis: Redis) -> None:
    made, secret = Tokens(redis).new(ANNA, "pager", "act")
    assert (len(secret), secret[:4]) == (4 + 43, BEGINS)
    assert Tokens(redis).find(secret) == made
    for key in redis.scan_iter():
        assert secret[4:].encode() not in (redis.dump(key) or b"")
    assert redis.hkeys(keys.TOKENS) == [digest_of(secret).encode()]
    (kept,) = Tokens(redis).all()
    assert kept.used_at >= made.made_at


@pytest.mark.parametrize(
    "forged",
    [
        *("", "x", BEGINS, BEGINS + "A" * 42, BEGINS + "A" * 43, BEGINS + "A" * 4000),
        *("GVL_" + "A" * 43, BEGINS + "é" * 43, BEGINS + "A" * 43 + "\n", BEGINS + "*" * 43),
    ],
)
def test_what_is_no_token_is_none(redis: Redis, forged: str) -> None:
    _, secret = Tokens(redis).new(ANNA, "pager", "act")
    assert Tokens(redis).find(forged) is None
    assert Tokens(redis).find(secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    assert Tokens(redis).find(digest_of(secret)) is None


def test_one_that_expired_or_was_revoked_is_none(redis: Redis) -> None:
    _, revoked = Tokens(redis).new(ANNA, "one", "admin")
    assert Tokens(redis).revoke(ANNA, "one")
    assert Tokens(redis).find(revoked) is None
    assert not Tokens(redis).revoke(ANNA, "one")
    _, expired = Tokens(redis).new(ANNA, "two", "admin")
    row = json.loads(redis.hget(keys.TOKENS, digest_of(expired)) or b"")
    redis.hset(keys.TOKENS, digest_of(expired), json.dumps(row | {"expires_at": 1.0}))
    assert Tokens(redis).find(expired) is None
    Tokens(redis).new(ANNA, "two", "read")
    assert [one.scope for one in Tokens(redis).all()] == ["read"]


def test_a_name_is_for_one_token(redis: Redis) -> None:
    Tokens(redis).new(ANNA, "pager", "act")
    with pytest.raises(Unusable, match="already"):
        Tokens(redis).new(ANNA, "pager", "read")


@pytest.mark.parametrize(
    ("name", "scope", "seconds"),
    [
        ("", "read", 60.0),
        ("  ", "read", 60.0),
        ("a\x1b[2J", "read", 60.0),
        ("a" * 65, "read", 60.0),
        ("a", "root", 60.0),
        ("a", "read", 0.0),
        ("a", "read", 367 * 86400.0),
    ],
)
def test_what_can_be_no_token_is_refused(
    redis: Redis, name: str, scope: str, seconds: float
) -> None:
    with pytest.raises(Unusable):
        Tokens(redis).new(ANNA, name, scope, seconds)
    assert redis.exists(keys.TOKENS, keys.AUDIT) == 0


def test_a_scope_may_what_the_smaller_ones_may(redis: Redis) -> None:
    made = [Tokens(redis).new(ANNA, scope, scope)[0] for scope in SCOPES]
    may = {one.scope: [scope for scope in SCOPES if one.may(scope)] for one in made}
    assert may == {"read": ["read"], "act": ["read", "act"], "admin": ["read", "act", "admin"]}


def test_making_and_revoking_are_in_the_audit_without_the_secret(redis: Redis) -> None:
    _, secret = Tokens(redis).new(ANNA, "pager", "act", 60.0)
    Tokens(redis).revoke(ANNA, "pager")
    entries, _ = Audit(redis).entries()
    assert [(one.verb, one.object) for one in entries] == [
        ("token.revoke", "'pager'"),
        ("token.new", "'pager', act, for 1m"),
    ]
    assert secret not in str(entries)


def test_there_is_a_bound(redis: Redis) -> None:
    row = {"name": "x", "scope": "read", "made_by": "a", "made_at": 1.0, "expires_at": 9e9}
    for number in range(MOST):
        redis.hset(keys.TOKENS, str(number), json.dumps(row | {"name": str(number)}))
    with pytest.raises(Unusable, match="200 tokens"):
        Tokens(redis).new(ANNA, "pager", "act")
