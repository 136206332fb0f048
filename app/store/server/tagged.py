"""Keys with something in front: a Gavel's tag in a Cluster, an account's space.

`{gavel}gavel:awake`: what stands between braces decides the slot, so all keys of one Gavel lie in
one slot, and with it on one primary: its scripts and transactions work as with one Redis.
`a/acme/gavel:awake`: of many accounts each has its own keys (docs/decisions/0207); what is of the
service, as the queue, has no account in front. The rest of the code, and RQ, name keys as ever; the
front is put there where commands leave a connection, and in each script where it asks for keys.
"""

from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import DataError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NONE = _words("""
    ACL AUTH CLIENT CLUSTER COMMAND CONFIG DBSIZE DISCARD ECHO EXEC HELLO INFO MULTI PING QUIT RESET
    ROLE SCRIPT SELECT TIME UNWATCH WAIT WAITAOF
""")
_FIRST = _words("""
    APPEND DECR DECRBY DUMP EXPIRE EXPIREAT GET GETDEL GETEX GETSET HDEL HEXISTS HGET HGETALL
    HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HSCAN HSET HSETNX HSTRLEN HVALS
    INCR INCRBY LINDEX LINSERT LLEN
    LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM PERSIST PEXPIRE PEXPIREAT PSETEX PTTL PUBLISH
    RESTORE RPOP RPUSH RPUSHX SADD SCARD SET SETEX SETNX SISMEMBER SMEMBERS SMISMEMBER SPOP
    SRANDMEMBER SREM SSCAN STRLEN TTL TYPE XADD XDEL XLEN XRANGE XREVRANGE XTRIM ZADD ZCARD ZCOUNT
    ZINCRBY ZMSCORE ZPOPMAX ZPOPMIN ZRANGE ZRANGEBYSCORE ZRANK ZREM ZREMRANGEBYRANK
    ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE
""")
_FIRST_TWO = _words("BLMOVE COPY LMOVE RENAME RENAMENX RPOPLPUSH SMOVE")
_EVERY = _words("""
    DEL EXISTS MGET PSUBSCRIBE PUNSUBSCRIBE SDIFF SINTER SUBSCRIBE SUNION TOUCH UNLINK UNSUBSCRIBE
    WATCH
""")
_ALL_BUT_LAST = _words("BLPOP BRPOP")
_SCRIPTS = _words("EVAL EVALSHA")

GUARD = "never"
"""A key that every script is declared to use and none ever makes. While a slot is moved key by key
(`SETSLOT MIGRATING`), its old place refuses what asks for a key that is not there (`ASK`,
`TRYAGAIN`): so it refuses every script whole, and none ends half-way at a key that has gone."""

SHARED = ("rq:", "gavel:accounts", "gavel:workers", "gavel:web_servers", "gavel:state_version:")
"""What keys begin with that are of the service, and of no account."""


def space_prefix(space: str) -> str:
    """What is in front of the keys of an account, and of the ids of its jobs."""
    return f"a/{space}/" if space else ""


PROLOGUE = """
local redis = (function(server)
  local every = {DEL = true, EXISTS = true, MGET = true, UNLINK = true}
  local front = string.sub(KEYS[#KEYS], 1, -6)
  local tag, space = string.match(front, '^({[^}]*})(.*)$')
  if not tag then tag, space = '', front end
  local shared = {SHARED}
  local function put(key)
    if string.sub(key, 1, #front) == front then return key end
    if space == '' then return tag .. key end
    if tag ~= '' and string.sub(key, 1, #tag) == tag then return key end
    for _, start in ipairs(shared) do
      if string.sub(key, 1, #start) == start then return tag .. key end
    end
    return front .. key
  end
  local function asking(ask)
    return function(command, key, ...)
      if key == nil then return ask(command) end
      if not every[string.upper(command)] then return ask(command, put(key), ...) end
      local keys = {key, ...}
      for i = 1, #keys do keys[i] = put(keys[i]) end
      return ask(command, unpack(keys))
    end
  end
  local ours = {call = asking(server.call), pcall = asking(server.pcall), space = space}
  return setmetatable(ours, {__index = server})
end)(redis)
""".lstrip("\n").replace("SHARED", ", ".join(f"'{start}'" for start in SHARED))
"""What a script begins with, so that it names keys without their front, which it has from the last
of its declared keys: one script for all accounts. `redis.space`: of its account."""


class Tagging:
    """Puts a tag and a space in front of the keys of commands, and takes them off answers that hold
    keys."""

    def __init__(self, tag: str, space: str = "") -> None:
        self.tag, self.space = tag, space
        self._tag = f"{{{tag}}}" if tag else ""
        self.prefix = self._tag + space_prefix(space)
        self._prefix, self._prefix_of_shared = self.prefix.encode(), self._tag.encode()

    def put(self, key: Any) -> Any:
        """A key (text or bytes) with what is in front of it."""
        if isinstance(key, bytes):
            shared = self.space and key.startswith(_SHARED_BYTES)
            return (self._prefix_of_shared if shared else self._prefix) + key
        shared = self.space and str(key).startswith(SHARED)
        return f"{self._tag if shared else self.prefix}{key}"

    def command(self, args: Sequence[Any]) -> Sequence[Any]:
        """A command with its keys tagged. Raises DataError for one of which is not known here
        where its keys are."""
        name = _name(args)
        if name in _FIRST:
            return (args[0], self.put(args[1]), *args[2:])
        if name in _NONE:
            if name == "SCRIPT" and any(_text(word).upper().endswith("LOAD") for word in args[:2]):
                self._check(args[-1])
            return args
        if name in _EVERY:
            return (args[0], *map(self.put, args[1:]))
        if name in _SCRIPTS:
            return self._script(args)
        if name in _ALL_BUT_LAST:
            return (args[0], *map(self.put, args[1:-1]), args[-1])
        if name in _FIRST_TWO:
            return (args[0], *map(self.put, args[1:3]), *args[3:])
        if name == "SCAN":
            return self._scan(args)
        raise DataError(f"Gavel does not know which keys {name} has")

    def _script(self, args: Sequence[Any]) -> Sequence[Any]:
        name, script, number, *rest = args
        if _name(args) == "EVAL":
            self._check(script)
        keys = [self.put(key) for key in (*rest[: int(number)], GUARD)]
        return (name, script, len(keys), *keys, *rest[int(number) :])

    @staticmethod
    def _check(script: Any) -> None:
        if not _text(script).startswith(PROLOGUE):
            raise DataError("a script is registered first (`Redis.register_script`)")

    def _scan(self, args: Sequence[Any]) -> Sequence[Any]:
        for place, word in enumerate(args[2:], 2):
            if _text(word).upper() == "MATCH":
                return (*args[: place + 1], self.put(args[place + 1]), *args[place + 2 :])
        return (*args, "MATCH", self.put("*"))

    def answer_of(self, args: Sequence[Any]) -> Callable[[Any], Any] | None:
        """What takes the tag off the answer to this command; None where it holds no keys."""
        name = _name(args)
        if name in _ALL_BUT_LAST:
            return lambda found: found and [self.off(found[0]), *found[1:]]
        if name == "SCAN":
            return lambda found: [found[0], [self.off(key) for key in found[1]]]
        return None

    def message(self, said: Any) -> Any:
        """What a channel said, its channel (and pattern) without the tag."""
        if not isinstance(said, list) or len(said) < 3:
            return said
        names = 3 if said[0] == b"pmessage" else 2
        return [said[0], *map(self.off, said[1:names]), *said[names:]]

    def off(self, key: Any) -> Any:
        """The name that everybody knows."""
        if not isinstance(key, bytes):
            return key
        if key.startswith(self._prefix):
            return key[len(self._prefix) :]
        return key.removeprefix(self._prefix_of_shared)


_SHARED_BYTES = tuple(start.encode() for start in SHARED)


def _name(args: Sequence[Any]) -> str:
    return _text(args[0]).partition(" ")[0].upper()


def _text(word: Any) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
