"""Pack + Env -> Program, or the findings that keep it from loading (S9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from policy_dsl import nodes as n
from policy_dsl import program as p
from policy_dsl.checks import findings
from policy_dsl.checks.context import Context
from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.env import Env
from policy_dsl.lower import Lower, lower
from policy_dsl.memory import Memory, context_of
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


def compile_pack(pack: Pack, env: Env, before: tuple[Diagnostic, ...] = (), memory: Memory | None = None) -> Compiled:
    """Checks everything in one run; `before` are findings about the manifest's scorers and regions."""
    context = Context(pack.items, env, pack.sources, broken_words(pack))
    found = findings(context, (*pack.diagnostics, *before))
    compiled = Compiled(None, found)
    if compiled.errors:
        return compiled
    again = partial(_again, memory, context_of(pack, env)) if memory else None
    return Compiled(lower(pack.items, env, pack.sources, again), found)


def _again(memory: Memory, context: str, policy: n.Policy, make: Lower) -> p.Policy:
    return memory.lower(policy, context, make)


def broken_words(pack: Pack) -> frozenset[str]:
    texts = (pack.sources[span.path].text[span.start : span.end] for file in pack.files for span in file.broken)
    return frozenset(word for text in texts for word in _WORDS.findall(text))
