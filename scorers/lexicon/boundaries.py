"""A span of a text -> whether it begins and ends where a word may."""

import unicodedata

# Scripts that write no spaces between words (or, in Hangul, hang particles on them): there a word is looked for anywhere.
# Ranges by Unicode block: Thai to Myanmar, Hangul Jamo, Khmer, kana, CJK, Hangul syllables, CJK compatibility, plane 2 and 3.
UNSPACED = (
    (0x0E00, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x3040, 0x30FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip


def is_letter(char: str) -> bool:
    """Say whether a character is part of a word: a letter, a digit, or a mark (a vowel sign) on one."""
    return char.isalnum() or (char > "\u02ff" and unicodedata.category(char)[0] == "M")


def unspaced(char: str) -> bool:
    code = ord(char)
    return code >= UNSPACED[0][0] and any(first <= code <= last for first, last in UNSPACED)


def is_word(text: str, start: int, end: int) -> bool:
    """Say whether the span [start, end), which is not empty, is parted from its neighbours."""
    return (start == 0 or _parted(text[start], text[start - 1])) and (
        end == len(text) or _parted(text[end - 1], text[end])
    )


def _parted(inside: str, outside: str) -> bool:
    return not is_letter(outside) or not is_letter(inside) or unspaced(inside) or unspaced(outside)
