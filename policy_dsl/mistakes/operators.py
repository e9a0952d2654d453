"""Signs between two values: another language's, or the wrong way round."""

# ruff: noqa: RUF001 - signs that look like others are the subject

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_dsl.mistakes.place import Base, Mistake, Repair, error

if TYPE_CHECKING:
    from policy_dsl.mistakes.place import Place

_RUNG = re.compile(r"=>|>\s+=|>|=<|<=|<|==?|:=?|->|[≥⩾≧≤⩽≦]|is\b|(?:at )?least\b|over\b|above\b|from\b")
_DOWNWARD = frozenset({"=<", "<=", "<", "≤", "⩽", "≦"})
_ASSIGN = re.compile(r":=|==?|:|is\b")
# What authors write between the two sides of a comparison, or of `&&`, and how CEL spells it.
_MEANT = {
    "===": "==", "=>": ">=", "=<": "<=", "=": "==", "≥": ">=", "⩾": ">=", "≧": ">=", "≤": "<=", "⩽": "<=", "≦": "<=",
    "≠": "!=", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "∧": "&&", "∨": "||", "&": "&&", "|": "||",
    "is not": "!=", "is": "==", "equals": "==", "and": "&&", "or": "||",
}  # fmt: skip
_CONDITION = re.compile(r"===|=[><]|=|[≥⩾≧≤⩽≦≠×·÷−–∧∨&|]|(?:is[ \t]+not|is|equals|and|or)\b", re.IGNORECASE)
_NOT = re.compile(r"(not)(?:[ \t]+(?=[\w\"'!(])|(?=\())(?!in\b)", re.IGNORECASE)
_BEFORE_OPERAND = {"−": "-", "–": "-", "¬": "!"}
_BINARY = frozenset({"&&", "||", "==", "!=", ">=", "<=", "<", ">", "+", "-", "*", "/", "%", "in"})
_SPLIT = {"===": "==", "!==": "!=", "<>": "!=", ">=": ">=", "<=": "<=", "!=": "!=", "&&&": "&&", "|||": "||"}


def rung(place: Place) -> Mistake | None:
    """`remove > 0.95`, `remove => 0.95`, `remove: 0.95`, `remove <= 0.95`."""
    seen = _RUNG.match(place.rest)
    if not seen or not place.expects(">=") or place.wants_operator:
        return None
    end = place.start + seen.end()
    repair = Repair((place.keyword(">=", end=end),), end)
    if seen.group() in _DOWNWARD:
        message = f"a rung cannot act below its threshold: expected `>=`, found `{seen.group()}`"
        finding = error(
            "LIM010", message, place.span(place.start, end), "a rung acts where the score reaches its threshold: `>=`"
        )
        return Mistake(finding, repair)
    return _instead(place, seen.group(), ">=", repair, "`{}` is written `{}` in a rung, as in `remove >= 0.95`")


def assignment(place: Place) -> Mistake | None:
    """`score risk: a`, `given { image.nudity == 0.9 }`, `review(queue = "x")`, `for content.surface = [live]`."""
    seen = _ASSIGN.match(place.rest)
    wanted = next((sign for sign in ("=", ":", "in") if place.expects(sign)), None)
    if not seen or wanted is None or place.wants_operator or place.expects(">="):
        return None
    end = place.start + seen.end()
    repair = Repair((place.keyword(wanted, end=end),), end)
    return _instead(place, seen.group(), wanted, repair, "found `{}`, expected `{}`")


def condition(place: Place) -> Mistake | None:
    """`a and b`, `a = b`, `a => b`, `a ≥ b`, `a & b`, `a is b`."""
    seen = _CONDITION.match(place.rest)
    if not seen or not place.wants_operator:
        return None
    text = seen.group()
    meant = _MEANT[" ".join(text.lower().split())]
    end = place.start + seen.end()
    return _instead(place, text, meant, Repair((place.keyword(meant, end=end),), end))


def not_in(place: Place) -> Mistake | None:
    """`a not in b`."""
    seen = re.match(r"not\s+in\b", place.rest, re.IGNORECASE)
    if not seen or not place.wants_operator:
        return None
    end = place.start + seen.end()
    help_ = "write `!` before the whole test: `!(a in b)`"
    finding = error("LIM010", "there is no `not in` in conditions", place.span(place.start, end), help_)
    return Mistake(finding, Repair((place.keyword("in", end=end),), end))


def two_signs(place: Place) -> Mistake | None:
    """`a === b`, `a <> b`, `a > = b`: the first sign was taken, the second does not fit."""
    first = place.previous
    if (
        not first
        or not place.token.text
        or not place.wants_operand
        or (meant := _SPLIT.get(first.text + place.token.text)) is None
    ):
        return None
    start, end = first.span.start, place.token.span.end
    repair = Repair((place.keyword(meant, start),), end, Base.PREVIOUS)
    seen = first.text + " " * (first.span.end < place.start) + place.token.text
    return _instead(place, seen, meant, repair)


def outcomes(place: Place) -> Mistake | None:
    """`then remove && review`, `remove, review >= 0.9` in a ladder: outcomes are joined by `and`."""
    seen = re.match(r"&&?|\+|,|and\b", place.rest, re.IGNORECASE)
    if not seen or not place.expects("and") or place.wants_operator:
        return None
    end = place.start + seen.end()
    joined = Repair((place.keyword("and", end=end),), end)
    fix = (" and" if place.source.text[place.start - 1 : place.start].isalnum() else "and", "write `and`")
    finding = error(
        "LIM010", f"outcomes are joined by `and`, not `{seen.group()}`", place.span(place.start, end), fix=fix
    )
    return Mistake(finding, joined)


def comma_and(place: Place) -> Mistake | None:
    """`then remove, and review`: read as a name, so this is asked before the token is taken."""
    if place.token.text != "and" or not place.previous or place.previous.type != "COMMA":
        return None
    finding = error(
        "LIM013", "outcomes are joined by `,` or by `and`, not by both", place.token.span, fix=("", "remove the `and`")
    )
    return Mistake(finding, Repair((), place.token.span.end))


def no_operand(place: Place) -> Mistake | None:
    """`a &&` and `then` on the next line: read as a name, so this is asked before the token is taken."""
    sign = place.previous
    if place.token.text != "then" or not sign or sign.text not in _BINARY:
        return None
    return Mistake(
        error("LIM012", f"nothing follows `{sign.text}`", sign.span),
        Repair((), place.start, Base.PREVIOUS),
        needs=0,
    )


def sign_before_operand(place: Place) -> Mistake | None:
    """A typographic minus, or `¬`."""
    meant = _BEFORE_OPERAND.get(place.token.text)
    if meant is None or not place.expects(meant):
        return None
    end = place.token.span.end
    return _instead(place, place.token.text, meant, Repair((place.keyword(meant),), end))


def not_(place: Place) -> Mistake | None:
    """`not a`: read as a name, so this is asked before the token is taken."""
    seen = _NOT.match(place.rest)
    if place.token.type != "NAME" or not seen:
        return None
    end = place.start + seen.end()
    return _instead(place, seen.group(1), "!", Repair((place.keyword("!", end=end),), end))


def _instead(
    place: Place, seen: str, meant: str, repair: Repair, message: str = "`{}` is written `{}` in conditions"
) -> Mistake:
    """`seen` stands where `meant` belongs."""
    start = repair.tokens[0].span.start
    fix = (meant, f"write `{meant}`")
    return Mistake(error("LIM010", message.format(seen, meant), place.span(start, repair.resume), fix=fix), repair)
