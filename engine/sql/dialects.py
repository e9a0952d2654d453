"""What the five dialects say differently and sqlglot does not translate with the same meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, get_args

from sqlglot import exp

from engine.sql.errors import SqlUnsupportedError
from engine.sql.terms import E, compare, constant, equal, function, is_null, minus, number, text

Name: TypeAlias = Literal["duckdb", "spark", "bigquery", "snowflake", "postgres"]
NAMES: tuple[str, ...] = get_args(Name)


@dataclass(frozen=True, slots=True)
class Dialect:
    name: Name

    @property
    def dotted_columns(self) -> bool:
        """Whether a column may be named `text.hate`."""
        return self.name != "bigquery"

    @property
    def fenced(self) -> bool:
        """Whether WITH entries must be computed as they stand: Postgres would write their columns out wherever they are used."""
        return self.name == "postgres"

    def divide(self, dividend: E, divisor: E) -> E:
        """The whole quotient, cut toward zero; the divisor is not 0."""
        a, b = constant(dividend), constant(divisor)
        if a is not None and b is not None:
            return number(abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1))
        left, right = _operand(dividend), _operand(divisor)
        match self.name:
            case "bigquery":
                return function("DIV", dividend, divisor)
            case "postgres":
                return exp.Paren(this=exp.Div(this=left, expression=right, typed=True))
            case "snowflake":  # its quotient is a decimal of six places, exact only where nothing is left over
                rest = function("MOD", dividend, divisor)
                return exp.cast(exp.Div(this=exp.Paren(this=minus(dividend, rest)), expression=right), "bigint")
        return exp.Paren(this=exp.IntDiv(this=left, expression=right))

    def remainder(self, dividend: E, divisor: E) -> E:
        """With the sign of the dividend, as in CEL."""
        return function("MOD", dividend, divisor)

    def moment(self, micros: int) -> E:
        """A time in UTC."""
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        return exp.cast(text(at.strftime("%Y-%m-%d %H:%M:%S.%f+00:00")), "timestamptz")

    def size(self, subject: E) -> E:
        """Characters of a text."""
        return function("CHAR_LENGTH" if self.name in ("bigquery", "postgres", "spark") else "LENGTH", subject)

    def starts(self, subject: E, prefix: E) -> E:
        return equal(function("LEFT", subject, self.size(prefix)), prefix)

    def ends(self, subject: E, suffix: E) -> E:
        return equal(function("RIGHT", subject, self.size(suffix)), suffix)

    def includes(self, subject: E, part: str) -> E:
        """`part` is not empty."""
        found = exp.StrPosition(this=subject, substr=text(part))
        return compare(">", found, number(0))

    def matches(self, clause: str, subject: E, pattern: str) -> E:
        """Only where the dialect's regular expressions are RE2's own."""
        if self.name == "duckdb":
            return function("REGEXP_MATCHES", subject, text(pattern))
        if self.name == "bigquery":
            return function("REGEXP_CONTAINS", subject, text(pattern))
        raise SqlUnsupportedError(clause, "`matches` takes RE2's expressions, and the dialect has others", self.name)

    def ordered(self, subject: E) -> E:
        """A text that compares by its characters' code points."""
        return (
            exp.Collate(this=subject, expression=exp.to_identifier("C", quoted=True))
            if self.name == "postgres"
            else subject
        )

    # -- arrays of texts -----------------------------------------------------------------------------------------------

    def holds(self, array: E, item: E) -> E:
        """Whether an array without NULL has an item."""
        return exp.ArrayContains(this=array, expression=item)

    def whole(self, array: E) -> E:
        """Whether an array has no NULL in it."""
        match self.name:
            case "duckdb":
                return equal(function("LIST_COUNT", array), function("LEN", array))
            case "spark":
                return equal(function("SIZE", function("ARRAY_COMPACT", array)), function("SIZE", array))
            case "snowflake":
                return equal(function("ARRAY_SIZE", function("ARRAY_COMPACT", array)), function("ARRAY_SIZE", array))
            case "postgres":
                return exp.Is(this=function("ARRAY_POSITION", array, exp.null()), expression=exp.null())
        return exp.not_(exp.Exists(this=self._unnested(array, is_null(exp.column("x")))))

    def distinct(self, array: E) -> E:
        """How many different items an array has."""
        match self.name:
            case "duckdb":
                return function("LIST_UNIQUE", array)
            case "spark":
                return function("SIZE", function("ARRAY_DISTINCT", array))
            case "snowflake":
                return function("ARRAY_SIZE", function("ARRAY_DISTINCT", array))
        counted = exp.select(exp.Count(this=exp.Distinct(expressions=[exp.column("x")])))
        return exp.Subquery(this=counted.from_(self._unnest(array)))

    def within(self, array: E, known: Sequence[str]) -> E:
        """Whether all items of an array without NULL are among the known."""
        items = [text(name) for name in known]
        match self.name:
            case "duckdb":
                return function("LIST_HAS_ALL", exp.Array(expressions=items), array)
            case "spark":
                return equal(function("SIZE", function("ARRAY_EXCEPT", array, function("ARRAY", *items))), number(0))
            case "snowflake":
                known_items = function("ARRAY_CONSTRUCT", *items)
                return equal(function("ARRAY_SIZE", function("ARRAY_EXCEPT", array, known_items)), number(0))
            case "postgres":
                return exp.ArrayContainsAll(this=exp.Array(expressions=items), expression=array)
        strange = exp.not_(exp.In(this=exp.column("x"), expressions=items))
        return exp.not_(exp.Exists(this=self._unnested(array, strange)))

    def _unnested(self, array: E, where: E) -> exp.Select:
        return exp.select(number(1)).from_(self._unnest(array)).where(where)

    def _unnest(self, array: E) -> E:
        names = {"this": exp.to_identifier("x")} if self.name == "bigquery" else {"this": exp.to_identifier("u")}
        alias = (
            exp.TableAlias(**names)
            if self.name == "bigquery"
            else exp.TableAlias(**names, columns=[exp.to_identifier("x")])
        )
        return exp.Unnest(expressions=[array], alias=alias)

    # -- hashes --------------------------------------------------------------------------------------------------------

    def hex_sha256(self, clause: str, salt: str, unit: E) -> E:
        """SHA-256 of `salt NUL unit` in hexadecimal digits."""
        if self.name == "postgres":
            raise SqlUnsupportedError(
                clause, "an experiment hashes a text with a NUL, which the dialect's texts cannot hold", self.name
            )
        subject = exp.DPipe(this=exp.DPipe(this=text(salt), expression=function("CHR", number(0))), expression=unit)
        match self.name:
            case "duckdb":
                return function("SHA256", subject)
            case "bigquery":
                return function("LOWER", function("TO_HEX", function("SHA256", subject)))
        return function("LOWER", function("SHA2", subject, number(256)))


def _operand(term: E) -> E:
    return term if isinstance(term, (exp.Column, exp.Literal, exp.Func)) else exp.Paren(this=term)
