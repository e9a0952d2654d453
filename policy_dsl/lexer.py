"""Text -> tokens, one at a time, each read as what the parser can accept at that place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from policy_dsl.source import Source, Span

# Spaces and invisible signs that are no ASCII. They only separate, as control characters do; `characters.py` reports them.
ODD_SPACE = r"\x80-\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff"
# Every pattern here takes time linear in the text: an unclosed text in quotes is one token to the end of its line (of the
# file, with three quotes), so that no stretch of text is scanned twice.
_COOKED = r"""
    \"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?'''
  | "(?!"")(?:[^"\\\n]|\\[^\n])*" | '(?!'')(?:[^'\\\n]|\\[^\n])*'
"""
_RAW = r"""
    \"\"\".*?\"\"\" | '''.*?''' | "(?!"")[^"\n]*" | '(?!'')[^'\n]*'
"""
_TOKEN = re.compile(
    rf"""
    (?P<STRING>[rR](?:{_RAW})|{_COOKED})
  | (?P<BYTES>(?:[bB][rR]|[rR][bB])(?:{_RAW})|[bB](?:{_COOKED}))
  | (?P<UNCLOSED>[rRbB]{{0,2}}(?:(?:\"\"\"|''').*|["'][^\n]*))
  | (?P<NUMBER>0x[0-9a-fA-F]+[uU]?|(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+(?=[eE][+-]?[0-9]))(?:[eE][+-]?[0-9]+)?|[0-9]+[uU]?)
  | (?P<NAME>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<QUOTED>`[A-Za-z0-9_./ -]+`)
  | (?P<SYMBOL>\|\||&&|<=|>=|==|!=|[{{}}\[\]()<>=,.:?+\-*/%!])
  | (?P<UNKNOWN>[^\x00-\x7f{ODD_SPACE}]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(rf"(?:[\x00-\x20\x7f{ODD_SPACE}]+|#[^\n]*)*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")
_FOREIGN_WORD = re.compile(r"[\w-]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z)?(?![\w-])")
# In a row a bar, `#` or `}` in quotes is text. A quote without its second half is an apostrophe.
_IN_ROW = r"""
    "(?:[^"\\\n]|\\[^\n])*" | '(?:[^'\\\n]|\\[^\n])*' | [^#}"'\n] | "(?![^"\n]*") | '(?![^'\n]*') | ["'][^\n]*
"""
_ROW = re.compile(f"(?:{_IN_ROW})+", re.VERBOSE)
_BAR = re.compile(rf"(?P<bar>\|)|{_IN_ROW}", re.VERBOSE)

END = "$END"


@dataclass(frozen=True, slots=True)
class Token:
    """`type` is a terminal of the grammar; "UNKNOWN" for what begins no token, "UNCLOSED" for a quote without its second."""

    type: str
    text: str
    span: Span
    starts_line: bool


def next_token(source: Source, offset: int, accepts: AbstractSet[str], fixed: Mapping[str, str]) -> Token:
    """The token at or after `offset`; `accepts` are terminals that may follow, `fixed` maps keywords and symbols to theirs."""
    text = source.text
    space = _SPACE.match(text, offset)
    start = space.end() if space else offset
    kind, end = _scan(text, start, accepts, fixed)
    return Token(kind, text[start:end], Span(source.path, start, end), starts_line=_starts_line(text, start))


def _starts_line(text: str, start: int) -> bool:
    while start and text[start - 1] != "\n" and (text[start - 1].isspace() or text[start - 1] == "\ufeff"):
        start -= 1
    return start == 0 or text[start - 1] == "\n"


def _scan(text: str, start: int, accepts: AbstractSet[str], fixed: Mapping[str, str]) -> tuple[str, int]:
    if start >= len(text):
        return END, start
    if "ROW" in accepts and (row := _ROW.match(text, start)):
        return "ROW", start + len(row.group().rstrip())
    if "DATE" in accepts and (date := _DATE.match(text, start)):
        return "DATE", date.end()
    match = _TOKEN.match(text, start)
    kind, end = (match.lastgroup or "UNKNOWN", match.end()) if match else ("UNKNOWN", start + 1)
    if kind == "NAME":
        return _word(text, start, end, accepts, fixed)
    if kind == "SYMBOL":
        return fixed.get(text[start:end], "UNKNOWN"), end
    if kind == "NUMBER":
        return _number_type(text[start:end]), end
    if kind in ("UNCLOSED", "UNKNOWN"):
        return kind, start + len(text[start:end].rstrip())
    return kind, end


def _word(text: str, start: int, end: int, accepts: AbstractSet[str], fixed: Mapping[str, str]) -> tuple[str, int]:
    """A keyword where one can stand, else a name; with hyphens outside of conditions."""
    if end < len(text) and text[end] > "\x7f" and (foreign := _FOREIGN_WORD.match(text, start)) and foreign.end() > end:
        return "UNKNOWN", foreign.end()
    word = _WORD.match(text, start)
    long = word.end() if word else end
    keyword = fixed.get(text[start:end])
    if keyword is not None and keyword in accepts and (long == end or "NAME" in accepts):
        return keyword, end
    if "NAME" in accepts and "WORD" not in accepts:
        return "NAME", end
    return "WORD", long


def _number_type(text: str) -> str:
    if text[-1] in "uU":
        return "UINT"
    if text.startswith("0x") or text.isdigit():
        return "INT"
    return "FLOAT"


def bars(row: str) -> list[int]:
    """Where the bars between the cells of a row stand."""
    return [piece.start() for piece in _BAR.finditer(row) if piece["bar"]]
