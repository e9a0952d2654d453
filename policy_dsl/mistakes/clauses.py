"""Rules, exceptions and tests whose parts are missing or stand in another order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_dsl.lexer import END, Token
from policy_dsl.mistakes.place import Base, Mistake, Repair, error

if TYPE_CHECKING:
    from policy_dsl.mistakes.place import Place

_THEN = {
    "RULE": "what to do: `then remove`",
    "CONSEQUENCE": "what to do: `then strike`",
    "EXCEPTION": "what it grants: `then waive`, or `then at most label`",
    "ADJUST": "how far the thresholds move: `then raise thresholds by 0.05`",
}
_NAMES = {"RULE": "a rule", "CONSEQUENCE": "a consequence", "EXCEPTION": "an exception", "ADJUST": "an adjustment"}
_OTHERWISE = frozenset({"else", "otherwise", "elif", "elsif", "elseif"})
_REGION = re.compile(r"[A-Z]{2,}(?:-[A-Z0-9]+)?")
_METAS = frozenset({"regions", "policies", "from", "until", "reason"})


def then_before_when(place: Place) -> Mistake | None:
    """`rule x { then remove when a }`."""
    if place.block not in _NAMES or place.token.text != "then" or not place.expects("when"):
        return None
    what = _NAMES[place.block]
    if re.match(r"[^{}]*\bwhen\b", place.source.text[place.start :]):
        message, help_ = "`when` comes before `then`", "first the condition, then what follows from it"
    else:
        message, help_ = f"{what} needs a condition before `then`", "write `when true` for one that always holds"
    return Mistake(error("LIM018", message, place.token.span, help_))


def no_then(place: Place) -> Mistake | None:
    """`exception x { when a }`, `exception x { when a then }`."""
    if place.block not in _NAMES or not (place.token.text in _METAS | {"}"} or place.token.type == END):
        return None
    before = place.previous.type if place.previous else ""
    if before != "THEN" and not (place.wants_operator and place.expects("then")):
        return None
    what = _NAMES[place.block]
    message = f"{what} does not say {_THEN[place.block].split(':')[0]}"
    return Mistake(error("LIM018", message, place.token.span, f"{what} says {_THEN[place.block]}"))


def wrong_grant(place: Place) -> Mistake | None:
    """`exception x { when a then allow }`, `adjust x { when a then remove }`."""
    if place.block not in ("EXCEPTION", "ADJUST") or not place.previous or place.previous.type != "THEN":
        return None
    if place.token.type not in ("WORD", "STRING") and place.token.text not in ("waive", "at", "raise", "lower"):
        return None
    what = _NAMES[place.block]
    message = f"`{place.token.text}` is nothing that {what} can say after `then`"
    return Mistake(error("LIM018", message, place.token.span, f"{what} says {_THEN[place.block]}"))


def grant_in_rule(place: Place) -> Mistake | None:
    """`rule x { when a then at most label }`, `rule x { when a then raise thresholds by 0.05 }`."""
    before = place.previous
    pair = (before.text, place.token.text) if before else ("", "")
    kind = {("at", "most"): "EXCEPTION", ("raise", "thresholds"): "ADJUST", ("lower", "thresholds"): "ADJUST"}.get(pair)
    if before is None or place.block not in ("RULE", "CONSEQUENCE") or kind is None:
        return None
    span = before.span.to(place.token.span)
    return Mistake(
        error("LIM018", f"`{' '.join(pair)}` belongs in {_NAMES[kind]}", span, f"{_NAMES[kind]} says {_THEN[kind]}")
    )


def otherwise(place: Place) -> Mistake | None:
    """`then remove else review`: the rest of the rule is left out."""
    if place.block not in _NAMES or place.token.text.lower() not in _OTHERWISE:
        return None
    message = f"there is no `{place.token.text}`: a rule says what follows where its condition holds"
    help_ = "write a second rule with the opposite condition: `when !(a)`"
    brace = re.match(r"[^{}#\"']*(?=\})", place.source.text[place.start :])
    end = place.start + brace.end() if brace else place.start
    return Mistake(error("LIM018", message, place.token.span, help_), Repair((), end) if brace else None)


def second_part(place: Place) -> Mistake | None:
    """`rule x { when a when b then c }`."""
    word = place.token.text
    if place.block not in _NAMES or word not in ("when", "then") or place.expects(word):
        return None
    if not any(isinstance(part, Token) and part.text == word for part in place.statement):
        return None
    help_ = {"when": "join conditions with `&&` or `||`", "then": "join what follows with `and`"}[word]
    return Mistake(error("LIM018", f"{_NAMES[place.block]} has one `{word}`", place.token.span, help_))


def expect_without_in(place: Place) -> Mistake | None:
    """`expect DE remove`: the region was read as an outcome."""
    region = place.previous
    if (
        not region
        or not place.said("EXPECT", "WORD")
        or not _REGION.fullmatch(region.text)
        or place.token.type != "WORD"
    ):
        return None
    span = region.span
    finding = error("LIM012", f"`in` is missing before `{region.text}`", span, fix=(f"in {region.text}", "insert `in`"))
    return Mistake(finding, Repair((place.keyword("in", span.start, span.start), region), span.end, Base.PREVIOUS))


def expect_in_last(place: Place) -> Mistake | None:
    """`expect remove in DE`."""
    seen = re.match(r"in[ \t]+([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)", place.rest)
    if not seen or place.block != "TEST" or place.expects("in") or not place.expects("because"):
        return None
    help_ = f"`expect in {seen[1]} …`"
    finding = error(
        "LIM018",
        f"`in {seen[1]}` belongs right behind `expect`",
        place.span(place.start, place.start + seen.end()),
        help_,
    )
    return Mistake(finding, Repair((), place.start + seen.end()), needs=0)
