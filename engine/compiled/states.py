"""What a part of a record comes to where something may be missing, as small integers that can be compared and looked up.

A truth is FALSE, ERROR, NOT_APPLICABLE, TRUE, or `unknown(mask)`. A score is an int of millionths, NA, or a tuple (lowest,
highest, mask). A mask has the bit of each missing input, by its number in the program.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from policy_dsl.cel.partial import NA

FALSE, ERROR, NOT_APPLICABLE, TRUE = 0, 2, 3, 4

Open: TypeAlias = tuple[int, int, int]
Span: TypeAlias = Any  # int | Open | NA


def unknown(mask: int) -> int:
    return mask << 3 | 1


def is_unknown(truth: int) -> bool:
    return truth & 7 == 1


def mask_of(truth: int) -> int:
    return truth >> 3


def span(low: int, high: int, mask: int) -> int | Open:
    """A known value leaves nothing open, whatever was missing on the way to it."""
    return low if low == high else (low, high, mask)


def bounds(value: Span) -> Open:
    """Of a score that applies."""
    return (value, value, 0) if type(value) is int else value


def worst(truths: list[int]) -> int:
    """Of truths of which none decides: unknown before an error before not applicable."""
    masks = 0
    for truth in truths:
        if is_unknown(truth):
            masks |= mask_of(truth)
    return unknown(masks) if masks else min(truths, default=TRUE)


__all__ = [
    "ERROR",
    "FALSE",
    "NA",
    "NOT_APPLICABLE",
    "TRUE",
    "bounds",
    "is_unknown",
    "mask_of",
    "span",
    "unknown",
    "worst",
]
