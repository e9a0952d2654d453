"""A decision -> sentences for a person who wrote none of it: what was decided, why, and what would change it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.rendering import Decision
from policy_dsl.program import MICRO, Adjustment, Grant, Policy, Program

WHY_MISSING = {"null": "sent as null", "absent": "not sent"}


def tell(decision: Decision, *, silent: bool = False) -> str:
    """With `silent`, policies that had nothing to say are told one by one, with how far their scores are from speaking."""
    told = decision.to_dict()
    teller = Teller(decision.program, told, silent)
    return "\n".join(line.rstrip() for line in teller.lines())


@dataclass(frozen=True, slots=True)
class Teller:
    """One rendered decision, and the program that knows titles, reasons and deadlines."""

    program: Program
    told: Mapping[str, Any]
    silent: bool

    def lines(self) -> Iterator[str]:
        told = self.told
        what = told["enforcement"] or "no verdict"
        yield f"{_id(told['id'])} in {told['region'] or 'an unknown region'}: {what} ({told['status']})"
        yield from self._status()
        yield from self._consequences()
        yield from self._policies()
        yield from self._nearest()
        if told.get("unknown"):
            yield f"  ignored, as the pack does not know them: {', '.join(told['unknown'])}"
        if told.get("chain"):
            arms = "".join(f", arm {arm} of {name}" for name, arm in told.get("experiments", {}).items())
            chain = ", then ".join(told["chain"])
            yield f"  read by the rules of {chain}{arms}; pack {self.program.pack} {told['pack'][:19]}"

    def _status(self) -> Iterator[str]:
        if self.told.get("reason"):
            yield f"  because {self.told['reason']}"
        elif self.told["status"] == "degraded":
            yield "  degraded: inputs are missing that could change it, and the policies' words for that case had to speak"
        elif self.told["status"] == "unavailable":
            yield "  unavailable: too much is missing for any policy to be sure of anything"

    def _consequences(self) -> Iterator[str]:
        slas = {tier.name: tier.sla_seconds for tier in self.program.severities}
        for route in self.told["routes"]:
            yield f"  goes to {route['route']}: queue {route['queue']}, priority {route['priority']}{_within(slas[route['priority']])}"
        for sanction in self.told["sanctions"]:
            options = ", ".join(f"{key}: {_plain(value)}" for key, value in sanction.items() if key != "sanction")
            yield f"  account: {sanction['sanction']}" + (f" ({options})" if options else "")
        if self.told["effects"]:
            yield "  effects: " + ", ".join(f"{key}: {_plain(value)}" for key, value in self.told["effects"].items())

    def _policies(self) -> Iterator[str]:
        entries = self.told.get("policies", ())
        ranks = {item.name: rank for rank, item in enumerate(self.program.enforcements)}
        speaking = [entry for entry in entries if _speaks(entry)]
        for entry in sorted(speaking, key=lambda entry: -ranks.get(entry["enforcement"], 0)):
            yield from self._policy(entry)
        quiet = [entry for entry in entries if not _speaks(entry)]
        if self.silent:
            for entry in quiet:
                yield from self._policy(entry)
        elif quiet:
            yield f"  nothing to say: {', '.join(entry['policy'] for entry in quiet)}"

    def _policy(self, entry: Mapping[str, Any]) -> Iterator[str]:
        policy = next(policy for policy in self.program.policies if policy.name == entry["policy"])
        words = " and ".join(dict.fromkeys([entry["enforcement"], *entry["routes"], *entry["sanctions"]]))
        shadow = " (in shadow: not enforced)" if entry.get("shadow") else ""
        yield f"  {policy.name} ({policy.title}): {words}{shadow}"
        yield from (f"    {line}" for line in (*_reason(entry), *_exceptions(entry, policy, self.program)))
        yield from (f"    {line}" for line in self._missing(entry["missing"]))
        for error in entry.get("errors", ()):
            yield f"    an error in a condition: {error}"

    def _missing(self, names: Sequence[str]) -> Iterator[str]:
        """`text.hate and text.spam are missing: not sent`, a line for each reason."""
        reasons: dict[str, list[str]] = {}
        for name in names:
            why = self.told.get("why_missing", {}).get(name, "not known why")
            reasons.setdefault(WHY_MISSING.get(why, why), []).append(name)
        for why, group in reasons.items():
            yield f"{' and '.join(group)} {'is' if len(group) == 1 else 'are'} missing: {why}"

    def _skipped(self) -> Iterator[str]:
        for scorer, why in self.told.get("skipped", {}).items():
            yield f"  not asked: {scorer} ({why})"
        if self.told.get("way") == "sampled":
            yield "  every scorer was asked, for the content is in the sample"

    def _nearest(self) -> Iterator[str]:
        near = self.told.get("nearest")
        if not near:
            return
        now = {self.told["enforcement"], *(route["route"] for route in self.told["routes"])}
        words = list(dict.fromkeys([near["then"] or "no verdict", *near["routes"]]))
        then = "send it to other queues" if set(words) == now else f"give {' and '.join(words)}"
        change = f"{near['score']} at {_number(near['becomes'])} instead of {_number(near['value'])}"
        yield f"  nearest change: {change} would {then}"


def _speaks(entry: Mapping[str, Any]) -> bool:
    return any(entry.get(key) for key in ("clause", "exceptions", "missing", "errors", "reason"))


def _reason(entry: Mapping[str, Any]) -> Iterator[str]:
    """The deciding clause; of a policy that did not speak, the rung that came nearest."""
    clause, place = entry["clause"], f" ({entry['source']}{_scope(entry['clause'] or '')})" if entry["source"] else ""
    if entry["threshold"] is not None:
        yield _rung(entry) + place
    elif clause and ".on_missing" in clause:
        yield f"something it needs is missing, and its default for that speaks{place}"
    elif clause and ".on_error" in clause:
        yield f"a condition failed, and its default for that speaks{place}"
    elif clause:
        yield f"rule `{_name(clause)}` holds{place}"
    elif entry.get("reason"):
        yield "left open: its scorers were not asked, as nothing they could say would change the decision"


def _rung(entry: Mapping[str, Any]) -> str:
    """`risk is 0.92, 0.02 above the threshold 0.9 of `remove``."""
    score, threshold = entry["score"], _number(entry["threshold"])
    of = f" of `{_name(entry['clause']).replace('+', ' and ')}`" if entry["clause"] else ""
    if entry["value"] is None:
        return f"{score} is at least {threshold}, the threshold{of}, whatever is missing"
    side = "above" if entry["margin"] >= 0 else "below"
    margin = f"{_number(abs(entry['margin']))} {side}" if entry["margin"] else "exactly at"
    return f"{score} is {_number(entry['value'])}, {margin} the threshold {threshold}{of}"


def _name(clause: str) -> str:
    """The last name of a clause: `medical` of `nudity.medical@GLOBAL`, `remove` of `nudity.risk.remove@DE`."""
    return clause.partition("@")[0].rpartition(".")[2]


def _scope(clause: str) -> str:
    """Where and when a clause holds, unless everywhere and always: `, stated for DE where content.surface is live`."""
    scope = re.fullmatch(
        r"[^@]*@(?P<region>[^\[~%]+)(?P<inputs>(\[[^\]]*\])*)(~(?P<date>[^%]*))?(%(?P<arm>.*))?", clause
    )
    if scope is None:
        return ""
    inputs = [
        part.replace("=", " is ", 1).replace(",", " or ") for part in re.findall(r"\[([^\]]*)\]", scope["inputs"])
    ]
    words = [f"where {' and '.join(inputs)}"] if inputs else []
    words += [f"from {scope['date']}"] if scope["date"] else []
    words += [f"in variant {scope['arm'].replace(':', ' ')}"] if scope["arm"] else []
    region = [scope["region"]] if words or scope["region"] != "GLOBAL" else []
    return f", stated for {' '.join([*region, *words])}" if region else ""


def _exceptions(entry: Mapping[str, Any], policy: Policy, program: Program) -> Iterator[str]:
    clauses: dict[str, Grant | Adjustment] = {}
    for variant in policy.variants:
        clauses |= {item.clause: item for item in variant.grants} | {item.clause: item for item in variant.adjustments}
    for clause in entry["exceptions"]:
        item = clauses.get(clause)
        if item is None:
            yield f"exception `{_name(clause)}` applied"
            continue
        reason = f": {item.reason}" if item.reason else ""
        yield f"{_granted(item, program)} ({item.source}){reason}"


def _granted(item: Grant | Adjustment, program: Program) -> str:
    if isinstance(item, Adjustment):
        return f"`{_name(item.clause)}` {'raised' if item.delta > 0 else 'lowered'} the thresholds by {_number(abs(item.delta) / MICRO)}"
    if item.cap is None:
        return f"exception `{_name(item.clause)}` waived it"
    return f"exception `{_name(item.clause)}` held it at `{program.enforcements[item.cap].name}`"


def _id(value: Any) -> str:
    return "the content" if value is None or value == "" else str(value)


def _within(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return f", within {seconds // 3600}h" if seconds % 3600 == 0 else f", within {seconds // 60}m"


def _number(value: float) -> str:
    """At most six places, none of them an idle zero."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
