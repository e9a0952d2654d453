"""The command line's reference is what the command line says of itself; `pytest --update-golden` renews it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from limen.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
HEAD = """\
Exit status everywhere: 0 fine, 1 findings or failed expectations, 2 the command could not be carried out, with one clear message
on standard error. `-` is standard input or output. `NO_COLOR` and pipes get no colour. `LIMEN_LOG=info` (or `debug`) tells more on
standard error; `LIMEN_LOG_FORMAT=json` tells it as JSON lines.
"""


def reference() -> str:
    command = typer.main.get_command(app)
    text = get_docs_for_click(
        obj=command, ctx=typer.Context(command, info_name="limen"), name="limen", title="The command line"
    )
    title, _, rest = text.partition("\n\n")
    lines = [line.rstrip() for line in f"{title}\n\n{HEAD}\n{rest}".splitlines()]
    return "\n".join(lines).rstrip() + "\n"


def test_the_page_is_what_the_commands_say(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, reference())
