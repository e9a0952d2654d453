"""A token that does not fit -> a finding that says what was seen, what was expected, and what to write; and how to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policy_dsl.lexer import END
from policy_dsl.mistakes import blocks, characters, clauses, literals, marks, operators, words
from policy_dsl.mistakes.place import Mistake, Place, Repair, error, quote
from policy_dsl.phrases import HINTS, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policy_dsl.diagnostics import Diagnostic
    from policy_dsl.lexer import Token

    Recogniser = Callable[[Place], Mistake | None]

# Asked of a token that fits, before it is taken: what it would be read as is not what was meant.
SUSPICIONS: dict[str, tuple[Recogniser, ...]] = {
    "NAME": (operators.not_, operators.no_operand, words.literal),
    "WORD": (words.literal, operators.comma_and, words.keyword_as_value),
    "INT": (literals.percent, literals.decimal_comma, literals.size),
    "FLOAT": (literals.percent, literals.size),
    "UINT": (literals.size,),
    "STRING": (literals.value,),
    "BYTES": (literals.value,),
    "DATE": (literals.value,),
    "COMMA": (marks.comma_before_statement,),
}
# Asked of a token that does not fit, the most telling first.
RECOGNISERS: tuple[Recogniser, ...] = (
    blocks.file_ends,
    marks.comment,
    operators.two_signs,
    operators.rung,
    operators.condition,
    operators.not_in,
    operators.outcomes,
    operators.sign_before_operand,
    literals.date_form,
    marks.sign_after_keyword,
    operators.assignment,
    marks.semicolon,
    characters.typographic_quotes,
    characters.full_width,
    marks.bare_text,
    characters.closed_by_next,
    characters.unclosed,
    characters.unknown,
    blocks.extra_brace,
    blocks.extra_bracket,
    clauses.then_before_when,
    clauses.no_then,
    clauses.grant_in_rule,
    clauses.otherwise,
    clauses.second_part,
    clauses.expect_in_last,
    clauses.expect_without_in,
    words.capitals,
    words.synonym,
    words.name_with_digit_first,
    marks.quoted_name,
    marks.brackets,
    marks.no_brackets,
    words.glued,
    words.misspelled,
    words.name_with_spaces,
    blocks.statement_of_outer_block,
    clauses.wrong_grant,
    marks.comma,
)
# Signs and keywords that can be missing without anything else being wrong.
_INSERTED = (
    *("on", "then", "in", "by", "most", "thresholds", "when", "expect"),
    *("{", "=", ">=", "[", "]", ":", ",", "and", "%"),
)
_AFTER_CONDITION = ("then", ",")


def suspect(place: Place) -> Mistake | None:
    """A token that fits, and yet is certainly a mistake, with how to go on."""
    for ask in SUSPICIONS[place.token.type]:
        mistake = ask(place)
        fits = mistake and (mistake.repair is None or place.after(mistake.repair) is not None)
        if fits and place.token.type in place.expected:
            return mistake
    return None


def explain(place: Place) -> Mistake:
    """The first mistake that the place looks like and that makes sense of what follows."""
    told: Mistake | None = None
    for mistake in _looks_like(place):
        if mistake.repair is None or place.survives(mistake.repair) >= mistake.needs:
            return told if told and mistake.guess else mistake
        if not mistake.guess:
            told = told or replace(mistake, repair=None)
    return told or Mistake(unexpected(place))


def _looks_like(place: Place) -> Iterator[Mistake]:
    for ask in RECOGNISERS:
        mistake = ask(place)
        if mistake is not None:
            yield mistake
    if place.token.type == END:
        return
    yield from _inserted(place)
    bracket = marks.bracket_not_closed(place)
    if bracket is not None:
        yield bracket
    yield from _left_out(place)


def _inserted(place: Place) -> Iterator[Mistake]:
    """`thresholds risk {`: a keyword or a sign is missing."""
    for word in _AFTER_CONDITION if place.wants_operator else _INSERTED:
        if place.expects(word) and not place.wants_operand:
            behind = place.previous and place.token.starts_line and not word.isalpha()
            at = place.previous.span.end if place.previous and behind else place.start
            before = quote(place.token.text)
            fix = (f"{word} " if at == place.start else f" {word}", f"insert `{word}`")
            finding = error("LIM012", f"`{word}` is missing before {before}", place.span(at, at), fix=fix)
            token = place.keyword(word, at, at)
            yield Mistake(replace(finding, span=place.token.span), Repair((token,), place.start), needs=4, guess=True)


def _left_out(place: Place) -> Iterator[Mistake]:
    """A token that is one too many."""
    in_line = not place.token.starts_line or not place.token.text[:1].isalpha()
    if in_line and place.token.type not in (END, "UNKNOWN", "UNCLOSED") and place.token.text not in "{}":
        finding = replace(unexpected(place), code="LIM013")
        yield Mistake(finding, Repair((), place.token.span.end), needs=5, guess=True)


def unexpected(place: Place) -> Diagnostic:
    """What stands here and what could have; at the end of a line, what is missing there."""
    before = place.previous
    if before and place.token.starts_line and _wants_more(place, before):
        return error("LIM012", f"nothing follows `{before.text}`: expected {wanted(place)}", before.span)
    if place.token.type == END:
        return error("LIM001", f"the file ends where {wanted(place)} is expected", place.token.span)
    seen = quote(place.token.text)
    help_ = HINTS.get(place.token.text.lower())
    return error("LIM001", f"unexpected {seen}, expected {wanted(place)}", place.token.span, help_)


def _wants_more(place: Place, token: Token) -> bool:
    """Whether a keyword or sign cannot end a statement."""
    return place.grammar.fixed.get(token.text) == token.type and token.text not in ("{", "}", ")", "]", "off", "waive")
