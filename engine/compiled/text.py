"""Python text for truths: expressions in parentheses, folded where a part is known already."""

from __future__ import annotations

TRUE = "True"
FALSE = "False"


def all_of(*parts: str) -> str:
    found = list(dict.fromkeys(part for part in parts if part != TRUE))
    return FALSE if FALSE in found else _joined(" and ", found, TRUE)


def any_of(*parts: str) -> str:
    found = list(dict.fromkeys(part for part in parts if part != FALSE))
    return TRUE if TRUE in found else _joined(" or ", found, FALSE)


def negated(part: str) -> str:
    return {TRUE: FALSE, FALSE: TRUE}.get(part, f"(not {part})")


def choice(test: str, yes: str, no: str) -> str:
    """`yes` where `test` holds, else `no`."""
    if test in (TRUE, FALSE) or yes == no:
        return no if test == FALSE else yes
    return f"({yes} if {test} else {no})"


def _joined(word: str, parts: list[str], empty: str) -> str:
    if len(parts) < 2:
        return parts[0] if parts else empty
    return f"({word.join(parts)})"


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]
