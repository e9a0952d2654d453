"""A seed -> texts: from the grammar, from its tokens, from bytes, from the example policies, and mutated."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark

from policy_dsl.tables import grammar

if TYPE_CHECKING:
    from random import Random

EXAMPLES = Path(__file__).parents[1] / "policy_dsl" / "fixtures" / "examples"
WORDS = (
    "nudity",
    "remove",
    "review",
    "DE",
    "US-CA",
    "pt-BR",
    "risk",
    "x",
    "_a1",
    "P0",
    "live",
    "none",
    "r",
    "b",
    "label",
    "missing-it",
)
NAMES = ("image", "text", "hash", "x", "size", "has", "matches", "e", "r", "max", "all", "author_2")
COMMENTS = ("# why", "#", "#! { } \" '", "# é “x” 日本", "#\tx | y }", "# then when >=", "## 1")
TEXTS = {
    "STRING": (
        '"a text"',
        "'b'",
        '""',
        "''",
        '"é“日本"',
        r'"\n\"\\"',
        "r'\\d+'",
        '"# no comment { }"',
        '"""a\n  b"""',
        "'''x'''",
        'R"a\\q"',
    ),
    "BYTES": ('b"ab"', "b'\\xff'", "br'\\q'", 'B"\\101"'),
    "INT": ("0", "1", "42", "0x1F", "007", "9223372036854775807"),
    "UINT": ("0u", "7U", "0xFFu"),
    "FLOAT": ("0.95", ".5", "1e-3", "1.50e2", "0.123456", "0.1234567", "100.0"),
    "DATE": ("2026-03-01", "2024-02-29", "2026-12-31T23:59Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"),
    "QUOTED": ("`a-b`", "`x.y z`"),
    "ROW": (
        "region | x | expect",
        "DE|0.9|remove and review",
        "a",
        "| |",
        "'#|}' | don't | x",
        '"a|b" | -',
        "DE , AT | [a, b] | é 日本",
        "x |",
    ),
}
GLUE = frozenset("{}[](),")
ODD = (
    "\0",
    "\ufeff",
    "\xa0",
    "“",
    "”",
    "≥",
    "−",
    "；",
    "\r",
    "\u202e",
    "😀",
    "é",
    "\\",
    "$",
    ";",
    "`",
    "\ud800",
    "﹛",
    "\u2028",
    "\x85",
)


@cache
def _rules() -> dict[str, list[list[str]]]:
    lark = Lark(
        files("policy_dsl").joinpath("grammar.lark").read_text(encoding="utf-8"),
        start=["start", "condition"],
        parser="lalr",
        lexer=_no_lexer(),
    )
    rules: dict[str, list[list[str]]] = {}
    for rule in lark.rules:
        rules.setdefault(str(rule.origin.name), []).append([str(symbol.name) for symbol in rule.expansion])
    return rules


def _no_lexer() -> type:
    from lark.lexer import Lexer

    return type("NoLexer", (Lexer,), {"__init__": lambda *_: None, "lex": None})


@cache
def _choices() -> dict[str, list[tuple[int, list[str]]]]:
    """Each rule's expansions with the depth of the smallest derivation, the cheapest first."""
    rules = _rules()
    cost: dict[str, int] = {}
    while len(cost) < len(rules):
        for name, expansions in rules.items():
            known = [1 + _depth(e, cost) for e in expansions if all(s in cost or s not in rules for s in e)]
            if known:
                cost[name] = min(known)
    return {
        name: sorted(((_depth(e, cost), e) for e in expansions), key=lambda pair: pair[0])
        for name, expansions in rules.items()
    }


def _depth(expansion: list[str], cost: dict[str, int]) -> int:
    return max((cost.get(symbol, 0) for symbol in expansion), default=0)


def derive(random: Random, symbol: str, budget: int = 60, most: int = 80) -> list[str]:
    """A random sequence of terminals that the grammar takes; `budget` bounds its depth, `most` about its length."""
    choices, out = _choices(), []
    stack = [(symbol, budget)]
    while stack:
        name, left = stack.pop()
        if name not in choices:
            out.append(name)
            continue
        if name == "expr":  # conditions are deep: left alone, they would take the whole budget
            left = min(left, random.choice((10, 10, 10, 12, 14, 24)))
        cheapest = choices[name][0][0]
        limit = max(cheapest, left - 1) if len(out) + len(stack) < most else cheapest
        fitting = [expansion for cost, expansion in choices[name] if cost <= limit]
        again = [expansion for expansion in fitting if name.startswith("__") and expansion[0] == name]
        if name == "pitem" and random.random() < 0.6:
            fitting = [expansion for expansion in fitting if expansion == ["ritem_shared"]] or fitting
        expansion = random.choice(again if again and random.random() < 0.6 else fitting)
        stack.extend((s, left - 1) for s in reversed(expansion))
    return out


def spell(random: Random, terminal: str) -> str:
    """A text of this terminal."""
    if terminal == "WORD":
        return random.choice(WORDS)
    if terminal == "NAME":
        return random.choice(NAMES)
    return random.choice(TEXTS[terminal]) if terminal in TEXTS else grammar().spelling[terminal]


def layout(random: Random, terminals: list[str]) -> str:
    """Tokens with odd spacing and comments between them."""
    parts: list[str] = []
    before, after_row = "{", False
    for terminal in terminals:
        text = spell(random, terminal)
        parts.append(_space(random, before, text, after_row))
        parts.append(text)
        before, after_row = text, terminal == "ROW"
    return "".join(parts) + random.choice(("", "\n", "\n\n# the end", " # end", "\t"))


def _space(random: Random, before: str, after: str, row: bool) -> str:
    if row and after != "}":
        return random.choice(("\n", "\r\n", "\n\n\n ", " # note\n", "\n# own line\n  "))
    dice = random.random()
    if dice < 0.1:
        return (
            f"{random.choice((' ', '', chr(10)))}{random.choice(COMMENTS)}\n{random.choice(('', '  ', chr(10)))}"
            if before
            else ""
        )
    if dice < 0.35:
        return random.choice(("\n", "\n  ", "\n\n", "\n\n\n    ", "\r\n", "\t\n\t"))
    if dice < 0.5 and (before[-1] in GLUE or after[0] in GLUE):
        return ""
    return random.choice((" ", "  ", "\t", " "))


def policy_text(random: Random, budget: int = 60) -> str:
    """A file that parses."""
    items = (derive(random, "item", budget) for _ in range(random.choice((0, 1, 1, 1, 2, 3))))
    return layout(random, [terminal for item in items for terminal in item])


def soup(random: Random) -> str:
    """Tokens of the language in no order."""
    terminals = [*grammar().spelling, *TEXTS, "WORD", "NAME", "WORD"]
    return layout(random, [random.choice(terminals) for _ in range(random.randint(1, 120))])


def noise(random: Random) -> str:
    """Random bytes, read as UTF-8 or Latin-1."""
    data = random.randbytes(random.randint(0, 300))
    return data.decode("utf-8", "replace") if random.random() < 0.5 else data.decode("latin-1")


@cache
def _examples() -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.limen")))


def example(random: Random) -> str:
    """A policy, or a few lines of one."""
    text = random.choice(_examples())
    if random.random() < 0.3:
        return text
    lines = text.splitlines(keepends=True)
    start = random.randrange(len(lines))
    return "".join(lines[start : start + random.randint(1, 20)])


def mutated(random: Random, text: str) -> str:
    """A few pieces deleted, doubled, moved, replaced or put in."""
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.choice((1, 1, 2, 5, 20, 80)))
        piece = text[start:end]
        there = random.randint(0, len(text))
        match random.randrange(7):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:there] + piece + text[there:]
            case 2:
                text = text[:start] + random.choice(ODD) + text[start:]
            case 3:
                text = (
                    text[:start] + " " + spell(random, random.choice([*grammar().spelling, *TEXTS])) + " " + text[end:]
                )
            case 4:
                text = text[:start] + chr(random.choice((random.randrange(128), random.randrange(0x3000)))) + text[end:]
            case 5:
                text = text[:start] + random.choice("{}()[]\"'#,;:|=<>!&\n") + text[start + random.randint(0, 1) :]
            case _:
                text = text[:start] if random.random() < 0.2 else text[:start] + piece[::-1] + text[end:]
    return text


def text(random: Random) -> str:
    """Any of these."""
    match random.randrange(8):
        case 0:
            return noise(random)
        case 1:
            return soup(random)
        case 2:
            return policy_text(random, random.randint(5, 60))
        case 3 | 4:
            return mutated(random, policy_text(random, random.randint(5, 60)))
        case 5:
            return mutated(random, soup(random))
        case _:
            return mutated(random, example(random))
