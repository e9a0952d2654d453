"""What cannot be said in SQL with the same meaning."""

from __future__ import annotations


class SqlUnsupportedError(ValueError):
    """A clause that has no SQL of the same meaning in a dialect; the message names the clause and what it uses."""

    def __init__(self, clause: str, what: str, dialect: str | None = None) -> None:
        self.clause, self.what, self.dialect = clause, what, dialect
        where = f" in {dialect}" if dialect else ""
        super().__init__(
            f"`{clause}` cannot be written as SQL{where}: {what}; decide these rows with `limen decide`, or give the rule a fact"
            " that your pipeline computes beforehand"
        )
