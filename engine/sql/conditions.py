"""A condition of the Program -> its answer in SQL (S3, rulings R3, R8, R10, R22). What has no SQL of the same meaning is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sql.errors import SqlUnsupportedError
from engine.sql.inputs import AWAY, Range
from engine.sql.integers import ARITHMETIC, Integers
from engine.sql.operands import (
    COMPARISONS,
    ORDERS,
    Ends,
    Operand,
    against_constant,
    between_numbers,
    certainties,
    state_of,
    strict,
    written,
)
from engine.sql.terms import E, among, case, compare, constant, equal, is_null, number, opposite, some, truth
from engine.sql.truths import NO, YES, Answer, both, either, fixed, inverse, left_open
from engine.sql.views import View
from engine.truth import State
from policy_dsl.cel.functions import compiled
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, Select
from policy_dsl.cel.partial import Err
from policy_dsl.cel.serial import from_json
from policy_dsl.cel.values import CelError, micros
from policy_dsl.cel.walk import walk
from policy_dsl.program import Condition

TESTS = {"startsWith": "starts", "endsWith": "ends", "contains": "includes"}
SPELLED = {"@in": "in", "_?_:_": "? :", "_[_]": "[ ]", "-_": "-"}


@dataclass(frozen=True)
class Conditions:
    """Of one clause."""

    view: View
    clause: str

    def answer(self, when: Condition) -> Answer:
        return self.truth(from_json(when))

    def refuse(self, what: str) -> SqlUnsupportedError:
        return SqlUnsupportedError(self.clause, what, self.view.sql.dialect.name)

    # -- truth values ------------------------------------------------------------------------------------------------

    def truth(self, expr: Expr) -> Answer:
        layers = self.view.layers
        settled = self.settled(expr)
        if settled is not None:
            return settled
        found = self.connected(expr) or self.asked(expr)
        if found is not None:
            return found
        value = self.operand(expr)
        if value.kind != "bool":
            raise self.refuse(f"a {value.kind} stands where a truth value is asked for")
        return strict(layers, [value], state_of(value.value))

    def connected(self, expr: Expr) -> Answer | None:
        """`&& || ! ?:`; None for another."""
        layers = self.view.layers
        match expr:
            case Call(function="_&&_", args=args):
                return both(layers, [self.truth(arg) for arg in args])
            case Call(function="_||_", args=args):
                return either(layers, [self.truth(arg) for arg in args])
            case Call(function="!_", args=(operand,)):
                return inverse(layers, self.truth(operand))
            case Call(function="_?_:_", args=(test, yes, no)):
                return self.chosen(self.truth(test), self.truth(yes), self.truth(no))
        return None

    def asked(self, expr: Expr) -> Answer | None:
        """What asks something of values; None for another."""
        match expr:
            case Call(function="has", args=(Ident(name=name),), target=None):
                return self.there(name)
            case Call(function=function, args=(left, right)) if function in COMPARISONS:
                return self.comparison(COMPARISONS[function], left, right)
            case Call(function="@in", args=(item, container)):
                return self.membership(item, container)
            case Call(function=function) if function in (*TESTS, "matches"):
                return self.text_test(function, [expr.target, *expr.args] if expr.target else list(expr.args))
            case Macro(kind="exists" | "all" as kind, range=Ident(name=name), var=var, body=(body,)):
                return self.quantified(kind, name, var, body)
        return None

    def settled(self, expr: Expr) -> Answer | None:
        """Of a part that names no input: what it comes to."""
        if any(isinstance(part, Ident) for part in walk(expr)):
            return None
        result = interpret(expr, _nothing)
        if isinstance(result, bool):
            return YES if result else NO
        return fixed(State.ERROR) if isinstance(result, Err) else None

    def chosen(self, test: Answer, yes: Answer, no: Answer) -> Answer:
        state = self.view.layers.let("choice", case([(test.holds, yes.state), (test.fails, no.state)], test.state))
        missing = case([(test.holds, yes.missing), (test.fails, no.missing)], test.missing)
        return Answer(state, self.view.layers.let("missing", missing))

    def there(self, name: str) -> Answer:
        if self.view.is_score(name):
            away = self.view.range(name).low
            return Answer(case([(is_null(away), number(State.FALSE))], number(State.TRUE)))
        return Answer(state_of(opposite(equal(self.view.sql.inputs[name].status, number(AWAY)))))

    # -- comparisons -------------------------------------------------------------------------------------------------

    def comparison(self, symbol: str, left: Expr, right: Expr) -> Answer:
        if any(isinstance(side, Ident) and self.view.is_score(side.name) for side in (left, right)):
            return self.of_scores(symbol, left, right)
        layers, a, b = self.view.layers, self.operand(left), self.operand(right)
        if a.kind != b.kind or a.kind == "set":
            raise self.refuse(f"`{symbol}` compares a {a.kind} with a {b.kind}")
        if a.kind == "bool" and symbol in ORDERS.values():
            raise self.refuse(f"`{symbol}` compares truth values")
        values = [self.view.sql.dialect.ordered(x.value) for x in (a, b)] if a.kind == "string" else [a.value, b.value]
        if a.is_fixed or b.is_fixed:
            return against_constant(layers, symbol, [a, b], state_of(compare(symbol, *values)))
        if a.kind in ("int", "double"):
            return between_numbers(layers, symbol, a, b)
        if any(side.spec is not None and side.spec.kind == "enum" for side in (a, b)):
            raise self.refuse(f"`{symbol}` compares two inputs, one of which has a list of values")
        return strict(layers, [a, b], state_of(compare(symbol, *values)))

    def of_scores(self, symbol: str, left: Expr, right: Expr) -> Answer:
        try:
            a, b = self.score(symbol, left), self.score(symbol, right)
        except CelError:
            known = next(side for side in (left, right) if isinstance(side, Ident))
            return self._erring(self.view.range(known.name))
        ends = [Ends(side.low, side.high, truth(True), truth(True), equal(side.low, side.high)) for side in (a, b)]
        yes, no = certainties(symbol, ends[0], ends[1])
        away = some(is_null(side.low) for side in (a, b) if constant(side.low) is None)
        opened = some(compare("!=", side.low, side.high) for side in (a, b) if side.low != side.high)
        branches = [
            (case([(away, truth(False))], yes), number(State.TRUE)),
            (case([(away, truth(False))], no), number(State.FALSE)),
            (opened, number(State.UNKNOWN)),
        ]
        state = self.view.layers.let("score", case(branches, number(State.NA)))
        return Answer(state, left_open(self.view.layers, state, [a.missing, b.missing]))

    def score(self, symbol: str, expr: Expr) -> Range:
        if isinstance(expr, Ident) and self.view.is_score(expr.name):
            return self.view.range(expr.name)
        if isinstance(expr, Literal) and isinstance(expr.value, float):
            limit = number(micros(expr.value))
            return Range(limit, limit, number(0))
        raise self.refuse(f"`{symbol}` compares a score with something other than a decimal or a score")

    def _erring(self, range_: Range) -> Answer:
        """A score against a decimal of more than six places: an error where the score is known."""
        opened = compare("!=", range_.low, range_.high)
        branches = [(is_null(range_.low), number(State.NA)), (opened, number(State.UNKNOWN))]
        state = self.view.layers.let("score", case(branches, number(State.ERROR)))
        return Answer(state, left_open(self.view.layers, state, [range_.missing]))

    def membership(self, item: Expr, container: Expr) -> Answer:
        layers = self.view.layers
        if isinstance(item, Ident) and self.view.is_score(item.name):
            raise self.refuse("`in` looks for a score in a list")
        subject = self.operand(item)
        if isinstance(container, ListExpr):
            return self.in_list(subject, container.items)
        over = self.operand(container)
        if over.kind != "set" or subject.kind != "string" or (subject.spec and subject.spec.kind == "enum"):
            raise self.refuse(
                f"`in` looks for a {subject.kind} in something other than a list of constants or a set of texts"
            )
        return strict(layers, [subject, over], state_of(self.view.sql.dialect.holds(over.value, subject.value)))

    def in_list(self, subject: Operand, items: Sequence[Expr]) -> Answer:
        found = [self.operand(item) for item in items]
        if not all(item.is_fixed and item.kind == subject.kind for item in found) or subject.is_fixed:
            raise self.refuse("`in` looks into a list that is not made of constants of one type")
        container = Operand("list", number(0), fixed=tuple(item.fixed for item in found))
        inside = among(subject.value, [item.value for item in found])
        return against_constant(self.view.layers, "in", [subject, container], state_of(inside))

    # -- texts and sets ------------------------------------------------------------------------------------------------

    def text_test(self, function: str, args: Sequence[Expr]) -> Answer:
        dialect, operands = self.view.sql.dialect, [self.operand(arg) for arg in args]
        if len(operands) != 2 or any(operand.kind != "string" for operand in operands):
            raise self.refuse(f"`{function}` is asked of something other than two texts")
        subject, other = operands
        if function == "matches":
            return self.matching(subject, other)
        if function == "contains":
            if not other.is_fixed:
                raise self.refuse("`contains` looks for a text that is not written out")
            found = truth(True) if other.fixed == "" else dialect.includes(subject.value, other.fixed)
        else:
            found = (dialect.starts if function == "startsWith" else dialect.ends)(subject.value, other.value)
        return strict(self.view.layers, operands, state_of(found))

    def matching(self, subject: Operand, pattern: Operand) -> Answer:
        if not pattern.is_fixed:
            raise self.refuse("`matches` takes an expression that is not written out")
        try:
            compiled(pattern.fixed)
        except CelError:
            return strict(self.view.layers, [subject], number(State.ERROR))
        found = self.view.sql.dialect.matches(self.clause, subject.value, pattern.fixed)
        return strict(self.view.layers, [subject], state_of(found))

    def quantified(self, kind: str, name: str, var: str, body: Expr) -> Answer:
        """`exists` over a disjunction, `all` over a conjunction, of comparisons of the item with constants."""
        layers = self.view.layers
        over = self.operand(Ident(name))
        names = self.named(kind, var, body)
        if over.kind != "set" or names is None:
            raise self.refuse(f"`{kind}` asks of an item something other than whether it is one of some texts")
        held = some(self.view.sql.dialect.holds(over.value, written(name).value) for name in names)  # type: ignore[union-attr]
        return strict(layers, [over], state_of(held if kind == "exists" else opposite(held)))

    def named(self, kind: str, var: str, body: Expr) -> list[str] | None:
        """The texts one of which the item is (`exists`), or none of which any item is (`all`)."""
        joining, asking = ("_||_", "_==_") if kind == "exists" else ("_&&_", "_!=_")
        match body:
            case Call(function=function, args=(left, right)) if function == joining:
                parts = [self.named(kind, var, left), self.named(kind, var, right)]
                return [name for part in parts for name in part or ()] if None not in parts else None
            case Call(function=function, args=(Ident(name=name), Literal(value=str(value)))) if (
                function == asking and name == var
            ):
                return [value]
            case Call(function=function, args=(Literal(value=str(value)), Ident(name=name))) if (
                function == asking and name == var
            ):
                return [value]
            case Call(function="@in", args=(Ident(name=name), ListExpr(items=items))) if (
                name == var and kind == "exists"
            ):
                values = [item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str)]
                return values if len(values) == len(items) else None
        return None

    # -- values --------------------------------------------------------------------------------------------------------

    def operand(self, expr: Expr) -> Operand:
        match expr:
            case Ident(name=name):
                return self.input(name)
            case Literal(value=value):
                if (constant_ := written(value)) is None:
                    raise self.refuse(f"it uses a constant of type {expr.kind}")
                return constant_
            case Call(function="size", args=args, target=target):
                return self.size(self.operand(target or args[0]))
            case Call(function=function, args=args) if function in ARITHMETIC:
                operands = [self.operand(arg) for arg in args]
                return Integers(self.view, self.refuse).operation(function, operands)
            case Call(function=function):
                raise self.refuse(f"it uses `{SPELLED.get(function, function)}`")
            case Macro(kind=kind):
                raise self.refuse(f"it uses `{kind}` over something other than a set of texts")
            case Select(field=field):
                raise self.refuse(f"it uses the field `.{field}`")
        raise self.refuse("it uses a list or a map")

    def input(self, name: str) -> Operand:
        if self.view.is_score(name):
            raise self.refuse(f"the score `{name}` stands where it is not compared")
        if name not in self.view.sql.inputs:
            raise self.refuse(f"it names `{name}`, which is no input")
        held = self.view.sql.inputs[name]
        kind = "string" if held.spec.kind == "enum" else held.spec.kind
        return Operand(kind, held.value, held.status, self.view.missing(name), spec=held.spec)

    def size(self, of: Operand) -> Operand:
        dialect = self.view.sql.dialect
        if of.kind not in ("string", "set"):
            raise self.refuse(f"it uses `size` of a {of.kind}")
        value = dialect.size(of.value) if of.kind == "string" else dialect.distinct(of.value)
        return Operand("int", self.view.layers.let("size", case([(of.known, value)], number(0))), of.status, of.missing)


def _nothing(name: str) -> E:
    raise KeyError(name)
