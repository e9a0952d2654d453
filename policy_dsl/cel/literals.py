"""A literal's spelling -> its value, by the CEL specification (doc/langdef.md, "Values" and "String and Bytes Values")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_dsl.cel.nodes import Literal

if TYPE_CHECKING:
    from policy_dsl.source import Span

_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:([xX][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)


class LiteralError(ValueError):
    """A literal that no value has: out of range, or with a bad escape."""


def literal(text: str, kind: str, span: Span) -> Literal:
    """The node for a token of type `kind` (a terminal of the grammar, or a node's kind)."""
    match kind:
        case "TRUE" | "FALSE":
            return Literal("bool", kind == "TRUE", span, text)
        case "NULL":
            return Literal("null", None, span, text)
        case "INT" | "int":
            return Literal("int", _integer(text, -(2**63), 2**63 - 1 if text.startswith("-") else 2**63), span, text)
        case "UINT":
            return Literal("uint", _integer(text.rstrip("uU"), 0, 2**64 - 1), span, text)
        case "FLOAT" | "double":
            return Literal("double", float(text), span, text)
        case "STRING":
            return Literal("string", unquote(text), span, text)
        case "BYTES":
            return Literal("bytes", unquote_bytes(text), span, text)
    raise AssertionError(kind)


def _integer(text: str, low: int, high: int) -> int:
    value = int(text, 16) if "0x" in text else int(text)
    if not low <= value <= high:
        raise LiteralError(f"`{text}` does not fit in 64 bits")
    return value


def unquote(text: str) -> str:
    """The value of a string literal with its quotes and prefix."""
    raw = text[0] in "rR"
    body = _body(text[1:] if raw else text)
    return body if raw else _ESCAPE.sub(lambda m: chr(_code_point(m)), body)


def unquote_bytes(text: str) -> bytes:
    """The value of a bytes literal: characters as UTF-8, `\\x` and octal escapes as single bytes."""
    prefix = re.match(r"[bBrR]+", text)
    assert prefix is not None
    body = _body(text[prefix.end() :])
    if "r" in prefix.group().lower():
        return body.encode()
    out = bytearray()
    last = 0
    for match in _ESCAPE.finditer(body):
        out += body[last : match.start()].encode()
        code = _code_point(match)
        out += bytes([code]) if match[1] or match[4] else chr(code).encode()
        last = match.end()
    return bytes(out + body[last:].encode())


def _body(quoted: str) -> str:
    width = 3 if quoted[:3] in ('"""', "'''") else 1
    return quoted[width:-width]


def _code_point(match: re.Match[str]) -> int:
    hexadecimal, short, long, octal, simple = match.groups()
    if octal:
        return int(octal, 8)
    digits = hexadecimal[1:] if hexadecimal else short or long
    if digits:
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise LiteralError(f"`{match.group()}` is no Unicode character")
        return code
    if simple in _SIMPLE:
        return ord(_SIMPLE[simple])
    if simple in "\\?\"'`":
        return ord(simple)
    raise LiteralError(f"`{match.group()}` is no escape sequence")
