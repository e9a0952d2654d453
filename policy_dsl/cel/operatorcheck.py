"""A strict operator or function and its operands' types -> the type of its result and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

from policy_dsl.cel import signatures
from policy_dsl.cel.findings import SCORE_HELP, a, error, rewrite
from policy_dsl.cel.functions import BOTH, METHODS, compiled
from policy_dsl.cel.functions import FUNCTIONS as RUNNABLE
from policy_dsl.cel.nodes import Call, Expr, ListExpr, Literal
from policy_dsl.cel.scorecheck import compared_with_score, enum_values
from policy_dsl.cel.times import zone
from policy_dsl.cel.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    NUMERIC,
    SCORE,
    STRING,
    Type,
    fits,
    is_dyn,
    joined,
    list_of,
    plain,
)
from policy_dsl.cel.values import CelError
from policy_dsl.diagnostics import Diagnostic, Fix

EQUALITY: Final = ("_==_", "_!=_")
ORDER: Final = ("_<_", "_<=_", "_>_", "_>=_")
UNORDERED: Final = ("null", "list", "set", "map", "type")
CONTAINERS: Final = ("list", "set", "map", "dyn")
FUSION: Final = ("max", "min", "mean", "weighted", "noisy_or", "cascade")
MACROS: Final = ("all", "exists", "exists_one", "map", "filter")


def operation(
    expr: Call, operands: Sequence[Expr], types: list[Type], *, profile: bool
) -> tuple[Type, tuple[Diagnostic, ...]]:
    """`operands` are the target, if there is one, and the arguments."""
    name = expr.function
    if name in EQUALITY or name in ORDER:
        return BOOL, tuple(_comparison(expr, operands, types, profile=profile))
    findings = tuple(_known(expr)) or (tuple(_scores(name, operands, types)) if profile else ())
    if findings:
        return DYN, findings
    if name == "@in":
        return BOOL, tuple(_membership(expr, operands, types, profile=profile))
    result = _result(name, types)
    findings = tuple(_constant(expr, operands) if profile else ()) if result else (_mismatch(expr, types),)
    return (result or DYN) if not findings else DYN, findings


def symbol(name: str) -> str:
    """How an operator or a function is written."""
    return {"@in": "in", "_?_:_": "?:", "_[_]": "[]"}.get(name, name if name[0].isalpha() else name.strip("_"))


# -- comparisons ---------------------------------------------------------------------------------------------------


def _comparison(expr: Call, operands: Sequence[Expr], types: list[Type], *, profile: bool) -> Iterator[Diagnostic]:
    (left, right), (of, other) = operands, types
    if SCORE in types:
        if profile:
            yield from compared_with_score(*((left, right, other) if of == SCORE else (right, left, of)))
        return
    enums = [(left, of, right), (right, other, left)] if profile else []
    for subject, subject_type, beside in enums:
        if subject_type.name == "enum" and expr.function in ORDER:
            yield error(
                "LIM321", f"the values of an enum have no order, so `{symbol(expr.function)}` means nothing", expr
            )
            return
        if subject_type.name == "enum":
            yield from enum_values(subject, subject_type, [beside])
    if not is_dyn(of, other):
        yield from _comparable(expr, operands, [plain(of), plain(other)], profile=profile)


def _comparable(expr: Call, operands: Sequence[Expr], types: list[Type], *, profile: bool) -> Iterator[Diagnostic]:
    left, right = types
    unordered = [of for of in types if of.name in UNORDERED]
    if left in NUMERIC and right in NUMERIC:
        if left != right and profile:
            yield _mixed(expr, operands, types)
    elif NULL in types and expr.function in EQUALITY:
        if profile and left != right:
            yield error("LIM305", "no input is ever null", expr, "`has(x)` asks whether an input applies")
    elif expr.function in ORDER and unordered:
        yield error("LIM305", f"{a(unordered[0])} has no order", expr)
    elif not fits(left, right):
        yield _never_alike(expr, operands, types)
    elif profile and {left.name, right.name} == {"list", "set"}:
        yield error("LIM305", "a set has no order, so it is never equal to a list", expr)


def _never_alike(expr: Call, operands: Sequence[Expr], types: Sequence[Type]) -> Diagnostic:
    message = f"{a(types[0])} and {a(types[1])} cannot be compared"
    for operand, other in zip(operands, reversed(types), strict=True):
        text = operand.value if isinstance(operand, Literal) else None
        if isinstance(text, str) and text.isdecimal() and other == INT:
            return error("LIM305", message, expr, "leave out the quotes", Fix(operand.span, text, f"write `{text}`"))
    return error("LIM305", message, expr)


def _mixed(expr: Call, operands: Sequence[Expr], types: Sequence[Type]) -> Diagnostic:
    message = f"`{symbol(expr.function)}` takes two numbers of one type, not {a(types[0])} and {a(types[1])}"
    for operand, of, other in zip(operands, types, reversed(types), strict=True):
        if isinstance(operand, Literal) and of == INT and other == DOUBLE:
            text = f"{operand.value!r}.0"
            return error("LIM306", message, expr, fix=Fix(operand.span, text, f"write `{text}`"))
        if isinstance(operand, Literal) and isinstance(operand.value, float) and of == DOUBLE and other == INT:
            return error("LIM306", message, expr, f"write a whole number, such as `{operand.value:.0f}`")
    return error("LIM306", message, expr, "`double(…)` and `int(…)` convert")


def _membership(expr: Call, operands: Sequence[Expr], types: list[Type], *, profile: bool) -> Iterator[Diagnostic]:
    (item, container), (of, over) = operands, types
    if over.name not in CONTAINERS:
        fix = rewrite(expr, Call("contains", (item,), container)) if of == over == STRING else None
        yield error("LIM309", f"`in` looks into a list, a set or a map, and this is {a(over)}", container, fix=fix)
        return
    element = over.args[0] if over.args else DYN
    if profile and of.name == "enum" and isinstance(container, ListExpr):
        yield from enum_values(item, of, container.items)
    if profile and element.name == "enum":
        yield from enum_values(container, element, [item])
    if of in NUMERIC and element in NUMERIC:
        if profile and of != element:
            message = f"`in` looks for {a(of)} among values of type {element}"
            yield error("LIM306", message, expr, "`double(…)` and `int(…)` convert")
    elif not fits(of, element):
        yield error("LIM305", f"`in` looks for {a(of)} among values of type {element}", expr)


# -- functions and arithmetic --------------------------------------------------------------------------------------


def _known(expr: Call) -> Iterator[Diagnostic]:
    """Whether the function exists, and is called as a function or as a method."""
    name = expr.function
    if not name[0].isalpha():
        return
    if name in FUSION and expr.target is None:
        yield error("LIM301", f"`{name}` combines scores, which a condition cannot", expr, SCORE_HELP)
    elif name in MACROS:
        yield error("LIM344", f"`{name}` takes a variable and what to ask of it", expr, f"write `list.{name}(x, …)`")
    elif name not in signatures.FUNCTIONS:
        close = get_close_matches(name, [*signatures.FUNCTIONS, *MACROS, "has"], 1)
        yield error("LIM301", f"unknown function `{name}`", expr, f"did you mean `{close[0]}`?" if close else None)
    elif (expr.target is not None) != (name in METHODS) and name not in BOTH:
        yield _other_form(expr)


def _other_form(expr: Call) -> Diagnostic:
    form = f"x.{expr.function}(…)" if expr.target is None else f"{expr.function}(x)"
    fix = None
    if expr.target is not None and not expr.args:
        fix = rewrite(expr, Call(expr.function, (expr.target,)))
    elif expr.target is None and len(expr.args) == 2:
        fix = rewrite(expr, Call(expr.function, expr.args[1:], expr.args[0]))
    return error("LIM302", f"`{expr.function}` is written `{form}`", expr, fix=fix)


def _scores(name: str, operands: Sequence[Expr], types: list[Type]) -> Iterator[Diagnostic]:
    for operand, of in zip(operands, types, strict=True):
        if of == SCORE:
            message = f"in a condition a score can only be compared, and `{symbol(name)}` takes it"
            yield error("LIM313", message, operand, SCORE_HELP)
            return


def _result(name: str, types: list[Type]) -> Type | None:
    """The type of the result; None where the types do not fit."""
    if name == "_[_]":
        return _element(*types)
    if name == "_+_" and all(of.name in ("list", "set") for of in types):
        return list_of(joined(of.args[0] for of in types))
    return signatures.result_of({**signatures.OPERATORS, **signatures.FUNCTIONS}.get(name, ()), types)


def _element(container: Type, key: Type) -> Type | None:
    if container == DYN:
        return DYN
    if container.name == "list":
        return container.args[0] if fits(key, INT) else None
    if container.name != "map":
        return None
    wanted, value = container.args
    return value if fits(key, wanted) or (key in NUMERIC and wanted in NUMERIC) else None


def _mismatch(expr: Call, types: list[Type]) -> Diagnostic:
    name = expr.function
    seen = " and ".join(map(a, types)) or "nothing"
    if name == "_[_]":
        return error("LIM308", f"{a(types[0])} has no element at {a(types[1])}", expr)
    if name in signatures.FUNCTIONS:
        forms = dict.fromkeys(", ".join(map(str, s.params)) for s in signatures.FUNCTIONS[name])
        return error("LIM302", f"`{name}` does not take {seen}", expr, f"it takes ({') or ('.join(forms)})")
    if len(types) == 2 and all(of in NUMERIC for of in types) and types[0] != types[1]:
        return _mixed(expr, expr.args, types)
    return error("LIM307", f"`{symbol(name)}` does not take {seen}", expr)


def _constant(expr: Call, operands: Sequence[Expr]) -> Iterator[Diagnostic]:
    """A constant last operand with which the operation always errs."""
    last = operands[-1]
    if not isinstance(last, Literal):
        return
    if expr.function in ("_/_", "_%_") and last.kind in ("int", "uint") and last.value == 0:
        yield error("LIM333", "division by zero", expr)
    elif last.kind == "string":
        try:
            _trial(expr.function, len(operands))(last.value)
        except CelError as problem:
            code = "LIM330" if expr.function == "matches" else "LIM331"
            yield error(code, " ".join(str(problem).split()).rstrip("."), last)


def _trial(name: str, count: int) -> Callable[[Any], object]:
    """What to try a literal last operand with."""
    if name == "matches":
        return compiled
    if name.startswith("get") and count == 2:
        return zone
    return RUNNABLE[name, 1] if count == 1 else lambda value: value
