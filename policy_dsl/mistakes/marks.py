"""Punctuation that is too much, missing or another language's: comments, quotes, brackets, commas, semicolons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_dsl.diagnostics import Label
from policy_dsl.lexer import Token
from policy_dsl.mistakes.place import Base, Mistake, Repair, error, quote

if TYPE_CHECKING:
    from policy_dsl.mistakes.place import Place

_WORD = r"[A-Za-z_][\w-]*"
_QUOTED_WORDS = re.compile(rf"([\"']){_WORD}\1(?:[ \t]*,[ \t]*([\"']){_WORD}\2)*")
_BRACKETED = re.compile(r"[\[(]([^\[\](){}#\n]*)[\])]")
_UNBRACKETED = re.compile(rf"(?:[\"']?{_WORD}[\"']?)(?:[ \t]*,[ \t]*[\"']?{_WORD}[\"']?)*(?=[ \t]*\{{)")
_BARE_TEXT = re.compile(r"[^\"'{}#\n][^{}#\n]*")
# A keyword and its value stand side by side; these signs between them come from YAML, JSON and TOML.
_BETWEEN = frozenset({"COLON", "EQUAL"})
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


def comment(place: Place) -> Mistake | None:
    """`// …` and `/* … */`."""
    slash = (
        place.previous
        if place.previous and place.previous.text == "/" and place.previous.span.end == place.start
        else None
    )
    start = slash.span.start if slash else place.start
    opening = place.source.text[start : start + 2]
    if opening not in ("//", "/*"):
        return None
    end = _comment_end(place.source.text, start, opening)
    span = place.span(start, start + 2 if opening == "//" else end)
    message = f"comments begin with `#`, not `{opening}`"
    fix = ("#", "write `#`") if opening == "//" else None
    finding = error("LIM016", message, span, None if fix else "put `#` before each line of the comment", fix=fix)
    return Mistake(finding, Repair((), end, Base.PREVIOUS if slash else Base.HERE), needs=0)


def _comment_end(text: str, start: int, opening: str) -> int:
    end = text.find("\n" if opening == "//" else "*/", start + 2)
    return len(text) if end < 0 else end + (2 if opening == "/*" else 0)


def sign_after_keyword(place: Place) -> Mistake | None:
    """`severity: P1`, `title = "…"`."""
    before = place.previous
    if place.token.type not in _BETWEEN or not before or not before.text.isalpha():
        return None
    if place.grammar.fixed.get(before.text) != before.type:
        return None
    finding = error(
        "LIM013",
        f"no `{place.token.text}` stands between `{before.text}` and what follows",
        place.token.span,
        fix=("", f"remove the `{place.token.text}`"),
    )
    return Mistake(finding, Repair((), place.token.span.end))


def semicolon(place: Place) -> Mistake | None:
    """`severity P1;`."""
    if place.token.text != ";":
        return None
    finding = error(
        "LIM013",
        "no `;` ends a statement; each stands on a line of its own",
        place.token.span,
        fix=("", "remove the `;`"),
    )
    return Mistake(finding, Repair((), place.token.span.end), needs=0)


def comma(place: Place) -> Mistake | None:
    """`severity P1,` and `regions DE, AT,`: a comma that joins nothing."""
    stray = place.token if place.token.type == "COMMA" else place.previous
    if stray is None or stray.type != "COMMA":
        return None
    finding = error("LIM013", "this `,` joins nothing", stray.span, fix=("", "remove the `,`"))
    base = Base.HERE if stray is place.token else Base.PREVIOUS
    return Mistake(finding, Repair((), stray.span.end, base), needs=1, guess=True)


def comma_before_statement(place: Place) -> Mistake | None:
    """`regions DE, AT,` and a keyword on the next line, which would be read as a name: asked before the comma is taken."""
    after = place.read(place.stack, place.token.span.end)
    if place.token.type != "COMMA" or not after.starts_line or place.grammar.fixed.get(after.text) != after.type:
        return None
    return None if place.wants_operator or not place.expects(after.type) else comma(place)


def quoted_name(place: Place) -> Mistake | None:
    """`policy "hate"`, `region "DE"`, `for content.surface in ["live", "ad"]`."""
    if place.token.type != "STRING" or "WORD" not in place.expected:
        return None
    seen = _QUOTED_WORDS.match(place.rest)
    if not seen or place.token.span.end > place.start + seen.end():
        return _quoted_words(place)
    words = [(match[0], match.start()) for match in re.finditer(_WORD, seen.group())]
    span = place.span(place.start, place.start + seen.end())
    meant = ", ".join(word for word, _ in words)
    finding = error("LIM017", f"names stand without quotes: `{meant}`", span, fix=(meant, "remove the quotes"))
    return Mistake(finding, Repair(_listed(place, words, place.start), span.end))


def _quoted_words(place: Place) -> Mistake | None:
    """`policy "hate speech"`."""
    name = re.sub(r"\W+", "_", place.token.text).strip("_")
    span = place.token.span
    if not re.match("[A-Za-z]", name):
        return None
    finding = error(
        "LIM019",
        f"a name is one word without quotes: `{name}`",
        span,
        "a text of any kind may stand in `title`",
        fix=(name, "make it one word"),
    )
    return Mistake(finding, Repair((place.make("WORD", name, span.start, span.end),), span.end))


def brackets(place: Place) -> Mistake | None:
    """`region [DE, AT]`, `on [remove]`."""
    seen = _BRACKETED.match(place.rest)
    if not seen or "WORD" not in place.expected or "LSQB" in place.expected or place.wants_operand:
        return None
    words = [(match[0].strip("\"'"), match.start()) for match in re.finditer(rf"[\"']?{_WORD}[\"']?", seen[1])]
    span = place.span(place.start, place.start + seen.end())
    meant = ", ".join(word for word, _ in words)
    if not words or not place.expects("WORD"):
        return None
    finding = error(
        "LIM017", f"a list of names stands without brackets: `{meant}`", span, fix=(meant, "remove the brackets")
    )
    return Mistake(finding, Repair(_listed(place, words, place.start + 1), span.end))


def _listed(place: Place, words: list[tuple[str, int]], offset: int) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for word, at in words:
        start, end = offset + at, offset + at + len(word)
        tokens += [place.make("COMMA", ",", start, start)] if tokens else []
        tokens.append(place.make("WORD", word, start, end))
    return tuple(tokens)


def no_brackets(place: Place) -> Mistake | None:
    """`for content.surface in live {`."""
    seen = _UNBRACKETED.match(place.rest)
    if not seen or not place.expects("[") or place.wants_operand:
        return None
    words = [(match[0].strip("\"'"), match.start()) for match in re.finditer(rf"[\"']?{_WORD}[\"']?", seen.group())]
    end = place.start + seen.end()
    meant = f"[{', '.join(word for word, _ in words)}]"
    finding = error(
        "LIM017",
        f"the values of a `for` stand in brackets: `{meant}`",
        place.span(place.start, end),
        fix=(meant, "add brackets"),
    )
    tokens = (place.keyword("[", end=place.start), *_listed(place, words, place.start), place.keyword("]", end, end))
    return Mistake(finding, Repair(tokens, end))


def bare_text(place: Place) -> Mistake | None:
    """`title Adult nudity`, `test nudity a bare image {`."""
    seen = _BARE_TEXT.match(place.rest)
    if place.expected - {"WORD"} != {"STRING"} or not seen or place.token.starts_line:
        return None
    text = seen.group().rstrip()
    span = place.span(place.start, place.start + len(text))
    meant = '"' + text.strip("\"'").replace("\\", "\\\\").replace('"', "'") + '"'
    finding = error("LIM017", f"a text stands in quotes: {quote(meant)}", span, fix=(meant, "add quotes"))
    return Mistake(finding, Repair((place.make("STRING", meant, span.start, span.end),), span.end), needs=0)


def bracket_not_closed(place: Place) -> Mistake | None:
    """`when max(a, b >= 0.5` and `then`."""
    closer = _CLOSERS[place.opener.text] if place.opener else None
    if place.opener is None or closer is None or not place.expects(closer):
        return None
    finding = error(
        "LIM004",
        f"`{place.opener.text}` is not closed before {quote(place.token.text or 'the end')}",
        place.token.span,
        f"close it with `{closer}`",
        labels=(Label(place.opener.span, "opened here"),),
    )
    return Mistake(
        finding, Repair((place.keyword(closer, place.start, place.start),), place.start), needs=2, guess=True
    )
