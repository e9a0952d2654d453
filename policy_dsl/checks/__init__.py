"""Nodes + Env -> findings. One check a file; `CHECKS` is their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from policy_dsl.checks.conditions import conditions
from policy_dsl.checks.context import Context
from policy_dsl.checks.unknown_outcome import unknown_outcome
from policy_dsl.diagnostics import Diagnostic

Check: TypeAlias = Callable[[Context], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (unknown_outcome, conditions)
