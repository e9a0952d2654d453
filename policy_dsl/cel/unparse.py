"""An expression -> CEL text, with as few parentheses as its meaning allows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Final

from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight

_LEVELS: Final = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
BINARY: Final = {
    "@in" if symbol == "in" else f"_{symbol}_": (symbol, level)
    for level, symbols in enumerate(_LEVELS, start=1)
    for symbol in symbols
}
TERNARY, UNARY, MEMBER, PRIMARY = 0, 6, 7, 8
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def unparse(expr: Expr) -> str:
    """The text of `expr` on one line; `parse_condition` reads it back, a dotted name as the chain that spells it."""
    return _at(TERNARY, expr)


def _at(level: int, expr: Expr) -> str:
    """The text where only an expression that binds at least as tightly as `level` can stand bare."""
    text, binds = _text(expr)
    return text if binds >= level else f"({text})"


def _text(expr: Expr) -> tuple[str, int]:
    match expr:
        case Literal():
            text = literal_text(expr)
            return text, UNARY if text[0] == "-" else PRIMARY
        case Ident(name=name):
            return name, PRIMARY
        case Select(operand=operand, field=field, test=test):
            text = f"{_at(MEMBER, operand)}.{field if field.isidentifier() else f'`{field}`'}"
            return (f"has({text})", PRIMARY) if test else (text, MEMBER)
        case Call():
            return _call(expr)
        case ListExpr(items=items):
            return f"[{_listed(items)}]", PRIMARY
        case MapExpr(entries=entries):
            return f"{{{', '.join(f'{unparse(key)}: {unparse(value)}' for key, value in entries)}}}", PRIMARY
        case Macro(kind=kind, range=over, var=var, body=body):
            return f"{_at(MEMBER, over)}.{kind}({var}, {_listed(body)})", MEMBER
        case Weight(weight=weight, value=value):
            return f"{literal_text(weight)}: {unparse(value)}", TERNARY


def _call(expr: Call) -> tuple[str, int]:
    if expr.target is not None:
        return f"{_at(MEMBER, expr.target)}.{expr.function}({_listed(expr.args)})", MEMBER
    match expr.function, expr.args:
        case "_?_:_", (test, yes, no):
            return f"{_at(1, test)} ? {_at(1, yes)} : {_at(TERNARY, no)}", TERNARY
        case "!_" | "-_" as function, (operand,):
            return f"{function[0]}{_at(UNARY, operand)}", UNARY
        case "_[_]", (container, key):
            return f"{_at(MEMBER, container)}[{unparse(key)}]", MEMBER
        case function, (left, right) if function in BINARY:
            symbol, level = BINARY[function]
            return f"{_at(level, left)} {symbol} {_at(level + 1, right)}", level
    return f"{expr.function}({_listed(expr.args)})", PRIMARY


def _listed(exprs: Iterable[Expr]) -> str:
    return ", ".join(map(_at, repeat(TERNARY), exprs))


def literal_text(literal: Literal) -> str:
    """The literal's value in its shortest spelling."""
    match literal.value:
        case None:
            return "null"
        case bool(value):
            return "true" if value else "false"
        case int(value):
            return f"{value}u" if literal.kind == "uint" else str(value)
        case float(value):
            return repr(value)
        case str(value):
            return f'"{"".join(map(_character, value))}"'
        case bytes(value):
            return f'b"{"".join(map(_byte, value))}"'


def _character(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _byte(byte: int) -> str:
    char = chr(byte)
    return _ESCAPES.get(char, char if 32 <= byte < 127 else f"\\x{byte:02x}")
