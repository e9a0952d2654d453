"""Lines that no decision can be based on: each gets an `unavailable` decision, and the command ends with status 1."""

from __future__ import annotations

import json
from typing import Any

import typer

from engine.rendering import Decision
from limen.cli.lines import Line


class Refusals:
    """How many lines were refused, and why the first was."""

    def __init__(self) -> None:
        self.count, self.first = 0, ""

    def add(self, problem: str | None) -> None:
        self.first = self.first or problem or ""
        self.count += 1

    def see(self, decision: Decision, number: int) -> None:
        """Counts a decision whose record could not be used."""
        if decision.record is None:
            self.add(f"line {number}: {decision.outcome.reason}")

    def end(self) -> None:
        """Raises typer.Exit with status 1 where a line was refused."""
        if not self.count:
            return
        lines, first = ("1 line was", "") if self.count == 1 else (f"{self.count} lines were", "the first: ")
        typer.echo(
            f"limen: {lines} refused, {first}{self.first}; each has an `unavailable` decision that says why", err=True
        )
        raise typer.Exit(1)


def unreadable(line: Line, digest: str) -> str:
    """The decision for a line that holds no record: nothing is lost, and no outage reads as a verdict."""
    data = line.data or {}
    region = data.get("region")
    told: dict[str, Any] = {
        "id": data.get("id"),
        "region": region if isinstance(region, str) else None,
        "status": "unavailable",
        "enforcement": None,
        "routes": [],
        "sanctions": [],
        "effects": {},
        "missing": [],
        "pack": digest,
        "line": line.number,
        "reason": line.problem,
    }
    return json.dumps(told, ensure_ascii=False)
