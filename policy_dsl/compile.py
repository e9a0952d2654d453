"""Pack + Env -> Program, or the findings that keep it from loading (S9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policy_dsl.checks import CHECKS
from policy_dsl.checks.context import Context
from policy_dsl.diagnostics import Diagnostic, Severity, in_order
from policy_dsl.env import Env
from policy_dsl.lower import lower
from policy_dsl.pack import Pack
from policy_dsl.program import Program

_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Compiled:
    """`program` is None where a finding is an error."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)


def compile_pack(pack: Pack, env: Env, before: tuple[Diagnostic, ...] = ()) -> Compiled:
    """Checks everything in one run; `before` are findings about the manifest's scorers and regions."""
    context = Context(pack.items, env, pack.sources, broken_words(pack))
    found = in_order([*pack.diagnostics, *before, *(finding for check in CHECKS for finding in check(context))])
    compiled = Compiled(None, found)
    return compiled if compiled.errors else Compiled(lower(pack.items, env, pack.sources), found)


def broken_words(pack: Pack) -> frozenset[str]:
    texts = (pack.sources[span.path].text[span.start : span.end] for file in pack.files for span in file.broken)
    return frozenset(word for text in texts for word in _WORDS.findall(text))
