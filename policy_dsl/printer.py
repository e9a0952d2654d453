"""A file's text -> its canonical form: same tokens, same comments, one way to space and break them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from rich.cells import cell_len, set_cell_size

from policy_dsl.build import row
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.layout import CLAUSES, DEPTH, Piece, Statement, pieces, statements
from policy_dsl.lexer import Token
from policy_dsl.parser import read
from policy_dsl.source import Source
from policy_dsl.spacing import spaced, words

WIDTH = 120
INDENT = "  "
# On one line these have one statement, and the ones below never stand on one line.
ONE_INSIDE = frozenset({"REGION", "FOR", "VARIANT"})
ALWAYS_OPEN = frozenset({"POLICY", "EXPERIMENT", "TEST", "TESTS"})
LABELS = {"TITLE": 9, "OWNER": 9, "SEVERITY": 9, "REGIONS": 9, "MODE": 9}


class FormatError(ValueError):
    """A text with syntax errors is not formatted: nothing of it may be lost. `diagnostics` say what is wrong."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("a text with syntax errors cannot be formatted")
        self.diagnostics = diagnostics


def format_source(source: Source) -> str:
    """The canonical text. Comments stay, meaning stays, and formatting twice is formatting once. Raises FormatError."""
    parsed = read(source)
    if parsed.diagnostics:
        raise FormatError(parsed.diagnostics)
    found, after = pieces(source.text, parsed.tokens)
    lines = [*_body(statements(found), "FILE", ""), *after]
    while lines and not lines[0]:
        del lines[0]
    return "\n".join(lines).rstrip() + "\n" if lines else ""


def _body(inner: Sequence[Statement], kind: str, indent: str) -> Iterator[str]:
    """The lines of a block's statements, each with the comments above it."""
    heads = _columns(inner, kind)
    for index, statement in enumerate(inner):
        yield from _above(statement, indent, first=index == 0, apart=kind == "FILE" and _apart(inner, index))
        yield from _statement(statement, heads[index], indent)


def _apart(inner: Sequence[Statement], index: int) -> bool:
    """Blocks at the top of a file stand apart."""
    return index > 0 and (inner[index].body is not None or inner[index - 1].body is not None)


def _above(statement: Statement, indent: str, *, first: bool, apart: bool) -> Iterator[str]:
    lines = list(statement.first.above)
    blank_before = lines[0] == "" if lines else statement.first.blank
    lines = lines[1:] if lines[:1] == [""] else lines
    if (blank_before or apart) and not first:
        yield ""
    yield from (f"{indent}{line}" if line else "" for line in lines)
    if lines and statement.first.blank:
        yield ""


def _statement(statement: Statement, head: str, indent: str) -> Iterator[str]:
    if statement.body is None or statement.open is None or statement.close is None:
        yield from _wrapped(statement.head, head, indent)
        return
    single = None if _must_open(statement) else one_line(statement)
    if single is not None and cell_len(indent + single) <= WIDTH:
        yield indent + single + _behind(statement.close)
        return
    yield from _wrapped([*statement.head, statement.open], f"{head} {{", indent)
    yield from _body(statement.body, statement.kind, indent + INDENT)
    yield from (f"{indent}{INDENT}{line}" if line else "" for line in _trimmed(statement.close.above))
    yield f"{indent}}}{_behind(statement.close)}"


def _trimmed(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Comments in front of a closing brace; a blank line between them and the last statement stays."""
    return lines if any(lines) else ()


def _must_open(statement: Statement) -> bool:
    """A block that has comments, or that its author wrote on several lines, has a line for each statement."""
    inner = list(statement.pieces())
    if any(piece.behind for piece in inner[:-1]) or any(any(piece.above) for piece in inner[1:]):
        return True
    if not statement.body:
        return False
    several = statement.kind in ONE_INSIDE and len(statement.body) > 1
    return statement.kind in ALWAYS_OPEN or several or _spread(statement)


def _spread(statement: Statement) -> bool:
    inside = [*(piece for inner in statement.body or () for piece in inner.pieces()), statement.close]
    return any(piece.breaks for piece in inside if piece)


def one_line(statement: Statement) -> str:
    head = spaced(_tokens(statement))
    if statement.body is None:
        return head
    between = " " if statement.kind in CLAUSES else "  "
    inside = between.join(one_line(inner) for inner in statement.body)
    return f"{head} {{ {inside} }}" if inside else f"{head} {{ }}"


def _behind(piece: Piece) -> str:
    return f"  {piece.behind}" if piece.behind else ""


def _wrapped(head: Sequence[Piece], text: str, indent: str) -> Iterator[str]:
    """One line; where that is too long, or a comment stands inside, the author's breaks with a deeper indent."""
    commented = any(piece.behind for piece in head[:-1]) or any(any(piece.above) for piece in head[1:])
    breaks = any(piece.breaks for piece in head[1:])
    pieces = head if commented or breaks else _with_breaks(head)
    if not commented and (cell_len(indent + text) <= WIDTH or (pieces is head and not breaks)):
        yield indent + text + _behind(head[-1])
        return
    yield from _broken(pieces, indent)


def _with_breaks(head: Sequence[Piece]) -> Sequence[Piece]:
    """A line that is too long is broken before each `||` outside of brackets, or each `&&`, or behind each comma."""
    depths = list(accumulate(DEPTH.get(piece.type, 0) for piece in head))
    for sign, behind in (("||", 0), ("&&", 0), (",", 1)):
        signs = {i + behind for i, piece in enumerate(head) if piece.token.text == sign and depths[i] <= behind}
        if signs:
            return [replace(piece, breaks=True) if i in signs else piece for i, piece in enumerate(head)]
    return head


def _broken(head: Sequence[Piece], indent: str) -> Iterator[str]:
    """Lines as their author broke them; inside a bracket one step deeper than the line that opens it."""
    tokens = [piece.token for piece in head]
    texts = words(tokens)
    opened: list[str] = []
    for start, end in _lines(head):
        first = head[start]
        here = indent if start == 0 else opened[-1] + INDENT if opened else indent + INDENT * 2
        yield from (here + comment for comment in first.above if comment and start)
        if start and opened and DEPTH.get(first.type) == -1:
            here = opened[-1]
        for token in tokens[start:end]:
            _open_or_close(opened, token, here)
        yield here + "".join(texts[start:end]).lstrip(" ") + _behind(head[end - 1])


def _lines(head: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends."""
    starts = [0, *(index for index, piece in enumerate(head) if index and piece.breaks), len(head)]
    return pairwise(starts)


def _open_or_close(opened: list[str], token: Token, here: str) -> None:
    """Keeps the indents of the lines on which brackets were opened."""
    depth = DEPTH.get(token.type, 0)
    if depth > 0:
        opened.append(here)
    elif depth < 0 and opened:
        opened.pop()


def _columns(inner: Sequence[Statement], kind: str) -> list[str]:
    """The statements' own lines; rungs are aligned at their sign, rows at their bars, a policy's first lines at their values."""
    if kind == "TESTS":
        return _table([[cell.text for cell in row(statement.first.token).cells] for statement in inner])
    if kind == "THRESHOLDS":
        return _aligned(inner, lambda piece: piece.token.text == ">=" or piece.type == "OFF")
    if kind in ("EFFECTS", "GIVEN"):
        return _aligned(inner, lambda piece: piece.type == "EQUAL")
    return [_labelled(statement) if kind == "POLICY" else spaced(_tokens(statement)) for statement in inner]


def _tokens(statement: Statement) -> list[Token]:
    return [piece.token for piece in statement.head]


def _labelled(statement: Statement) -> str:
    tokens = _tokens(statement)
    if statement.kind in LABELS:
        return f"{tokens[0].text:<{LABELS[statement.kind]}}{spaced(tokens, 1)}"
    return spaced(tokens)


def _aligned(inner: Sequence[Statement], is_sign: Callable[[Piece], bool]) -> list[str]:
    """The statements with their signs (`>=`, `off`, `=`) in one column."""
    signs = [next(i for i, piece in enumerate(statement.head) if is_sign(piece)) for statement in inner]
    names = [spaced(_tokens(statement), 0, sign) for statement, sign in zip(inner, signs, strict=True)]
    width = max(map(len, names), default=0)
    return [
        f"{name:<{width}} {spaced(_tokens(statement), sign)}"
        for statement, name, sign in zip(inner, names, signs, strict=True)
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    columns = max(map(len, rows), default=0)
    widths = [max((cell_len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    return [" | ".join(set_cell_size(cell, widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows]
