"""Braces that are missing or too many, told from the statements around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_dsl.diagnostics import Label
from policy_dsl.lexer import END
from policy_dsl.mistakes.place import Base, Mistake, Repair, error, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_dsl.diagnostics import Diagnostic
    from policy_dsl.lexer import Token
    from policy_dsl.mistakes.place import Place
    from policy_dsl.source import Source, Span


def file_ends(place: Place) -> Mistake | None:
    """The text ends inside a block; the parser closes what is open."""
    frame = place.frames[0]
    if place.token.type != END or frame.brace is None or frame.head is None:
        return None
    return Mistake(not_closed(place.source, frame.head, frame.brace, place.token.span))


def statement_of_outer_block(place: Place) -> Mistake | None:
    """A statement that only an enclosing block can hold: the block before it was not closed.

    In a ladder the keyword was read as a name, and it is the next token that does not fit.
    """
    frame = place.frames[0]
    misread = frame.is_list and place.head and place.head.starts_line and place.head.type == "WORD"
    head = place.head if misread else None
    first = head or place.token
    if not first.starts_line or frame.head is None or frame.brace is None:
        return None
    count = next((n for n in range(1, len(place.frames)) if _begins(place, place.outer(n), first)), None)
    if count is None:
        return None
    at = first.span.start
    repair = Repair((place.keyword("}", at, at),) * count, at, Base.STATEMENT if head else Base.HERE)
    return Mistake(not_closed(place.source, frame.head, frame.brace, first.span), repair, needs=2, guess=True)


def _begins(place: Place, block: Sequence[int], first: Token) -> bool:
    """Whether a block could go on with the statement that begins with this token."""
    token = place.read(block, first.span.start)
    return token.text.isalpha() and token.type != "WORD" and place.grammar.fits(block, token.type)


def extra_brace(place: Place) -> Mistake | None:
    """A `}` where no block is open, or where its statement is not finished."""
    if place.token.text != "}" or place.frames[0].brace is not None:
        return None
    return Mistake(too_many(place.token.span), Repair((), place.token.span.end), needs=0)


def extra_bracket(place: Place) -> Mistake | None:
    """A `)` or `]` that was not opened."""
    opener = {")": "(", "]": "["}.get(place.token.text)
    if opener is None or (place.opener and place.opener.text == opener):
        return None
    finding = error("LIM013", f"this `{place.token.text}` closes nothing", place.token.span, fix=("", "remove it"))
    return Mistake(finding, Repair((), place.token.span.end), needs=0)


def too_many(brace: Span) -> Diagnostic:
    """For a `}` that closes nothing."""
    return error("LIM013", "this `}` closes nothing", brace, "remove it, or look for a `}` too early above")


def not_closed(source: Source, head: Token, brace: Token, before: Span) -> Diagnostic:
    """For the block of the statement that begins with `head`; `before` is what stands where its `}` is missed."""
    block = quote(source.text[head.span.start : brace.span.start])
    what = quote(source.text[before.start : before.end]) if before.end > before.start else "the end of the file"
    message = f"the block {block} is not closed before {what}"
    return error("LIM004", message, before, "close it with `}`", labels=(Label(brace.span, "opened here"),))
