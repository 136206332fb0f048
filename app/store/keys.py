"""Every key that Gavel keeps in Redis, and what is under it.

A conference's name comes from outside and never becomes part of a key: `conference_key` hashes it.
`{k}` below is such a key; the webhooks of a conference are a unit of their own: `{k}-web`, and each
copy of a recording: `{k}-{hash}-rec`. In a Cluster each key has the tag of its Gavel in front, and
those of an account of ACCOUNTS_FILE `a/NAME/` (`app.store.server.tagged`); nobody else has to know.

| key                        | type   | holds |
|----------------------------|--------|---|
| gavel:inbox:{k}            | list   | accepted events not yet decided, each `<at> <json>` |
| gavel:conference:{k}       | string | the state of the conference, JSON |
| gavel:outbox:{k}           | string | calls to make, in order, JSON |
| gavel:lease:{k}            | string | who works it: `<token>:<number of next commit>`, expires |
| gavel:begun                | hash   | {k} -> turns with events that were never committed |
| gavel:journal:{k}          | list   | what happened and why, JSON, newest last, bounded |
| gavel:not_meant:{hash}     | string | rules that were not meant, and why (JSON), expires |
| gavel:awake                | zset   | units with something to do, by the time to look again (ms) |
| gavel:due                  | zset   | `<k> <timer id>` by due time (s) |
| gavel:live                 | zset   | live conferences by start time (s) |
| gavel:ended:{hash}         | string | an instance (conference and UUID) has ended, expires |
| gavel:nonces:{k}           | hash   | nonces of the live instance -> event ids, expires |
| gavel:doubtful             | zset   | conferences about which Plivo is to be asked, by when (s) |
| gavel:confirmed            | string | what a replica is to confirm (`DURABILITY`), 60 s |
| gavel:known                | zset   | every conference with a journal, by last activity (s) |
| gavel:names                | hash   | {k} -> name |
| gavel:seen:{hash}          | string | an identity that was accepted -> its event id, expires |
| gavel:recording:{hash}     | string | recording id -> conference name, expires |
| gavel:parked:{hash}        | list   | transcriptions whose recording is not known yet, expires |
| gavel:recorded:{hash}      | hash   | one recording: each field (JSON) of its record, expires |
| gavel:transcript:{hash}    | string | what was said in it (JSON), expires |
| gavel:recordings           | zset   | ids of recordings by start time (s) |
| gavel:recordings:{k}       | zset   | the same of one conference, expires |
| gavel:sought               | zset   | recordings to ask Plivo for (JSON), by when (s) |
| gavel:dead                 | list   | events and rows that were set aside, and why, bounded |
| gavel:rules                | string | what the receiver needs of the rules (JSON) |
| gavel:rules_text, _digest  | string | the last good rules, and which they are |
| gavel:rules_held           | hash   | digest -> when a process last said that it works by it |
| gavel:rules_broken         | string | what is wrong with the file now; gone when nothing is |
| gavel:rules_journal        | list   | rules taken, what changed or was wrong, JSON, bounded |
| gavel:metrics              | hash   | counters, named as /metrics/cluster shows them |
| gavel:exemplars            | hash   | an event for each bucket of a counter that has such |
| gavel:workers              | hash   | worker process -> its last sign of life (s), what it has |
| gavel:web_servers          | hash   | the same of the processes of web servers |
| gavel:members              | zset   | live conferences by how many members they have |
| gavel:given_up             | list   | calls that were given up, for `gavel retry`, bounded |
| gavel:silences             | hash   | id -> rules that do nothing for a while (JSON) |
| gavel:tokens               | hash   | digest -> a token of the admin API (JSON) |
| gavel:tokens_used          | hash   | digest -> when that token was last used (s) |
| gavel:audit                | stream | who changed what by hand, expires |
| gavel:retention            | string | what a worker last saw to: how long things are kept (JSON) |
| gavel:budget:*             |        | the account's budget of API calls |
| gavel:reconciled           | string | a worker held the list of Plivo against ours, expires |
| gavel:state_version:{n}    | string | a live worker reads states of this version, expires |
| gavel:probe:*, rq:*:gavel:probe |   | what /readyz tries, and words of `gavel doctor`; gone soon |
| gavel:commits              | string | how many commits there were; pages look at it for news |
| gavel:session:{hash}       | string | who is signed in to the console (JSON), expires |
| gavel:listening:{hash}     | string | somebody listens to a recording, expires |
| gavel:login:{hash}         | string | what a one-time link is for (JSON), expires |
| gavel:login_was:{hash}     | string | whose a one-time link was, and whether used, expires |
| gavel:tries:{hash}         | string | how often an address tried to sign in, expires |
| gavel:batches              | list   | ids of what was asked for again together, bounded |
| gavel:batch:{id}           | hash   | call -> what became of it (JSON), expires |
| gavel:copies               | list   | ids of copies asked for together, bounded |
| gavel:copies:{id}          | string | of which recordings, by whom (JSON), expires |
| gavel:copies_asked:{id}    | hash   | recording -> where it goes, or why not (JSON), expires |
| gavel:snoozed              | hash   | groups that need no person until a time (JSON) |
| gavel:pins:{hash}          | zset   | tries at a PIN, of a caller or a conference, expires |
| gavel:questions            | list   | what the console asks of a worker (JSON), expires |
| gavel:answer:{id}          | string | a question with its answer (JSON), expires |
| gavel:accounts             | zset   | account -> when a clock has to look at it (s) |
| gavel:accounts_to_ask      | zset   | accounts by when Plivo is asked about them next |
| gavel:queued               | set    | of an account: units whose wake-ups are in the queue |
| gavel:overflow             | list   | of an account: units whose wake-ups follow these |
| gavel:accounts_counted     | set    | accounts that have counted something |
| gavel:signed_in            | string | somebody has been in the console |
| gavel:story                | channel| every journal entry as it is written |
| rq:queue:gavel, rq:job:{k} |        | RQ's: the wake-ups |
| rq:*:recordings            |        | RQ's: jobs that copy recordings, what became of them |
| rq:workers:gavel, rq:worker:{name} | | RQ's: the workers that have reported lately, expire |
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b

PREFIX = "gavel:"
AWAKE = PREFIX + "awake"
BEGUN = PREFIX + "begun"
CONFIRMED = PREFIX + "confirmed"
DOUBTFUL = PREFIX + "doubtful"
DUE = PREFIX + "due"
LIVE = PREFIX + "live"
SOUGHT = PREFIX + "sought"
RECORDINGS = PREFIX + "recordings"
RETENTION = PREFIX + "retention"
KNOWN = PREFIX + "known"
NAMES = PREFIX + "names"
DEAD = PREFIX + "dead"
GIVEN_UP = PREFIX + "given_up"
RULES = PREFIX + "rules"
RULES_TEXT = PREFIX + "rules_text"
RULES_DIGEST = PREFIX + "rules_digest"
RULES_HELD = PREFIX + "rules_held"
RULES_BROKEN = PREFIX + "rules_broken"
RULES_JOURNAL = PREFIX + "rules_journal"
METRICS = PREFIX + "metrics"
EXEMPLARS = PREFIX + "exemplars"
WORKER_BEATS = PREFIX + "workers"
WEB_BEATS = PREFIX + "web_servers"
MEMBERS = PREFIX + "members"
RECONCILED = PREFIX + "reconciled"
STORY = PREFIX + "story"
SILENCES = PREFIX + "silences"
AUDIT = PREFIX + "audit"
TOKENS = PREFIX + "tokens"
TOKENS_USED = PREFIX + "tokens_used"
COMMITS = PREFIX + "commits"
ACCOUNTS = PREFIX + "accounts"
ACCOUNTS_TO_ASK = PREFIX + "accounts_to_ask"
ACCOUNTS_COUNTED = PREFIX + "accounts_counted"
SIGNED_IN = PREFIX + "signed_in"
QUESTIONS = PREFIX + "questions"
SNOOZED = PREFIX + "snoozed"
BATCHES = PREFIX + "batches"
COPIES = PREFIX + "copies"
PROBES = PREFIX + "probe:text", PREFIX + "probe:number"
"""Of those of the probe's script."""
QUEUE_NAME = "gavel"
QUEUE = "rq:queue:" + QUEUE_NAME
WORKERS = "rq:workers:" + QUEUE_NAME
RECORDINGS_QUEUE = "recordings"
COPIERS = "rq:workers:" + RECORDINGS_QUEUE
RECORDINGS_JOBS = {
    "started": "rq:wip:" + RECORDINGS_QUEUE,
    "scheduled": "rq:scheduled:" + RECORDINGS_QUEUE,
    "failed": "rq:failed:" + RECORDINGS_QUEUE,
}
"""RQ's registries of copies, by what a job in them is."""
WEB, COPY = "-web", "-rec"
KEY_LENGTH = 22


def digest(text: str) -> str:
    """22 characters of the URL-safe alphabet that stand for any text (128 bits)."""
    return urlsafe_b64encode(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    )[:KEY_LENGTH].decode("ascii")


def conference_key(name: str) -> str:
    """The key of a conference: fixed length, plain characters, whatever the name holds."""
    return digest(name)


def account_of(job: str) -> tuple[str, str]:
    """The account ("" for none) and the unit that the id of a job names."""
    front, _, unit = job.rpartition("/")
    return front.removeprefix("a/"), unit


def is_web(key: str) -> bool:
    """Are these the webhooks of a conference?"""
    return len(key) > KEY_LENGTH and key.endswith(WEB)


def copy_of(key: str, recording_id: str, to: str) -> str:
    """The unit that copies one recording of this conference to one target."""
    return f"{key}-{digest(f'{recording_id} {to}')}{COPY}"


def conference_of(unit: str) -> str:
    """The key of the conference that a unit belongs to."""
    return unit[:KEY_LENGTH]


def answer(id: str) -> str:
    return PREFIX + "answer:" + id


def pins(of: str) -> str:
    return PREFIX + "pins:" + digest(of)


def batch(id: str) -> str:
    return PREFIX + "batch:" + id


def copies(id: str) -> str:
    return PREFIX + "copies:" + id


def copies_asked(id: str) -> str:
    return PREFIX + "copies_asked:" + id


def state_version(version: int) -> str:
    return PREFIX + f"state_version:{version}"


def inbox(key: str) -> str:
    return PREFIX + "inbox:" + key


def conference(key: str) -> str:
    return PREFIX + "conference:" + key


def outbox(key: str) -> str:
    return PREFIX + "outbox:" + key


def lease(key: str) -> str:
    return PREFIX + "lease:" + key


def journal(key: str) -> str:
    return PREFIX + "journal:" + key


def not_meant(id: str) -> str:
    return PREFIX + "not_meant:" + id


def job(key: str) -> str:
    return "rq:job:" + key


def probe(word: str) -> str:
    """Where `gavel doctor` leaves a word, to find the service of its Redis."""
    return f"{PREFIX}probe:doctor:{digest(word)}"


def worker(host: str, pid: int | str) -> str:
    """Where RQ keeps that a worker process lives."""
    return f"rq:worker:{worker_name(host, pid)}"


def worker_name(host: str, pid: int | str) -> str:
    return f"gavel-{host}-{pid}"


def copier(host: str, pid: int | str) -> str:
    """Where RQ keeps that a process lives that copies recordings."""
    return f"rq:worker:{copier_name(host, pid)}"


def copier_name(host: str, pid: int | str) -> str:
    return f"gavel-recordings-{host}-{pid}"


def seen(identity: str) -> str:
    return PREFIX + "seen:" + digest(identity)


def recording(recording_id: str) -> str:
    return PREFIX + "recording:" + digest(recording_id)


def recorded(recording_id: str) -> str:
    return PREFIX + "recorded:" + digest(recording_id)


def transcript(recording_id: str) -> str:
    return PREFIX + "transcript:" + digest(recording_id)


def recordings_of(key: str) -> str:
    return PREFIX + "recordings:" + key


def parked(recording_id: str) -> str:
    return PREFIX + "parked:" + digest(recording_id)


def listening(who: str, recording_id: str) -> str:
    return PREFIX + "listening:" + digest(f"{who} {recording_id}")


def session(id: str) -> str:
    return session_of(digest(id))


def session_of(digest: str) -> str:
    return PREFIX + "session:" + digest


def login_link(secret: str) -> str:
    return PREFIX + "login:" + digest(secret)


def login_link_was(secret: str) -> str:
    return PREFIX + "login_was:" + digest(secret)


def login_tries(network: str) -> str:
    return PREFIX + "tries:" + digest(network)
