"""Lines of Python -> a function, with no more globals than it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

from engine.compiled.text import indented


def compiled(signature: str, lines: Sequence[str]) -> CodeType:
    """Raises SyntaxError, RecursionError or MemoryError where an expression is nested too deeply for Python."""
    text = "\n".join([f"def {signature}:", *indented(list(lines))])
    module = compile(text, "<limen>", "exec")
    return next(item for item in module.co_consts if isinstance(item, CodeType))


def bound(code: CodeType, names: Mapping[str, Any]) -> FunctionType:
    return FunctionType(code, {name: names[name] for name in _globals(code) if name in names})


TOO_DEEP = (SyntaxError, RecursionError, MemoryError)


def _globals(code: CodeType) -> set[str]:
    inner = (name for item in code.co_consts if isinstance(item, CodeType) for name in _globals(item))
    return {*code.co_names, *inner}
