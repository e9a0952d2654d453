"""What the checks share in making and wording a finding."""

from __future__ import annotations

from collections.abc import Iterable

from policy_dsl.codes import CODES
from policy_dsl.diagnostics import Diagnostic, Fix, Label
from policy_dsl.source import Span
from policy_dsl.suggest import suggest

_MOST = 8


def finding(
    code: str,
    message: str,
    span: Span,
    help: str | None = None,
    labels: Iterable[Label] = (),
    fix: Fix | None = None,
) -> Diagnostic:
    """A finding as bad as its code says."""
    return Diagnostic(code, CODES[code].severity, message, span, tuple(labels), help, fix)


def hint(name: str, known: Iterable[str], what: str) -> str:
    """The known name that was probably meant, or all known names: `the manifest has: …`."""
    names = list(dict.fromkeys(known))
    near = suggest(name, names)
    if near:
        return f"did you mean `{near}`?"
    return f"{what}: {listed(names)}" if names else f"{what}: none"


def listed(names: Iterable[str], last: str = "and") -> str:
    """`` `a`, `b` and `c` ``; of many the first few."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > _MOST:
        return ", ".join(quoted[:_MOST]) + ", …"
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)


def a(noun: str) -> str:
    """With its article: `an enum`, `a score`."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def typed(kind: str) -> str:
    """An input's type in words: `a whole number (int)`."""
    return _TYPES[kind]


_TYPES = {
    "score": "a score",
    "bool": "true or false (bool)",
    "int": "a whole number (int)",
    "double": "a number (double)",
    "string": "a text (string)",
    "enum": "a word of a list (enum)",
    "set": "a set of texts (set<string>)",
}


def decimal(micros: int) -> str:
    """Millionths as an author writes them: `0.95`, `1.0`."""
    text = f"{micros / 1_000_000:.6f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
