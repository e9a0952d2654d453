"""LIM104: a region or group that is not known."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks import table_cells
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.unknown_input import blocks
from policy_dsl.diagnostics import Diagnostic


def unknown_region(context: Context) -> Iterator[Diagnostic]:
    tree = context.env.tree
    for name in regions_named(context):
        if name.text not in tree and name.text not in tree.groups:
            near = tree.suggest(name.text)
            tell = (
                f"did you mean `{near}`?"
                if near
                else "regions are ISO codes such as `DE`, `US-CA`, `EU` and `GLOBAL`, or groups of the manifest"
            )
            yield finding("LIM104", f"no region or group is named `{name.text}`", name.span, tell)


def regions_named(context: Context) -> Iterator[n.Name]:
    for policy in context.policies:
        for item in policy.body:
            if isinstance(item, n.Regions):
                yield from item.names
        for block in blocks(policy.body):
            if isinstance(block, n.Region):
                yield from block.names
    for _, found in context.everything:
        meta = getattr(found.node, "meta", None)
        yield from meta.regions if meta else ()
    for top in context.items:
        match top:
            case n.Test(expect=expects):
                yield from (name for expect in expects for name in expect.regions)
            case n.Tests():
                yield from table_cells.regions(top)
            case _:
                pass
