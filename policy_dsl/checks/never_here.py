"""LIM151: a statement for regions where it cannot hold, for they lie outside of its policy's or its block's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, listed
from policy_dsl.checks.unknown_input import blocks
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.env import Env
from policy_dsl.places import expand


def never_here(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        home = context.home(policy)
        where = next((item for item in policy.body if isinstance(item, n.Regions)), policy.name)
        for block in blocks(policy.body):
            if isinstance(block, n.Region):
                yield from _strangers(
                    context.env, block.names, home, where, f"the policy `{policy.name.text}` holds in"
                )
    for owner, found in context.everything:
        meta = getattr(found.node, "meta", None)
        if meta and owner is not None and meta.regions:
            yield from _narrowed(context, owner, meta, found.place.blocks)
        elif meta and meta.policies and meta.regions:
            yield from _pack_level(context, meta)


def _strangers(
    env: Env, names: Sequence[n.Name], home: Sequence[str], where: n.Regions | n.Name | n.Region, what: str
) -> Iterator[Diagnostic]:
    """The names of which no region lies on one line of the tree with one of `home`."""
    for name in names:
        codes = expand((name,), env)
        if codes and home and not any(related(env, code, other) for code in codes for other in home):
            message = f"this can never hold in `{name.text}`: {what} {listed(home)}"
            yield finding("LIM151", message, name.span, None, [Label(where.span, "stated here")])


def _narrowed(
    context: Context, policy: n.Policy, meta: n.Meta, around: tuple[n.Region | n.For, ...]
) -> Iterator[Diagnostic]:
    """A clause's own `regions`, against its block's, which must hold them, and its policy's."""
    block = next((block for block in around if isinstance(block, n.Region)), None)
    if block is None:
        home = next((item for item in policy.body if isinstance(item, n.Regions)), policy.name)
        yield from _strangers(
            context.env, meta.regions, context.home(policy), home, f"the policy `{policy.name.text}` holds in"
        )
        return
    outer = expand(block.names, context.env)
    for name in meta.regions:
        codes = expand((name,), context.env)
        if outer and not all(any(context.env.tree.is_within(code, top) for top in outer) for code in codes):
            message = f"`{name.text}` does not lie in {listed(outer)}, the regions of the block around this"
            label = Label(block.names[0].span.to(block.names[-1].span), "the block's regions")
            yield finding(
                "LIM151", message, name.span, "move this clause out of the block, or leave `regions` out", [label]
            )


def _pack_level(context: Context, meta: n.Meta) -> Iterator[Diagnostic]:
    named = [context.policy_names[name.text] for name in meta.policies if name.text in context.policy_names]
    home = tuple(dict.fromkeys(code for policy in named for code in context.home(policy)))
    if len(named) == len(meta.policies):
        yield from _strangers(context.env, meta.regions, home, meta.policies[0], "the policies that it names hold in")


def related(env: Env, code: str, other: str) -> bool:
    """Whether one of the two is the other or stands above it."""
    return env.tree.is_within(code, other) or env.tree.is_within(other, code)
