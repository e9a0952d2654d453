"""Words where a keyword, a name or a text belongs: misspelled, glued, in capitals, another language's."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from policy_dsl.lexer import Token
from policy_dsl.mistakes.place import Base, Mistake, Repair, error, quote
from policy_dsl.phrases import wanted

if TYPE_CHECKING:
    from policy_dsl.mistakes.place import Place

# What authors bring from other languages, and the keyword of this one; the first that fits at the place.
_SYNONYMS = {
    "if": ("when",), "where": ("when",), "condition": ("when",), "do": ("then",), "action": ("then",), "actions": ("then",),
    "ladder": ("thresholds",), "threshold": ("thresholds",), "limits": ("thresholds",), "country": ("region", "regions"),
    "countries": ("regions", "region"), "name": ("title",), "description": ("title", "reason"), "team": ("owner",), "level": ("severity",),
    "until": ("until",), "to": ("until",), "since": ("from",), "because": ("reason",), "why": ("reason",), "else": (), "def": ("let",),
    "var": ("let",), "variable": ("let",), "except": ("exception",), "unless": (), "expected": ("expect",), "input": ("given",),
    "with": ("given",), "disabled": ("off",), "never": ("off",), "none": ("off",),
}  # fmt: skip
# The keywords that fit at a place are few and far apart, so a slip in three letters is told: `thn`, `whn`, `of`.
_CLOSE = 0.75
_LONGEST = 20
_NAMING = frozenset({"POLICY", "RULE", "EXCEPTION", "ADJUST", "CONSEQUENCE", "EXPERIMENT", "VARIANT", "SCORE", "LET"})
_ENDINGS = frozenset({"s", "d", "ed", "er", "es", "ing", "y"})
_SPACED = re.compile(r"[\w-]+(?:[ \t]+[\w-]+)+(?=\s*[{=])")
_LITERALS = {"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null"}


def capitals(place: Place) -> Mistake | None:
    """`Severity P1`, `WHEN a THEN b`."""
    keyword = place.token.text.lower()
    if not _is_word(place) or place.token.text == keyword or not place.expects(keyword):
        return None
    return _keyword(place, keyword, f"keywords are written small: `{keyword}`, not `{place.token.text}`")


def synonym(place: Place) -> Mistake | None:
    """`if a then b`."""
    word = place.token.text.lower()
    meant = next((keyword for keyword in _SYNONYMS.get(word, ()) if place.expects(keyword)), None)
    if not _is_word(place) or meant is None:
        return None
    return _keyword(place, meant, f"the keyword is `{meant}`, not `{place.token.text}`")


def misspelled(place: Place) -> Mistake | None:
    """`excepton medical`, `threshold on risk`."""
    word = place.token.text.lower()
    near = get_close_matches(word, _keywords(place), 1, _CLOSE) if _is_word(place) and len(word) <= _LONGEST else []
    if not near:
        return None
    meant = near[0]
    return _keyword(place, meant, f"unknown keyword `{place.token.text}`: did you mean `{meant}`?", guess=True)


def glued(place: Place) -> Mistake | None:
    """`thenremove`, `thresholdson risk`, `severityP1`."""
    word = place.token.text
    meant = max((k for k in _keywords(place) if word.lower().startswith(k)), key=len, default="")
    rest = word[len(meant) :]
    if not _is_word(place) or not meant or not rest or rest in _ENDINGS:
        return None
    end = place.start + len(meant)
    fix = (f"{meant} ", "put a space between them")
    finding = error(
        "LIM014", f"a space is missing between `{meant}` and {quote(rest)}", place.span(place.start, end), fix=fix
    )
    return Mistake(finding, Repair((place.keyword(meant, end=end),), end), guess=True)


def name_with_spaces(place: Place) -> Mistake | None:
    """`policy hate speech {`."""
    match place.statement:
        case [Token(type=keyword), Token(type="WORD") as first] if keyword in _NAMING:
            seen = _SPACED.match(place.source.text, first.span.start)
        case _:
            return None
    if not seen:
        return None
    name = re.sub(r"[\s-]+", "_", seen.group())
    token = place.make("WORD", name, first.span.start, seen.end())
    finding = error(
        "LIM019",
        f"a name is one word: `{name}`, not {quote(seen.group())}",
        token.span,
        fix=(name, "join the words with `_`"),
    )
    return Mistake(finding, Repair((token,), seen.end(), Base.PREVIOUS))


def keyword_as_value(place: Place) -> Mistake | None:
    """`severity` and nothing behind it: the keyword of the next line was read as its value; asked before that is taken."""
    before = place.previous
    if (
        not place.token.starts_line
        or not before
        or place.grammar.fixed.get(before.text) != before.type
        or not before.text.isalpha()
    ):
        return None
    here = place.read(place.outer(0), place.start)
    if here.type == "WORD" or here.type not in place.grammar.expected(place.outer(0)):
        return None
    return Mistake(error("LIM012", f"nothing follows `{before.text}`: expected {wanted(place)}", before.span))


def name_with_digit_first(place: Place) -> Mistake | None:
    """`policy 18plus {`."""
    seen = re.match(r"\d[\w-]*(?=\s*[{=])", place.rest)
    if not seen or not place.expects("WORD") or not place.previous or place.previous.type not in _NAMING:
        return None
    end = place.start + seen.end()
    span = place.span(place.start, end)
    finding = error(
        "LIM019",
        f"{quote(seen.group())} is no name",
        span,
        f"a name begins with a letter: `{place.previous.text[0]}{seen.group()}`",
    )
    return Mistake(finding, Repair((place.make("WORD", seen.group(), span.start, end),), end))


def literal(place: Place) -> Mistake | None:
    """`True`, `None`: read as a name, so this is asked before the token is taken."""
    token = place.token
    meant = _LITERALS.get(token.text.lower())
    if meant is None or token.text == meant or (token.text == "none" and token.type != "UNKNOWN"):
        return None
    is_value = token.type == "WORD" and {"STRING", "INT"} <= place.expected
    if not is_value and token.type != "NAME":
        return None
    kind = meant if token.type == "NAME" else "WORD"
    finding = error("LIM011", f"`{token.text}` is written `{meant}`", token.span, fix=(meant, f"write `{meant}`"))
    return Mistake(
        finding, Repair((place.make(kind, meant, token.span.start, token.span.end),), token.span.end), needs=0
    )


def _is_word(place: Place) -> bool:
    return place.token.type in ("WORD", "NAME")


def _keywords(place: Place) -> list[str]:
    spelled = (place.grammar.spelling.get(terminal, "") for terminal in place.expected)
    return [word for word in spelled if word.isalpha() and word not in ("true", "false", "null")]


def _keyword(place: Place, meant: str, message: str, *, guess: bool = False) -> Mistake:
    finding = error("LIM011", message, place.token.span, fix=(meant, f"write `{meant}`"))
    return Mistake(finding, Repair((place.keyword(meant),), place.token.span.end), guess=guess)
