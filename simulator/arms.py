"""A program and one of its experiments -> the program as each arm decides, whoever the unit is."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from policy_dsl.program import Guard, Program


def forced(program: Program, policy: str, experiment: str) -> tuple[Program, ...]:
    """The program as each arm decides, whatever the unit: the control first, then the variants in written order."""
    (home,) = (one for one in program.policies if one.name == policy)
    (found,) = (one for one in home.experiments if one.name == experiment)
    others = tuple(one for one in home.experiments if one.name != experiment)
    arms = (None, *(arm.name for arm in found.arms))
    changed = (replace(home, variants=_in_arm(home.variants, experiment, arm), experiments=others) for arm in arms)
    return tuple(
        replace(program, policies=tuple(policy if one.name == home.name else one for one in program.policies))
        for policy in changed
    )


def _in_arm(value: Any, experiment: str, arm: str | None) -> Any:
    """Part of a program with the statements of that arm made plain ones, and those of the others left out."""
    if isinstance(value, tuple):
        return tuple(_in_arm(item, experiment, arm) for item in value if _speaks(item, experiment, arm))
    if isinstance(value, Guard):
        return replace(value, arm=None) if value.arm is not None and value.arm[0] == experiment else value
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: _in_arm(getattr(value, field.name), experiment, arm) for field in fields(value)}
        return replace(value, **parts)
    return value


def _speaks(statement: Any, experiment: str, arm: str | None) -> bool:
    guard = getattr(statement, "guard", None)
    return not isinstance(guard, Guard) or guard.arm is None or guard.arm[0] != experiment or guard.arm[1] == arm
