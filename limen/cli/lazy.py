"""A group of commands each of whose modules is imported when its command is called: `limen --help` waits for none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """`home` is `module:name` of a function or a Typer app; `told` is its line in the list of commands."""

    home: str
    told: str


class LazyGroup(TyperGroup):
    """Subclasses name the commands in `entries`, in the order in which help lists them."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        entry = self.entries.get(cmd_name)
        return _command(cmd_name, entry) if entry else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in self.entries and not name.startswith("-"):
            from policy_dsl.suggest import suggest  # noqa: PLC0415 - only who mistypes waits for it

            near = suggest(name, self.entries)
            ctx.fail(f"there is no command `{name}`" + (f", did you mean `{near}`" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.told) for name, entry in self.entries.items()])


def _command(name: str, entry: Entry) -> Any:
    module, _, attribute = entry.home.partition(":")
    found = getattr(import_module(module), attribute)
    command = typer.main.get_command(found if isinstance(found, typer.Typer) else _alone(name, found))
    command.name, command.short_help = name, entry.told
    return command


def _alone(name: str, function: Callable[..., None]) -> typer.Typer:
    """An app of one command, which typer turns into that command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(name)(function)
    return app
