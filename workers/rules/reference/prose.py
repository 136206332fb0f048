"""The sentences of `docs/rules.md` between the tables that the catalogue fills."""

FORMS = {
    "Zone": "time zone",
    "Duration": "duration",
    "Flag": "`true` or `false`",
    "Members": "members",
    "HangUp": "`conference`, `every_conference` or members",
    "Texts": "text or list of texts",
    "Templated": "text with `{{ }}`",
    "WebhookTo": "text with `{{ }}`",
    "ExpressionText": "expression",
    "FreeMapping": "mapping of any JSON",
    "Free": "any JSON",
    "Headers": "mapping of texts with `{{ }}`",
    "Branches": "list of `if` with `do`",
    "Nested": "list of steps",
    "Assignments": "mapping of names to values with `{{ }}`",
    "SecretName": "`{env: NAME}`",
    "Whose": "`true`, or `{where: EXPRESSION}`",
    "Running": "`true`, `false`, or mapping of `format` and `transcribe`",
    "Block": "mapping",
    "Words": "text, or mapping",
    "Pin": "mapping, see below",
    "Named": "`{env: NAME}`",
    "Roles": "mapping of roles to `{env: NAME}`",
    "Steps": "step, or list of steps",
    "Windows": "window, or list of windows",
    "Raw": "see below",
}

BEGINNING = """
# The rules language

<!-- Made by `python -m workers.rules.reference.generate` from the catalogue: do not edit. -->

`rules.yaml` says what happens in your conferences. `gavel check` tells every mistake in it with
file, line and column; a running service takes a changed file within two seconds, and keeps the
last good rules when the new ones are broken.

For completion and documentation in an editor that knows the YAML language server, make this the
first line of the file:

```yaml
# yaml-language-server: $schema=./rules.schema.json
```

Every value is read as the text you wrote: `+14155550123`, `0123`, `no` and `55:00` stay that.
Durations are written `30s`, `5m`, `1h30m`, `2d`, `500ms`. Put quotes around a text that begins
with `*`, `#`, `&`, `@`, `%`, `!`, `{` or `[`, and around every text with `{{ }}` or `: ` in it.
Anchors and merge keys (`&`, `*`, `<<`) are not supported.
"""

FILE = """
```yaml
version: 1
timezone: Europe/Berlin
lists:
  hosts: ["+14155550100", "sip:anna@phone.plivo.com"]
limits:
  - match: {conference: "support-*"}
    duration: 30m
rules:
  - name: Everyone but hosts joins muted
    when: member.entered
    match: {conference: "townhall-*", member.from: {not_in: hosts}}
    do:
      - mute: member
```

A list under `lists` has a name (letters, digits, `_`) and exact texts. A telephone
number is the same with and without its `+`, here and everywhere (see *Telephone numbers*).
"""

VARS = """
Rules have no memory of their own; `vars` are theirs: values with a name and a type, one set for
each instance of a conference, declared at the top of the file:

```yaml
vars:
  raised: {type: list}
  stage: {type: text, start: waiting}
rules:
  - name: A hand goes up
    when: {member.digits: "1"}
    if: member.id not in vars.raised
    do:
      - set: {raised: "{{ vars.raised + [member.id] }}"}
```

`if`, `match`, targets and `{{ }}` read `vars.raised`; the step `set` changes it. A text that is
nothing but one `{{ }}` keeps the type of its value, and a value of another type is refused, by
`gavel check` where that can be seen. When a conference begins, every var has its `start`; they live
through restarts, and a late recording still sees those of its conference until the name is used
again (then they are absent).

All rules that wait for an event see the vars as the event found them, whatever another rule sets;
steps see what was set before them, by earlier steps and rules. Together they have at most 16 KiB
(as JSON) in one conference: a `set` beyond that fails, and so changes nothing. A dry run remembers
for its own steps only, up to its next wait.
"""

RULE = """
All rules that match an event run, in the order of the file. Within one conference everything
happens in the order in which its events were accepted; conferences do not wait for each other.
A rule may also say what shall be so, instead of waiting for something: see *A rule that ensures*.
"""

TRIGGERS = """
One trigger, or a list: any of them. Timers belong to their conference: they end with it, survive
restarts and fire once. A rule with several triggers can only use names that each of them has.

A cron line has five fields: minute, hour, day of month, month, day of week (`0` and `7` are
Sunday), with `*`, names (`jan`, `mon`), lists (`1,15`), ranges (`mon-fri`) and steps (`*/5`). When
both days are restricted, either will do. When the clocks change, Debian's cron is the model: a
fixed time that is skipped in spring comes right after the gap (`30 2 * * *` at 3:00), and one that
comes twice in autumn runs once; a minute or hour that begins with `*` follows the clock as it
shows, so `*/15 * * * *` is every quarter of an hour of real time. `gavel check` names the days of
the coming year on which a line does not run at its times.
"""

MATCH = """
Every key must hold. A text is a glob: `*` is any text, `?` any one character; case counts. A list
is any of its texts. A mapping is operators, all of which must hold. `conference` means
`conference.name`; `digits` are compared exactly, since `*` is a key of the telephone. What is in
seconds is compared with durations (`5m`) or with numbers of seconds. When a field is absent, the
rule does not run, unless another key says no already.
"""

EXPRESSIONS = """
`if` is one expression; a text of an action may have expressions in `{{ }}`. The language is that of
Jinja2's expressions, with typed values: `and`, `or`, `not`, `==`, `!=`, `<`, `<=`, `>`, `>=`,
`in`, `not in`, `+`, `-`, `*`, `/`, `//`, `%`, `~` (joins texts), `a if condition else b`,
`[1, 2]`, `name[0]`, filters (`value | filter`) and tests (`value is test`). There are no calls, no
powers, no statements, and no way into Python. `+` joins two lists, and `-` takes from a list what
is in the other.

Names are checked when the file is loaded. A field that is absent when the event comes makes the
answer *unknown*: the rule does not run, and the journal says which field it was. `default(x)` and
`is defined` deal with fields that may be absent. `and` and `or` use what is known where that
decides. What a text becomes is never read as a template again.

Nothing grows without end, whatever data comes: a text has at most 100,000 characters, a list as
many items, a number lies within a thousand million million, a value that keeps its type has a
million characters and items in all. What would be larger, or can not be evaluated for any other
reason, has no answer: the rule does not run or the step fails, and the journal says why; other
rules go on.

In an address, what stands in `{{ }}` is percent-encoded, so that it stays the one part that it is;
at the very beginning it is the address itself: `url: "{{ recording.url }}"`.

Within `json` and `data`, a text that is nothing but one `{{ }}` keeps the type of its value, and
plain `5`, `true` and `null` are those values; quote them to have texts.
"""

PHONES = """
Plivo tells a number now with and now without its `+`. Whatever a rule asks of one (`phone` in the
table of names) has the same answer for both: `match` with texts, globs and `regex`, lists, `==`,
`!=`, `in`, `starting_with`, `ending_with`, `where`, `where_not`, what `pluck` takes out, and texts
that it was joined into. `length` and `truncate` count its digits alone. You may write a number as
it is read: blanks, dashes, dots, slashes and brackets, `(0)`, `tel:` and `00` for `+` make no
difference. What looks like a number and can equal none (letters in it, more than 15 digits, fewer
than 7 behind a `+`, no country code) is told by `gavel check`. A SIP address is compared as it is.
"""

FILTERS = """
A filter that cannot do its work makes the answer unknown, as an absent field does.

`time`, `date` and `weekday` go by the file's `timezone`. At weekends, and in the evening:

```yaml
if: now | weekday in ["saturday", "sunday"] or now | time >= "18:00"
```
"""

TESTS = "Written `value is test`, or `value is not test`."

NAMES = """
Types: `number`; `seconds` (a duration); `time` (seconds since the epoch); `flag` (true or false);
`text`; `phone` (see *Telephone numbers*); `digits`; `list`; `members` (a list whose items
have the fields of `member`); `any`. A name can be absent when Plivo did not tell it.

`account` is what is live beside this conference, as Gavel knows it when the event is decided. The
fourth support call at once:

```yaml
rules:
  - name: Support is crowded
    when: conference.started
    match: {conference: "support-*"}
    if: account.conferences | matching("support-*") | length >= 4
    do:
      - webhook: {url: "https://pager.example.com/", json: {room: "{{ conference.name }}"}}
```

It is a snapshot, for conferences do not wait for each other: of two that begin at the same moment
each may see the other, or not yet; one whose end Plivo did not tell is counted until Gavel has
asked Plivo (`RECONCILE_INTERVAL`). This conference itself is always counted right. Names are there
of 1000 conferences at most, the count is of all. It is looked up only for files in which a rule
asks; the journal keeps the count with the event, and the names while they are no more than 20, so
`gavel explain` of a recorded event knows the same; `gavel replay` plays all conferences together.
"""

ACTIONS = """
A list, done in order. Whom an action is for is written as `member` (whom the event is about),
`all`, `others` (all but that one), a list of member ids, or `{where: EXPRESSION}` with `member` as
each member in turn: `{where: not member.muted}`.

Steps may stand within steps:

```yaml
do:
  - choose:
      - if: member.role == "host"
        do:
          - unmute: member
      - if: conference.member_count > 20
        do:
          - speak: {to: member, text: "It is crowded. Please wait."}
          - wait: 10s
    else:
      - speak: {to: member, text: "Welcome."}
  - log: "{{ member.id }} was greeted"
```

A `wait_for` waits for any trigger, with `match` and `if` about what comes:

```yaml
do:
  - speak: {to: member, text: "Press 1 if this call may be recorded."}
  - wait_for: {when: {member.digits: "1"}, by: member, timeout: 30s}
    else:
      - hang_up: member
  - log: "{{ member.id }} consents"
```

The steps after it see what came as `awaited`. Runs that wait go on before rules are held against
what comes.

A `webhook` may be a question: the steps after it see the answer as `response`, of the last webhook
before them.

```yaml
do:
  - webhook: {url: "https://crm.example.com/callers", json: {number: "{{ member.from }}"}}
    expires_in: 10s
    on_error: continue
  - choose:
      - if: response.json.vip | default(false)
        do:
          - play: {to: member, url: "https://cdn.example.com/welcome.mp3"}
    else:
      - speak: {to: member, text: "Welcome."}
```

`response.json` is there when the status is 2xx and the body is JSON: in UTF-8, of at most 16 KiB,
nested at most 32 deep, no key twice, no number of more than 20 digits. Otherwise it is absent, and
the journal says why; a step that needs it has no answer then, but for `default(x)` and
`is defined`. A webhook that failed stops the run, as any step does; with `on_error: continue`,
`response.status` is that of the last answer (`404`), absent where none came, and `response.json` is
absent. With `expires_in` a receiver is not waited for any longer; without it, a day. The answer is
kept with the run, through restarts, until no step asks for it any more; runs that wait in one
conference keep at most 64 KiB of answers, what comes beyond that is left out. Journal and log tell
its status and size and no value of it, but for what a `log` or a `trigger` says of it. A dry run
sends nothing, so it ends before the first step that asks for the response. What would follow from
an answer tells `gavel explain member.entered --conference demo --response '{"vip": true}'`, or
`--response 404`.

After `record` the steps that ask for `recording.id` wait until Plivo has answered; it is absent
where Plivo told none.

Where the journal counts steps, those within count as they stand, one after the other.

`expires_in` and `on_error` stand beside the action, at its column, or inside its mapping.
"""

ENSURE = """
Among `rules`, one may say what shall be so, instead of waiting for something:

```yaml
rules:
  - name: Guests stay muted
    match: {conference: "panel-*"}
    ensure:
      muted: {where: member.role == "guest" and member.id != vars.speaking}
  - name: The board is recorded from five members on
    match: {conference: "board-*"}
    if: conference.member_count >= 5
    ensure:
      recording: {format: mp3}
```

It is held against the conference after everything that happens in it (somebody enters, a var is
set, another rule has acted) and against each list of Plivo's own (`RECONCILE_INTERVAL`), whoever
changed what. What is otherwise is corrected by one call, and nothing more is done for it until
that call is through; the journal says what was otherwise. Of members whom `where` does not name
nothing is said: they stay as they are. What only time changes (`conference.elapsed`, `now`) is seen
with the next thing that happens, at the latest with Plivo's next list. Whether a recording runs is
not in Plivo's list: that is known from callbacks and answers.

What is undone again within ten minutes of its correction is left for a minute, then corrected; the
next time for two minutes, and so on up to half an hour. The journal names who undoes it: a rule of
this file, or somebody else. What a person makes otherwise by hand, in Gavel's console, API or on
its command line, is left so, until somebody makes it as it shall be by hand, or it is not ensured
any more, or the conference ends. A call that fails is made again after the same pauses.

Of two rules that ensure the contrary for the same member, the first in the file holds; so
exceptions come first. `if` and `match` see what is known without an event: `conference`, `vars`,
`lists`, `account` and `now`.
"""

LIMITS = "The first entry that matches sets a conference's time limit."

END = """
## Checked

Beside mistakes, `gavel check` tells what is well written and still wrong: rules that can never
run, conditions that are always or never true, timers that come after the limit, entries of `limits`
and `conferences` that an earlier one hides, lists and triggers that nobody uses, actions that
reach nobody, that the next one undoes or does not wait for, or that do what another rule ensures
the contrary of, names in the notation of another language (`{{member.id}}`, `$member.id`), which
are told as they stand. All mistakes are told at once: a value that was to be quoted, or a rule
whose form cannot be read, is passed over and the rest is checked. An *error* stops the file from
being used, a *warning* does not; of warnings the first {warnings} are
shown, and how many there are more.

A file has at most {kib} KiB, {rules} rules and {values} values, nested at most {levels}
levels deep; a value has at most {characters} characters, an expression {expression}, and a text
{parts} `{{{{ }}}}`.
"""
