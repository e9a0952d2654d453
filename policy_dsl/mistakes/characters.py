"""Characters that are no part of the language, and texts in quotes that do not end."""

# ruff: noqa: RUF001, RUF002 - characters that look like others are the subject

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from policy_dsl.lexer import ODD_SPACE
from policy_dsl.mistakes.place import Base, Mistake, Repair, error, quote
from policy_dsl.outline import OPAQUE
from policy_dsl.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_dsl.diagnostics import Diagnostic
    from policy_dsl.lexer import Token
    from policy_dsl.mistakes.place import Place
    from policy_dsl.source import Source

# Nowhere, not even in comments: control characters, a carriage return alone, surrogates, and the signs that turn the
# direction of writing, with which a line can be made to look like another one in a review (CVE-2021-42574).
_FORBIDDEN = r"(?:[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]|\r(?!\n))"
_FORBIDDEN_RUN = re.compile(f"{_FORBIDDEN}+")
_ODD_RUN = re.compile(rf"(?P<opaque>{OPAQUE})|(?P<odd>(?:(?!{_FORBIDDEN})[{ODD_SPACE}])+)", re.DOTALL)
_NAMES = {
    "\0": "a NUL byte", "\r": "a carriage return without a line feed", "\xa0": "a non-breaking space", "\u202f": "a non-breaking space",
    "\u200b": "an invisible space", "\xad": "a soft hyphen", "\ufeff": "a byte order mark inside the text",
}  # fmt: skip
_DOUBLE = "“”„‟«»＂"
_SINGLE = "‘’‚‛‹›＇"
_TYPOGRAPHIC = re.compile(rf"[{_DOUBLE}]([^{_DOUBLE}\"\n]*)[{_DOUBLE}\"]|[{_SINGLE}]([^{_SINGLE}'\n]*)[{_SINGLE}']")


def unreadable(source: Source, limit: int) -> Iterator[Diagnostic]:
    """The characters that may not stand where they stand; at most `limit` findings of each kind."""
    for count, run in enumerate(_FORBIDDEN_RUN.finditer(source.text)):
        if count == limit:
            break
        yield _remove(source, run.start(), run.end(), "")
    count = 0
    for run in _ODD_RUN.finditer(source.text, int(source.text.startswith("\ufeff"))):
        if run["odd"] and (count := count + 1) <= limit:
            yield _remove(source, run.start(), run.end(), " ")


def _remove(source: Source, start: int, end: int, instead: str) -> Diagnostic:
    char = source.text[start]
    kind = "half of a character" if unicodedata.category(char) == "Cs" else "a control character"
    name = _NAMES.get(char) or f"the character U+{ord(char):04X} ({unicodedata.name(char, kind).lower()})"
    more = f", {end - start} times" if len(set(source.text[start:end])) == 1 < end - start else ""
    fix = (instead, "put a plain space there" if instead else "remove it")
    return error(
        "LIM002", f"{name} stands here{more}; a rule file is plain text", Span(source.path, start, end), fix=fix
    )


def typographic_quotes(place: Place) -> Mistake | None:
    """`title “Nudity”`."""
    seen = _TYPOGRAPHIC.match(place.rest)
    if place.token.type != "UNKNOWN" or not seen:
        return None
    end = place.start + seen.end()
    text = '"' + (seen[1] or seen[2] or "").replace("\\", "\\\\").replace('"', '\\"') + '"'
    message = f"{quote(seen.group())} stands in typographic quotes; texts stand in plain ones"
    finding = error("LIM002", message, place.span(place.start, end), fix=(text, "write plain quotes"))
    return Mistake(finding, Repair((place.make("STRING", text, place.start, end),), end))


def full_width(place: Place) -> Mistake | None:
    """`＞＝`, `０．９５`, `｛`: letters and signs of East Asian width, and other look-alikes of ASCII."""
    plain = unicodedata.normalize("NFKC", place.token.text)
    if place.token.type != "UNKNOWN" or not plain.isascii() or not plain.strip() or plain == place.token.text:
        return None
    token = place.read_text(plain)
    if token is None:
        return None
    finding = error(
        "LIM002",
        f"{quote(place.token.text)} is written {quote(plain)}",
        place.token.span,
        fix=(plain, f"write {quote(plain)}"),
    )
    return Mistake(finding, Repair((token,), place.token.span.end), needs=0)


def unknown(place: Place) -> Mistake | None:
    """Any other character: it is left out."""
    if place.token.type != "UNKNOWN":
        return None
    if place.token.text[0].isalpha():
        help_ = "names consist of the letters a to z, digits and `_`; any text may stand in quotes"
        finding = error("LIM019", f"{quote(place.token.text)} is no name", place.token.span, help_)
        word = next((kind for kind in ("WORD", "NAME") if kind in place.expected), None)
        end = place.token.span.end
        return Mistake(finding, Repair((place.make(word, place.token.text, place.start, end),), end) if word else None)
    finding = error("LIM002", f"{quote(place.token.text)} is no sign of this language", place.token.span)
    return Mistake(finding, Repair((), place.token.span.end))


def unclosed(place: Place) -> Mistake | None:
    """`title "Nudity`: the text ends where the most of what follows makes sense."""
    token = place.token
    opening = re.match(r"[rRbB]*(\"\"\"|\'\'\'|.)", token.text)
    if token.type != "UNCLOSED" or opening is None:
        return None
    mark = opening[1]
    where, help_ = ("on its line" if len(mark) == 1 else "in this file"), f"close it with {mark}"
    message = f"the text that begins with {mark} does not end {where}"
    if len(mark) > 1:
        span = place.span(place.start, place.start + len(place.rest.rstrip()))
        return Mistake(
            error("LIM002", message, span, help_), _closed(place, token, opening.end(), span.end - span.start), needs=0
        )
    best = max((_closed(place, token, opening.end(), end) for end in _possible_ends(token.text)), key=place.survives)
    fix = (token.text + mark, help_) if best.resume == token.span.end else None
    return Mistake(error("LIM002", message, token.span, None if fix else help_, fix=fix), best, needs=0)


def closed_by_next(place: Place) -> Mistake | None:
    """`a == "news || b == "art"`: the quote that opens the second text closed the first."""
    first = place.previous
    if (
        not first
        or first.type != "STRING"
        or first.span.end != place.start
        or place.token.type not in ("WORD", "NAME", "UNCLOSED")
    ):
        return None
    ends = [end for end in _possible_ends(first.text[:-1]) if end < len(first.text) - 1]
    if not ends:
        return None
    best = max((replace(_closed(place, first, 1, end), base=Base.PREVIOUS) for end in ends), key=place.survives)
    message = f"the text that begins with {first.text[0]} does not end where it should"
    return Mistake(error("LIM002", message, first.span, f"close it with {first.text[0]}"), best, needs=0)


def _possible_ends(text: str) -> list[int]:
    """Where a text without its second quote may end: before a sign that could go on after it, or with its line."""
    signs = re.finditer(r"\s*(?:[,)\]{}]|&&|\|\|)", text[:200])
    trailing = re.search(r"\s*[{})\]][\s{})\]]*$", text[-200:])
    last = [len(text) - len(trailing.group())] if trailing else []
    inside = [end for end in [*(sign.start() for sign in signs), *last] if end > 0]
    return [*inside[:10], len(text)]


def _closed(place: Place, token: Token, opening: int, end: int) -> Repair:
    start, mark = token.span.start, token.text[opening - 1]
    body = token.text[opening:end].replace(mark, "")
    return Repair((place.make("STRING", f"r{mark}{body}{mark}", start, start + end),), start + end)
