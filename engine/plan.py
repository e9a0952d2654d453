"""How the scores of one content were come by: which mode, with which chance, and which scorers were not asked, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.compiled.fusion import below, operands
from engine.compiled.here import Here
from engine.intervals import evaluate
from engine.judge import Judgement
from engine.reference import Evaluation
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.serial import from_json
from policy_dsl.program import MICRO, Consequence, Policy, ScoreExpr
from scorers.content import Content

Mode = Literal["decisive", "complete"]
Way = Literal["decisive", "complete", "sampled"]
MODES: tuple[Mode, ...] = ("decisive", "complete")


@dataclass(frozen=True, slots=True)
class Plan:
    """`way`: every scorer was asked because all contents get that (`complete`) or because this one fell into the sample
    (`sampled`), or only those that could still matter (`decisive`). `propensity` in (0, 1]: the chance with which a content
    goes that way, so that rows of one way, weighted by its inverse, stand for all traffic. `skipped`: the scorers that judge
    something of the content and were not asked.
    """

    way: Way
    propensity: float
    skipped: tuple[str, ...] = ()


def draw(content: Content, mode: Mode, share: float) -> Plan:
    """The way of a content. The sample is a hash of its id, or without one of what it consists of: the same everywhere."""
    millionths = round(share * MICRO)
    if mode == "complete":
        return Plan("complete", 1.0)
    if bucket(content) < millionths:
        return Plan("sampled", millionths / MICRO)
    return Plan("decisive", (MICRO - millionths) / MICRO)


def bucket(content: Content) -> int:
    """The first eight bytes of a SHA-256, modulo 1,000,000, as experiments assign (ruling R17)."""
    found = hashlib.sha256(b"limen.sample\0")
    for part in (content.id,) if content.id else _parts(content):
        found.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return int.from_bytes(found.digest()[:8], "big") % MICRO


def _parts(content: Content) -> Iterator[str]:
    yield content.text or ""
    for medium in content.media:
        yield medium.path.name if medium.path else hashlib.sha256(medium.data or b"").hexdigest()


# -- why a scorer was not asked --------------------------------------------------------------------------------------


def why_skipped(evaluation: Evaluation, outputs: Collection[str]) -> str:
    """Why a scorer with these outputs was not asked, for a person."""
    acting = [item for item in evaluation.judgements if not item.policy.shadow]
    readers = [item.policy for item in evaluation.judgements if _reads(evaluation, item) & set(outputs)]
    if all(policy.shadow for policy in readers) and not _reacts(evaluation, outputs):
        shadowed = ", ".join(f"`{policy.name}`" for policy in readers)
        return f"only in shadow: {shadowed}" if readers else "not read: no rule here asks for it"
    bands = [name for item in acting for name in passed_bands(item, outputs)]
    if bands and not any(_waits(item, outputs) for item in acting):
        return f"outside the band: {', '.join(bands)} took the cheap score"
    return "not needed: no value of it changes the decision"


def reads(policy: Policy, place: int) -> frozenset[str]:
    """The inputs on which a policy's verdict rests in a place, whether it is in shadow or not."""
    return Here(0, place, replace(policy, shadow=False)).inputs


def _reads(evaluation: Evaluation, judgement: Judgement) -> frozenset[str]:
    return reads(judgement.policy, judgement.policy.places[evaluation.program.regions.index(evaluation.region)])


def _reacts(evaluation: Evaluation, outputs: Collection[str]) -> bool:
    return any(reaction_reads(item) & set(outputs) for item in evaluation.program.consequences)


def reaction_reads(item: Consequence) -> frozenset[str]:
    """The inputs that a consequence asks for."""
    derived = {score.name: score.expr for score in item.scores}
    named = {name for name, _ in free_names(from_json(item.when))} if item.when is not None else set[str]()
    return below(named, derived) | {name for name, _ in item.guard.within}


def passed_bands(judgement: Judgement, outputs: Collection[str]) -> Iterator[str]:
    """The policy's derived scores whose cascade has one of the outputs as its deep side, and did not need it."""
    derived = {score.name: score.expr for score in judgement.variant.scores}
    for name, expr in derived.items():
        for cheap, deep, low, high in cascades(expr):
            span = evaluate(cheap, judgement.view.spans.__getitem__)
            outside = span is not None and (span.high < low or span.low > high)
            if outside and below(operands(deep), derived) & set(outputs):
                yield f"`{name}`"
                break


def _waits(judgement: Judgement, outputs: Collection[str]) -> bool:
    """Whether one of the policy's scores is still open for want of the outputs."""
    spans = (judgement.view.spans[score.name] for score in judgement.variant.scores)
    return any(span is not None and span.missing & set(outputs) for span in spans)


def cascades(expr: Any) -> Iterator[tuple[ScoreExpr, ScoreExpr, int, int]]:
    """Every cascade within a score's expression."""
    if isinstance(expr, list):
        if len(expr) == 5 and expr[0] == "cascade":
            yield expr[1], expr[2], expr[3], expr[4]
        for item in expr:
            yield from cascades(item)
