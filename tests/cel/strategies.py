"""Random expressions, well typed and wild, and random inputs for them, hostile ones included."""

import math
from collections.abc import Sequence

from hypothesis import strategies as st

from policy_dsl.cel.functions import FUNCTIONS, TYPES
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.partial import Err
from policy_dsl.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    SCORE,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
    enum_of,
    list_of,
    map_of,
    set_of,
)
from policy_dsl.cel.values import INT_MAX, INT_MIN, UINT_MAX, CelMap, Duration, Micro, Timestamp, Uint

INPUTS: dict[str, Type] = {
    "author.age": INT, "n": INT, "u": UINT, "ratio": DOUBLE, "body": STRING, "content.context": enum_of(("none", "medical", "art")),
    "hash.match": BOOL, "flag": BOOL, "tags": set_of(STRING), "xs": list_of(INT), "words": list_of(STRING), "ds": list_of(DOUBLE),
    "at": TIMESTAMP, "span": DURATION, "text.hate": SCORE, "image.nudity": SCORE, "counts": map_of(STRING, INT), "raw": BYTES,
}  # fmt: skip

ints = st.one_of(
    st.integers(-3, 5),
    st.sampled_from([INT_MIN, INT_MAX, INT_MIN + 1, 2**53, 2**53 + 1]),
    st.integers(INT_MIN, INT_MAX),
)
uints = st.one_of(st.integers(0, 5), st.sampled_from([UINT_MAX, 2**63, 2**53 + 1])).map(Uint)
doubles = st.one_of(
    st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.0, 3.0, -1.5, 2.0**53, 2.0**63, 1e308, 5e-324]), st.floats()
)
texts = st.one_of(
    st.sampled_from(
        ["", "a", "b", "ab", "art", "none", "aé", "\x00", '"\\\n', "😀", "1", "true", "1h", "2026-03-01T00:00:00Z", "("]
    ),
    st.text(max_size=5),
)
blobs = st.binary(max_size=4)
moments = st.sampled_from(
    [0, 1, -1, 1_772_323_200_000_000_000, -62_135_596_800_000_000_000, 253_402_300_799_999_999_999]
)
spans = st.sampled_from([0, 1, -1, 3_600_000_000_000, INT_MAX, INT_MIN])
micros = st.one_of(st.sampled_from([0, 1, 499_999, 500_000, 999_999, 1_000_000]), st.integers(0, 1_000_000))


def values(of: Type) -> st.SearchStrategy:
    """Run-time values of a type."""
    match of.name:
        case "list":
            return st.lists(values(of.args[0]), max_size=3).map(tuple)
        case "set":
            return st.frozensets(values(of.args[0]), max_size=3)
        case "map":
            return st.dictionaries(values(of.args[0]), values(of.args[1]), max_size=3).map(lambda d: CelMap(d.items()))
        case "enum":
            return st.sampled_from(of.values)
    return {
        "bool": st.booleans(), "int": ints, "uint": uints, "double": doubles, "string": texts, "bytes": blobs,
        "timestamp": moments.map(Timestamp), "duration": spans.map(Duration), "score": micros.map(Micro),
    }[of.name]  # fmt: skip


def inputs(types: dict[str, Type] = INPUTS) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({name: values(of) for name, of in types.items()})


def literals() -> st.SearchStrategy[Literal]:
    """As the parser makes them: no NaN, no infinity."""
    return st.one_of(
        st.just(Literal("null", None)), st.booleans().map(lambda v: Literal("bool", v)), ints.map(lambda v: Literal("int", v)),
        uints.map(lambda v: Literal("uint", int(v))), doubles.filter(math.isfinite).map(lambda v: Literal("double", v)),
        texts.map(lambda v: Literal("string", v)), blobs.map(lambda v: Literal("bytes", v)),
    )  # fmt: skip


VARIABLES = ("x", "y")
_NAMES = [*INPUTS, *VARIABLES, "int", "type", "nowhere"]
_OPERATORS = ["_&&_", "_||_", "_?_:_", "!_", "-_", "_+_", "_-_", "_*_", "_/_", "_%_", "_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_",
              "@in", "_[_]"]  # fmt: skip
_ARITY = {"_?_:_": 3, "!_": 1, "-_": 1}
_FUNCTIONS = sorted({name for name, _ in FUNCTIONS if name[0].isalpha()} | {"nothing"})


@st.composite
def wild(draw, depth: int = 3) -> Expr:
    """Any tree that the parser could make after names are resolved, however senseless."""
    return _Wild(draw).expr(depth)


class _Wild:
    def __init__(self, draw) -> None:
        self.draw = draw

    def pick(self, options: Sequence):
        return self.draw(st.sampled_from(list(options)))

    def expr(self, depth: int) -> Expr:
        ways = (
            [self.operator] * 4
            + [self.junction] * 2
            + [self.function, self.method, self.has, self.select, self.list, self.map, self.macro]
        )
        return self.pick([self.leaf] * 3 + ways if depth else [self.leaf])(depth - 1)

    def several(self, depth: int) -> tuple[Expr, ...]:
        return tuple(self.expr(depth) for _ in range(self.draw(st.integers(0, 3))))

    def leaf(self, depth: int) -> Expr:
        return self.draw(literals()) if self.draw(st.booleans()) else Ident(self.pick(_NAMES))

    def operator(self, depth: int) -> Expr:
        name = self.pick(_OPERATORS)
        call = Call(name, tuple(self.expr(depth) for _ in range(_ARITY.get(name, 2))))
        return call.args[0] if _folds(call) else call

    def junction(self, depth: int) -> Expr:
        return Call(self.pick(["_&&_", "_||_"]), (self.expr(depth), self.expr(depth)))

    def function(self, depth: int) -> Expr:
        return Call(self.pick(_FUNCTIONS), self.several(depth))

    def method(self, depth: int) -> Expr:
        return Call(self.pick(_FUNCTIONS), self.several(depth), self.expr(depth))

    def has(self, depth: int) -> Expr:
        return Call("has", (Ident(self.pick(INPUTS)),))

    def select(self, depth: int) -> Expr:
        return Select(
            self.pick([self.map, self.call_of_a_name])(depth), self.pick(["a", "b", "a-b/c"]), self.draw(st.booleans())
        )

    def call_of_a_name(self, depth: int) -> Expr:
        return Call("dyn", (Ident(self.pick(_NAMES)),))

    def list(self, depth: int) -> Expr:
        return ListExpr(self.several(depth))

    def map(self, depth: int) -> Expr:
        keys = st.one_of(literals(), st.just(Literal("string", "a")))
        return MapExpr(tuple((self.draw(keys), value) for value in self.several(depth)))

    def macro(self, depth: int) -> Expr:
        kind = self.pick(["all", "exists", "exists_one", "filter", "map"])
        bodies = 2 if kind == "map" and self.draw(st.booleans()) else 1
        return Macro(kind, self.expr(depth), self.pick(VARIABLES), tuple(self.expr(depth) for _ in range(bodies)))


def _folds(call: Call) -> bool:
    """A minus before a number is a part of the literal."""
    operand = call.args[0]
    number = isinstance(operand, Literal) and operand.kind in ("int", "double")
    return call.function == "-_" and number and str(operand.value)[0] != "-"


def weights() -> st.SearchStrategy[Expr]:
    return st.builds(Weight, st.just(Literal("double", 0.5)), wild())


@st.composite
def typed(draw, of: Type, depth: int = 3) -> Expr:
    """A tree of type `of` that the check has nothing to say about, but for a division by zero that is written out."""
    return _Typed(draw, {}).expr(of, depth)


_ORDER = ("_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_")
_INTS, _WORDS, _TAGS = list_of(INT), list_of(STRING), set_of(STRING)
_TYPED_LITERALS = {
    BOOL: st.booleans().map(lambda v: Literal("bool", v)), INT: ints.map(lambda v: Literal("int", v)),
    UINT: uints.map(lambda v: Literal("uint", int(v))), DOUBLE: doubles.filter(math.isfinite).map(lambda v: Literal("double", v)),
    STRING: texts.map(lambda v: Literal("string", v)), BYTES: blobs.map(lambda v: Literal("bytes", v)),
}  # fmt: skip
# What gives a value of a type: an operator or a function, and the types of its operands.
_CALLS: dict[Type, list[tuple[str, tuple[Type, ...]]]] = {
    BOOL: [
        *((name, (BOOL, BOOL)) for name in ("_&&_", "_||_") * 6), *[("!_", (BOOL,))] * 3,
        *((name, (of, of)) for of in (INT, UINT, DOUBLE, STRING, BYTES, BOOL, TIMESTAMP, DURATION) for name in _ORDER),
        *[("@in", (STRING, _TAGS)), ("@in", (INT, _INTS)), ("@in", (DOUBLE, list_of(DOUBLE))), ("@in", (STRING, _WORDS))] * 3,
    ],
    INT: [*((name, (INT, INT)) for name in ("_+_", "_-_", "_*_", "_/_", "_%_")), ("-_", (INT,)), ("size", (STRING,)),
          ("_[_]", (_INTS, INT)), ("_[_]", (map_of(STRING, INT), STRING)), ("int", (DOUBLE,))],
    UINT: [*((name, (UINT, UINT)) for name in ("_+_", "_-_", "_*_", "_/_", "_%_")), ("uint", (INT,))],
    DOUBLE: [*((name, (DOUBLE, DOUBLE)) for name in ("_+_", "_-_", "_*_", "_/_")), ("-_", (DOUBLE,)), ("double", (INT,))],
    STRING: [("_+_", (STRING, STRING)), ("string", (INT,))],
    BYTES: [("_+_", (BYTES, BYTES)), ("bytes", (STRING,))],
    TIMESTAMP: [("_+_", (TIMESTAMP, DURATION)), ("_-_", (TIMESTAMP, DURATION))],
    DURATION: [("_+_", (DURATION, DURATION)), ("_-_", (TIMESTAMP, TIMESTAMP))],
    _INTS: [("_+_", (_INTS, _INTS))],
}  # fmt: skip


class _Typed:
    """Draws a typed tree; `scope` are the macros' variables."""

    def __init__(self, draw, scope: dict[str, Type]) -> None:
        self.draw, self.scope = draw, scope

    def pick(self, options: Sequence):
        return self.draw(st.sampled_from(list(options)))

    def expr(self, of: Type, depth: int) -> Expr:
        ways = [self.leaf] if depth == 0 else [self.leaf, self.call, self.call, self.choice, *self.special(of)]
        return self.pick(ways)(of, depth - 1)

    def special(self, of: Type) -> list:
        return {
            BOOL: [self.score, self.enum, self.has, self.text, self.macro, self.macro],
            _INTS: [self.list, self.map],
        }.get(of, [])

    def leaf(self, of: Type, depth: int) -> Expr:
        names = [name for name, known in {**INPUTS, **self.scope}.items() if known == of]
        if of in _TYPED_LITERALS and (not names or self.draw(st.booleans())):
            return self.draw(_TYPED_LITERALS[of])
        return Ident(self.pick(names))

    def call(self, of: Type, depth: int) -> Expr:
        if of not in _CALLS:
            return self.leaf(of, depth)
        name, types = self.pick(_CALLS[of])
        call = Call(name, tuple(self.expr(part, depth) for part in types))
        return call.args[0] if _folds(call) else call

    def choice(self, of: Type, depth: int) -> Expr:
        return Call("_?_:_", (self.expr(BOOL, depth), self.expr(of, depth), self.expr(of, depth)))

    def score(self, of: Type, depth: int) -> Expr:
        sides = [
            Ident("text.hate"),
            self.pick([Ident("image.nudity"), Literal("double", self.draw(micros) / 1_000_000)]),
        ]
        return Call(self.pick(_ORDER), tuple(self.draw(st.permutations(sides))))

    def enum(self, of: Type, depth: int) -> Expr:
        art, none = Literal("string", "art"), Literal("string", "none")
        some = self.pick([(), (art,), (art, none)])
        return self.pick(
            [Call("_!=_", (Ident("content.context"), art)), Call("@in", (Ident("content.context"), ListExpr(some)))]
        )

    def has(self, of: Type, depth: int) -> Expr:
        return Call("has", (Ident(self.pick(INPUTS)),))

    def text(self, of: Type, depth: int) -> Expr:
        if self.draw(st.booleans()):
            return Call("matches", (Literal("string", self.pick(["a+", "^$", "[^a]b?"])),), self.expr(STRING, depth))
        return Call(
            self.pick(["contains", "startsWith", "endsWith"]), (self.expr(STRING, depth),), self.expr(STRING, depth)
        )

    def macro(self, of: Type, depth: int) -> Expr:
        over = self.pick([_INTS, _TAGS, _WORDS])
        return self.over(self.pick(["all", "exists", "exists_one"]), over, BOOL, depth)

    def map(self, of: Type, depth: int) -> Expr:
        return (
            self.over("map", _INTS, INT, depth) if self.draw(st.booleans()) else self.over("filter", _INTS, BOOL, depth)
        )

    def over(self, kind: str, over: Type, body: Type, depth: int) -> Expr:
        variable = f"x{len(self.scope)}"
        inside = _Typed(self.draw, {**self.scope, variable: over.args[0]})
        return Macro(kind, self.expr(over, depth), variable, (inside.expr(body, depth),))

    def list(self, of: Type, depth: int) -> Expr:
        return ListExpr(tuple(self.expr(INT, depth) for _ in range(self.draw(st.integers(1, 3)))))


def same(a: object, b: object) -> bool:
    """Exactly the same result: type, sign of zero and NaN included; an error like an error."""
    if isinstance(a, Err) or isinstance(b, Err):
        return isinstance(a, Err) and isinstance(b, Err)
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return repr(a) == repr(b)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, CelMap):
        return same(tuple(part for e in a.items() for part in e), tuple(part for e in b.items() for part in e))
    return a == b


assert set(TYPES) >= {"int", "type"}
