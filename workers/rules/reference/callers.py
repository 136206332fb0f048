"""What docs/rules.md says of who may join, between its tables."""

CONFERENCES = """
The first entry that matches says how callers join, through `/plivo/answer/<conference>`. What is
not written keeps its default; that of `digits_match` and `floor_event` is what the rules wait for.

`match` sees what Plivo tells as it asks how to answer: globs for `conference`, and of the caller
`member.from`, `member.to`, `member.caller_name`, `member.direction`, the call's SIP headers
(`header.X-PH-Desk`, in any case) and the answer URL's own query (`query.as` for `?as=observer`),
with texts, globs, lists, `is`, `not`, `in` and `not_in`; and `conference.member_count` with a
number or `at_least` and such (calls that are answered at the same moment do not see each other).
Who lacks a field that an entry asks for is not meant by it. Plivo's signature is over all of it,
but a number can be feigned, and whoever calls by SIP writes headers as they like: what must be kept
from others needs more than that.

```yaml
conferences:
  - match: {conference: "board-*", member.from: {in: hosts}}
    role: host
    end_on_exit: true
  - match: {conference: "board-*"}
    role: guest
    muted: true
    start_on_enter: false
```

An entry may hold within the hours of `schedule` only, and turn callers away with `refuse`:

```yaml
conferences:
  - match: {conference: "desk", conference.member_count: {at_least: 5}}
    refuse: All lines are busy. Please call again later.
  - match: {conference: "desk"}
    schedule: ["mon-fri 09:00-17:00", "sat 10:00-12:00"]
    then: {speak: "Thank you for calling."}
  - match: {conference: "desk"}
    refuse: {text: "Wir haben geschlossen.", language: de-DE}
```

A window is days (`mon-fri`, `sat,sun`; every day if not given) and hours by the clock of
`timezone`; one that ends before it begins goes on after midnight. Plivo goes on with `then` when
the conference ends or the member is kicked or leaves by the star, and not when the caller hangs up.
All callbacks keep coming to Gavel; to tell another system of what happens, use `webhook` in a rule,
or `action` here.

`gavel explain answer --conference board-1 --from +4930123456` tells which entry a caller joins by,
why by no other, and the XML; more of the call by `--data query.as=observer` and such.

`role` is a word of yours for these callers; rules see it as `member.role`. It travels in the query
of the callback URL, so each callback of the member brings it back under Plivo's signature, from the
answer to the exit, whatever is restarted meanwhile. It is absent for callers who came by XML of
their own, unless the callback URL there says `role=`, for those of whom Plivo's list alone told,
and where signatures are not checked.
"""

ASK_PIN = """
The caller hears `prompt` and enters digits; the hash key ends them, or their number when `digits`
says it. With `is`, who enters that PIN joins by this entry. With `roles`, each PIN gives a role,
and the caller joins by the first entry that matches with it as `member.role`, or by this one:

```yaml
conferences:
  - match: {conference: "board-*", member.role: host}
    end_on_exit: true
  - match: {conference: "board-*", member.role: guest}
    muted: true
    start_on_enter: false
  - match: {conference: "board-*"}
    ask_pin:
      roles: {host: {env: HOST_PIN}, guest: {env: GUEST_PIN}}
      prompt: Please enter your PIN, then the hash key.
```

A PIN has 4 to 20 digits and stands in the environment of the web process (or in the file that
`NAME_FILE` names), never in this file; while one is missing, callers are answered 503. What was
entered is kept nowhere: not in the journal, a log or an address, and Plivo is asked not to log it.
Five wrong tries within ten minutes close the door of a conference to the number that made them,
ten of all callers close it to everybody who needs a PIN, until the oldest is ten minutes old; those
who withhold their number count as one. The story of the conference and the log say so, and
`gavel_pin_tries_total` counts. While Redis is away nobody gets in by a PIN.
"""
