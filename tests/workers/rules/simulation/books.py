"""Rules that the tests of timelines, explanations and replays play with."""

from workers.rules.engine.index import Rules
from workers.rules.load import load

STANDUP = """\
version: 1
timezone: Europe/Berlin
lists: {hosts: ["+14155550100"]}
limits:
  - {match: {conference: "standup-*"}, duration: 15m}
rules:
  - name: Warn
    when: [{conference.time_left: 5m}, {conference.time_left: 1m}]
    match: {conference: "standup-*"}
    do:
      - speak: {to: all, text: "This call ends in {{ conference.time_left | minutes }}."}
  - name: Guests join muted
    when: member.entered
    match: {conference: "standup-*", member.from: {not_in: hosts}}
    do: [{mute: member}, {log: "muted {{ member.id }}"}]
  - name: Nobody is at home
    when: member.entered
    match: {conference: "private-*"}
    enabled: false
    do: [{hang_up: conference}]
  - name: The host opens the floor
    when: {member.digits: "*1"}
    match: {conference: "standup-*"}
    do: [{unmute: all}, {webhook: {url: "https://crm.example.com/floor", json: {n: 1}}}]
  - name: Tell of failures
    when: action.failed
    do: [{log: "{{ failure.action }} failed"}]
"""

ASKING = """\
version: 1
rules:
  - name: Ask
    when: member.entered
    do:
      - webhook: {url: "https://crm.example.com/"}
      - choose: [{if: response.json.vip, do: [{mute: member}]}]
"""
"""A rule that goes on by what a webhook is answered."""


def standup() -> Rules:
    return load(STANDUP, "rules.yaml")


def asking() -> Rules:
    return load(ASKING, "rules.yaml")
