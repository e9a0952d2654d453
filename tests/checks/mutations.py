"""Rule files -> rule files with a few words, numbers or lines changed, as a slip or a careless merge changes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_][\w.-]*|\d[\d.]*|>=|==|&&|\|\||[^\s\w]')
NUMBERS = ("0", "1", "95", "0.95", "0x1f", "1e300", "1e-9", "0.1234567", "100", "0.0", "1.0", "9" * 30, "0.000001")


class Mutator:
    """`texts` are what is changed, and where replacements come from: words that stood behind the same word elsewhere."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.words = [token for text in texts.values() for token in TOKEN.findall(text)]
        self.after: dict[str, list[str]] = {}
        for one, other in zip(self.words, self.words[1:], strict=False):
            self.after.setdefault(one, []).append(other)

    def mutated(self, text: str, random: Random) -> str:
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            change = random.choices((self.word, self.line, self.without), (8, 2, 1))[0]
            text = change(text, random)
        return text

    def word(self, text: str, random: Random) -> str:
        found = list(TOKEN.finditer(text))
        at = random.randrange(1, len(found))
        old, before = found[at], found[at - 1].group()
        pool = NUMBERS if old.group()[0].isdigit() and random.random() < 0.6 else self.after.get(before, self.words)
        return text[: old.start()] + random.choice(pool) + text[old.end() :]

    def line(self, text: str, random: Random) -> str:
        """A line said twice, or at another place."""
        lines = text.split("\n")
        moved, to = random.randrange(len(lines)), random.randrange(len(lines))
        line = lines[moved] if random.random() < 0.5 else lines.pop(moved)
        lines.insert(to, line)
        return "\n".join(lines)

    def without(self, text: str, random: Random) -> str:
        gone = random.choice(list(TOKEN.finditer(text)))
        return text[: gone.start()] + text[gone.end() :]
