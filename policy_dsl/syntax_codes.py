"""The codes of syntax findings -> their short titles. Each has a page in `docs/reference/errors/`."""

from types import MappingProxyType

SYNTAX_CODES = MappingProxyType(
    {
        "LIM001": "unexpected text",
        "LIM002": "unreadable character, or a quote that is not closed",
        "LIM003": "a number, date or text without a value",
        "LIM004": "a block or bracket that is not closed",
        "LIM005": "too deep, too long, or too many mistakes",
        "LIM006": "a table row whose cells do not match its heading",
        "LIM010": "an operator of another language",
        "LIM011": "a misspelled keyword",
        "LIM012": "a missing keyword or sign",
        "LIM013": "a sign too many",
        "LIM014": "two words without a space between them",
        "LIM015": "a threshold as a percentage or with a decimal comma",
        "LIM016": "a comment of another language",
        "LIM017": "quotes or brackets in the wrong place",
        "LIM018": "parts of a clause that are missing or out of order",
        "LIM019": "a name that is no name",
        "LIM020": "a test that expects nothing",
    }
)
