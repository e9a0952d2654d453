"""The findings of the conditions' check: each code and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CEL_CODES: Final[Mapping[str, str]] = {
    "LIM300": "unknown name in a condition",
    "LIM301": "unknown function in a condition",
    "LIM302": "wrong arguments of a function",
    "LIM303": "a condition that is not a bool",
    "LIM304": "an operand of `&&`, `||`, `!` or `?:` that is not a bool",
    "LIM305": "a comparison of values that are never comparable",
    "LIM306": "numbers of different types",
    "LIM307": "an operator that these types do not have",
    "LIM308": "a field or an index of a value that has none",
    "LIM309": "`in` without a list, a set or a map",
    "LIM310": "a score compared with a number outside of [0, 1]",
    "LIM311": "a score compared with a whole number",
    "LIM312": "a score compared with a number of more than six decimal places",
    "LIM313": "a score used other than in a comparison",
    "LIM314": "a score compared with something that is neither a decimal nor a score",
    "LIM320": "a value that an enum input never has",
    "LIM321": "an order of enum values",
    "LIM330": "a pattern that RE2 does not take",
    "LIM331": "a text that its conversion never reads",
    "LIM332": "an int literal out of range",
    "LIM333": "a division by zero",
    "LIM340": "a list or map of mixed types",
    "LIM341": "a macro over a value that has no elements",
    "LIM342": "a macro's variable that hides a name",
    "LIM343": "a weight outside of `weighted`",
    "LIM344": "a macro without a variable",
}
