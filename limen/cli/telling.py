"""A rendered decision -> sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def tell(decision: Mapping[str, Any]) -> str:
    """What was decided, why, and what would change it, for a person who wrote none of it."""
    return "\n".join(_lines(decision))


def _lines(decision: Mapping[str, Any]) -> Iterator[str]:
    what = decision["enforcement"] or "no verdict"
    yield f"{decision['id'] or 'the content'} in {decision['region'] or 'an unknown region'}: {what} ({decision['status']})"
    if decision.get("reason"):
        yield f"  because {decision['reason']}"
    for route in decision["routes"]:
        yield f"  goes to {route['route']}, queue {route['queue']}, priority {route['priority']}"
    for sanction in decision["sanctions"]:
        options = ", ".join(f"{key} {value}" for key, value in sanction.items() if key != "sanction")
        yield f"  account: {sanction['sanction']}" + (f" ({options})" if options else "")
    if decision["effects"]:
        yield "  effects: " + ", ".join(
            f"{key} = {str(value).lower() if isinstance(value, bool) else value}"
            for key, value in decision["effects"].items()
        )
    for policy in decision.get("policies", ()):
        yield from _policy(policy, decision.get("why_missing", {}))
    near = decision.get("nearest")
    if near:
        yield f"  nearest change: {near['score']} {near['value']:.6f} -> {near['becomes']:.6f} would give {_outcome(near)}"
    if decision.get("chain"):
        yield f"  rules of {' > '.join(reversed(decision['chain']))}; pack {decision['pack'][:19]}"


def _outcome(near: Mapping[str, Any]) -> str:
    return " and ".join([near["then"] or "no verdict", *near["routes"]])


def _policy(policy: Mapping[str, Any], why: Mapping[str, str]) -> Iterator[str]:
    words = [policy["enforcement"], *policy["routes"], *policy["sanctions"]]
    shadow = " (shadow: not enforced)" if policy.get("shadow") else ""
    place = f" by {policy['clause']} ({policy['source']})" if policy["clause"] else ""
    yield f"  {policy['policy']}: {' and '.join(words)}{place}{shadow}"
    if policy["value"] is not None:
        side = "above" if policy["margin"] >= 0 else "below"
        yield f"    {policy['score']} is {policy['value']:g}, {abs(policy['margin']):g} {side} the threshold {policy['threshold']:g}"
    for exception in policy["exceptions"]:
        yield f"    exception {exception} applied"
    for name in policy["missing"]:
        yield f"    {name} is missing ({why.get(name, 'not known')})"
    for error in policy.get("errors", ()):
        yield f"    an error in a condition: {error}"
