"""What could have stood at a place -> words for an author who is no engineer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_dsl.lexer import END

if TYPE_CHECKING:
    from policy_dsl.mistakes.place import Place

# A statement of each kind of block, by the terminal of the block's keyword.
STATEMENTS = {
    "FILE": 'a statement such as `policy nudity { … }` or `test nudity "…" { … }`',
    "POLICY": "a statement such as `thresholds on risk { … }`, `region DE { … }` or `rule NAME { … }`",
    "REGION": "a statement such as `thresholds on risk { … }` or `rule NAME { … }`",
    "FOR": "a statement such as `thresholds on risk { … }`",
    "VARIANT": "a statement such as `thresholds on risk { … }`",
    "THRESHOLDS": "a rung such as `remove >= 0.95`",
    "EFFECTS": "an effect such as `notify_user = true`",
    "GIVEN": "a given value such as `image.nudity = 0.92`",
    "TEST": "`given { … }` or `expect …`",
    "TESTS": "a row such as `DE | 0.92 | remove`",
    "RULE": "`when …`, `then …`, `regions …`, `from …`, `until …` or `reason …`",
    "EXCEPTION": "`when …`, `then …`, `regions …`, `from …`, `until …` or `reason …`",
    "ADJUST": "`when …`, `then …`, `regions …`, `from …`, `until …` or `reason …`",
    "CONSEQUENCE": "`on …`, `when …`, `then …`, `policies …` or `reason …`",
    "ON": "what to do, such as `review`",
    "EXPERIMENT": "`unit …`, `share …` or `variant B { … }`",
}
# What follows a keyword.
_AFTER = {
    "POLICY": "a name such as `nudity`", "SEVERITY": "a severity such as `P1`", "MODE": "`shadow`", "TITLE": "a text in quotes",
    "OWNER": "a text in quotes", "REASON": "a text in quotes", "SALT": "a text in quotes", "REGIONS": "a region such as `DE`",
    "REGION": "a region such as `DE`", "POLICIES": "a policy such as `nudity`", "THEN": "what to do, such as `remove`",
    "WHEN": "a condition such as `text.hate >= 0.8`", "RULE": "a name such as `reupload`", "EXCEPTION": "a name such as `medical`",
    "ADJUST": "a name such as `education`", "CONSEQUENCE": "a name such as `strikes`", "EXPERIMENT": "a name such as `softer`",
    "VARIANT": "a name such as `B`", "SCORE": "a name such as `risk`", "LET": "a name such as `trusted`", "FOR": "an input such as `content.surface`",
    "PRIORITY": "a priority such as `P0`", "UNIT": "an input such as `author.id`", "SHARE": "a share such as `10%`", "BY": "a number such as `0.05`",
    "FROM": "a date such as `2026-03-01`", "UNTIL": "a date such as `2026-03-01`", "EXPECT": "an outcome such as `remove`, or `in DE remove`",
    "EFFECTS": "an enforcement such as `remove`", "TEST": "a text in quotes", "TESTS": "a text in quotes",
}  # fmt: skip
_NAMES = {
    "WORD": "a name", "NAME": "a name", "STRING": "a text in quotes", "INT": "a number", "FLOAT": "a number", "DATE": "a date such as `2026-03-01`",
    "ROW": "a table row", END: "the end of the file",
}  # fmt: skip
# Words that other rule languages begin a line with, and what says the same here.
HINTS = {
    "allow": "whom a policy spares is an exception: `exception NAME { when … then waive }`",
    "import": "a pack's files are read together; nothing needs to be imported",
    "include": "a pack's files are read together; nothing needs to be included",
    "else": "write a second rule with the opposite condition: `when !(a)`",
    "unless": "write `when !(a)`",
    "comment": "comments begin with `#`",
}
HINTS |= dict.fromkeys(("allowlist", "allow_list", "whitelist", "exempt", "except", "ignore"), HINTS["allow"])
_OPERAND = "a value such as `text.hate` or `0.8`"
_THRESHOLD = "a threshold from 0 to 1 such as `0.95`"
_MOST = 6


def wanted(place: Place) -> str:
    """What was expected, as a phrase behind the word `expected`."""
    before = place.previous.type if place.previous else ""
    if not place.statement and place.block in STATEMENTS:
        return STATEMENTS[place.block]
    if place.wants_operand:
        return _AFTER["WHEN"] if before == "WHEN" else _OPERAND
    if place.wants_operator:
        return _after_condition(place)
    if place.block == "THRESHOLDS" and "INT" in place.expected:
        return _THRESHOLD
    if before in _AFTER:
        return _AFTER[before]
    return _listing(place)


def _after_condition(place: Place) -> str:
    keywords = [f"`{word}`" for word in ("then", ":", ")", "]", ",") if place.expects(word)]
    return _joined(["`&&`", "`||`", "a comparison such as `>= 0.8`", *keywords])


def _listing(place: Place) -> str:
    words = {
        _NAMES.get(terminal) or f"`{place.grammar.spelling[terminal]}`"
        for terminal in place.expected
        if terminal != "DOT"
    }
    ordered = sorted(words, key=lambda word: (word.startswith("`"), word))
    return _joined(ordered[:_MOST])


def _joined(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else "".join(words) or "nothing more"
