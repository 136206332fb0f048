"""What a rule must pass before it runs: its conditions, `once` and `cooldown`."""

from workers.rules.engine.occurrence import Fact
from workers.rules.engine.state import Draft, short_hash
from workers.rules.engine.steps import seconds
from workers.rules.vocabulary.model import Fields, Rule, Unknown


def refusal(draft: Draft, rule: Rule, fact: Fact, fields: Fields) -> tuple[str, str]:
    """Outcome and reason when the rule does not apply, else two empty texts."""
    try:
        for condition in (rule.match, rule.condition):
            refused = condition.refuses(fields) if condition is not None else None
            if refused is not None:
                return "skipped", refused
    except Unknown as unknown:
        return "unknown", str(unknown)
    if rule.once is not None:
        key = _once_key(draft, rule, fact, fields)
        if key is None:
            return "unknown", "once: member, but this event has no member"
        if key in draft.once:
            return "skipped", f"once per {rule.once}: it has run already"
    if rule.cooldown is not None:
        last = draft.cooldowns.get(rule.id)
        if last is not None and fact.at - last < rule.cooldown:
            ago = seconds(round(max(0.0, fact.at - last), 1))
            return "skipped", f"cooldown {seconds(rule.cooldown)}: it ran {ago} ago"
    return "", ""


def remember(draft: Draft, rule: Rule, fact: Fact, fields: Fields) -> None:
    """The rule runs: for `once` and `cooldown`."""
    if rule.once is not None:
        key = _once_key(draft, rule, fact, fields)
        if key is not None:
            draft.mark_once(key, number_of(draft, fact))
    if rule.cooldown is not None:
        draft.cooldowns[rule.id] = fact.at


def number_of(draft: Draft, fact: Fact) -> int:
    """Which instance a fact is about."""
    return fact.over.number if fact.over else draft.number


def _once_key(draft: Draft, rule: Rule, fact: Fact, fields: Fields) -> str | None:
    """Under what `once` remembers this run: a member is known by the call, so that one who comes
    back under a new id is the same."""
    key = f"{number_of(draft, fact)}.{rule.id}"
    if rule.once != "member":
        return key
    member = fields.get("member")
    return member and f"{key}.{short_hash(member.get('call_uuid') or member['id'], 4)}"
