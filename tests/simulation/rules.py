"""The rules of the simulated conferences. Every word that people hear names what it answers, so
that hearing it twice shows."""

RULES = (
    """
version: 1
rules:
  - name: record
    when: conference.started
    do:
      - record: {format: mp3}
      - speak: {to: all, text: "begun {{ event.id }} {{ recording.id | default('unnamed') }}"}
  - name: muted
    when: member.entered
    do:
      - mute: member
      - speak: {to: member, text: "Welcome."}
  - name: digits
    when: member.digits
    do:
      - speak: {to: member, text: "digits {{ event.id }}", expires_in: 30s}
  - name: elapsed
    when: {conference.elapsed: 3s}
    do:
      - speak: {to: all, text: "elapsed {{ event.id }}"}
  - name: recorded
    when: recording.ready
    do:
      - speak: {to: all, text: "recorded {{ event.id }}"}
  - name: missed
    when: {recording.missing: 1s}
    do:
      - log: "no recording"
  - name: vip
    when: {trigger: vip}
    do:
      - speak: {to: all, text: "vip {{ event.id }}"}
""",
    """
version: 1
limits:
  - match: {conference: "room-1"}
    duration: 7s
rules:
  - name: entered
    when: member.entered
    do:
      - mute: member
      - wait: 1s
      - play: {to: member, url: "https://a.example/{{ event.id }}.mp3", expires_in: 20s}
      - unmute: member
  - name: digits
    when: member.digits
    do:
      - deaf: member
      - speak: {to: member, text: "digits {{ event.id }}", expires_in: 1s}
      - undeaf: member
  - name: vip
    when: {trigger: vip}
    do:
      - trigger: other
      - speak: {to: all, text: "vip {{ event.id }}", expires_in: 10s}
  - name: other
    when: {trigger: other}
    do:
      - mute: all
  - name: every
    when: {conference.every: 2s}
    do:
      - speak: {to: all, text: "every {{ event.id }}", expires_in: 1s}
""",
    """
version: 1
rules:
  - name: hook
    when: member.entered
    do:
      - webhook:
          url: "https://hooks.example/{{ event.id }}"
      - wait: 500ms
      - speak: {to: member, text: "hooked {{ event.id }} {{ response.json.to }}"}
  - name: muted
    when: member.entered
    do:
      - mute: member
  - name: left
    when: member.exited
    do:
      - speak: {to: all, text: "left {{ member.id }} {{ event.id }}"}
  - name: digits
    when: member.digits
    do:
      - unmute: all
      - speak: {to: all, text: "digits {{ event.id }}"}
      - kick: member
""",
    """
version: 1
rules:
  - name: everybody is muted
    ensure: {muted: {where: member.id != "2"}, recording: {format: mp3}}
  - name: nobody hears
    match: {conference: "room-1"}
    ensure: {deaf: true}
  - name: entered
    when: member.entered
    do:
      - speak: {to: member, text: "Welcome."}
  - name: digits
    when: member.digits
    do:
      - unmute: member
      - speak: {to: all, text: "digits {{ event.id }}"}
  - name: recorded
    when: recording.ready
    do:
      - speak: {to: all, text: "recorded {{ event.id }}"}
  - name: missed
    when: {recording.missing: 1s}
    do:
      - log: "no recording"
""",
)
