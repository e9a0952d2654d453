"""Pieces of generated Python: what the lowering puts together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from policy_dsl.cel.runtime import PREFIX, RUNTIME
from policy_dsl.cel.types import BOOL, DYN, SCORE, Type
from policy_dsl.cel.values import Value


@dataclass(frozen=True, slots=True)
class Name:
    """An input: Python text that gives its value, its type, and Python text that says whether it applies (`has`).

    The texts are variables or other expressions that cannot raise and have no effect. A score's value is a plain int of
    millionths there, a list's a tuple, a set's a frozenset.
    """

    source: str
    type: Type = DYN
    has: str = "True"


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression, safe to embed anywhere, the type of its value, and whether it can raise CelError.

    `constant` holds the value in a 1-tuple where it is known already.
    """

    source: str
    type: Type
    can_err: bool
    constant: tuple[Value] | None = None


@dataclass
class Constants:
    """The globals that the generated code needs: the run-time functions, and constants by generated names."""

    globals: dict[str, Any] = field(default_factory=lambda: dict(RUNTIME))

    def add(self, value: object) -> str:
        """The global name under which the code finds `value`."""
        name = f"{PREFIX}{len(self.globals)}"
        self.globals[name] = value
        return name


def written(value: Value) -> str:
    """A value that Python can spell."""
    text = repr(value)
    return f"({text})" if text[0] == "-" else text


def failing(message: str) -> Code:
    """Code that errs whenever it is reached."""
    return Code(f"{PREFIX}fail({message!r})", DYN, can_err=True)


def boxed(code: Code) -> Code:
    """`code` where any value may stand: a score says there that it is one."""
    return replace(code, source=f"{PREFIX}score({code.source})") if code.type == SCORE else code


def as_bool(code: Code) -> Code:
    """`code` where a condition stands: it errs unless it is a bool."""
    return code if code.type == BOOL else Code(f"{PREFIX}bool({boxed(code).source})", BOOL, can_err=True)


_JUNCTIONS: Final[Mapping[str, tuple[str, str]]] = {"_&&_": (" and ", "and"), "_||_": (" or ", "or")}


def junction(function: str, codes: Sequence[Code]) -> Code:
    """`&&` or `||` of operands. Those that cannot err go first: one of them may decide, and an error must not come before it."""
    word, name = _JUNCTIONS[function]
    parts = [code.source for code in codes if code.type == BOOL and not code.can_err]
    risky = [code for code in codes if code.type != BOOL or code.can_err]
    if len(risky) == 1:
        parts.append(as_bool(risky[0]).source)
    elif risky:
        parts.append(f"{PREFIX}{name}({', '.join(f'lambda: {boxed(code).source}' for code in risky)})")
    return Code(f"({word.join(parts)})", BOOL, can_err=bool(risky))
