"""Every finding's code: a stable number, its short name, what it is about, how bad it is. A page of the docs stands behind each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policy_dsl.cel.codes import CEL_CODES
from policy_dsl.diagnostics import Severity
from policy_dsl.syntax_codes import SYNTAX_CODES

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Code:
    """`title` is a phrase without a final period; `slug` its short name in words joined by hyphens."""

    code: str
    slug: str
    title: str
    severity: Severity


# LIM00x to LIM04x stand in `syntax_codes.py`, LIM30x to LIM34x in `cel/codes.py`. LIM05x: the pack's files. LIM10x and LIM11x: names. LIM12x: definitions. LIM13x: scores. LIM14x: numbers. LIM15x: where and
# when a statement holds. LIM16x: exceptions and experiments. LIM17x: tests. LIM2xx: what works and is hardly meant.
_OWN: Final = (
    ("LIM050", "manifest", "a manifest that does not read", ERROR),
    ("LIM051", "unreadable-file", "a file that cannot be read", ERROR),
    ("LIM052", "scorer", "a scorer that does not load", ERROR),
    ("LIM053", "regions", "regions or groups of the manifest that do not fit the tree", ERROR),
    ("LIM101", "unknown-outcome", "an enforcement, route or sanction that the manifest lacks", ERROR),
    ("LIM102", "unknown-score", "a score that nothing gives", ERROR),
    ("LIM103", "unknown-input", "an input that nothing declares", ERROR),
    ("LIM104", "unknown-region", "a region or group that is not known", ERROR),
    ("LIM105", "unknown-severity", "a severity that the manifest lacks", ERROR),
    ("LIM106", "unknown-mode", "a mode that does not exist", ERROR),
    ("LIM107", "unknown-policy", "a policy that the pack lacks", ERROR),
    ("LIM108", "unknown-option", "an option that an outcome does not have", ERROR),
    ("LIM109", "unknown-clause", "a `because` that names no clause", ERROR),
    ("LIM110", "name-of-another-policy", "a name that only a policy knows", ERROR),
    ("LIM111", "two-enforcements", "two enforcements in one list of outcomes", ERROR),
    ("LIM112", "outcome-twice", "an outcome or option that stands twice in one list", ERROR),
    ("LIM113", "not-an-enforcement", "a route or sanction where only an enforcement can stand", ERROR),
    ("LIM114", "not-a-route", "an enforcement or sanction where only a route can stand", ERROR),
    ("LIM115", "consequence-enforces", "a consequence that proposes an enforcement", ERROR),
    ("LIM116", "option-value", "an option with a value that it cannot have", ERROR),
    ("LIM117", "severity-default", "a severity's default that the manifest lacks", ERROR),
    ("LIM118", "effect-twice", "an effect that stands twice in one block", ERROR),
    ("LIM120", "name-twice", "a name that is defined twice", ERROR),
    ("LIM121", "line-twice", "a line that may stand once in a policy, and stands twice", ERROR),
    ("LIM122", "circle", "a definition that rests on itself", ERROR),
    ("LIM123", "too-deep", "an expression that is too deep or too long", ERROR),
    ("LIM124", "has-of-let", "`has` of something that is no input", ERROR),
    ("LIM125", "policies-in-policy", "`policies` in a clause that stands in a policy", ERROR),
    ("LIM130", "not-a-score", "a definition that computes no score", ERROR),
    ("LIM131", "fusion-arguments", "wrong arguments of a fusion function", ERROR),
    ("LIM132", "weights", "weights that do not sum to 1", ERROR),
    ("LIM133", "score-constant", "a number out of range in a score's definition", ERROR),
    ("LIM134", "cascade-band", "a cascade without a proper band", ERROR),
    ("LIM135", "no-score", "an input of another type where a score must stand", ERROR),
    ("LIM140", "threshold-range", "a threshold that no score can meet, or every one does", ERROR),
    ("LIM141", "six-places", "a number with more than six decimal places", ERROR),
    ("LIM142", "adjust-range", "an adjustment by nothing, or by more than a score's range", ERROR),
    ("LIM143", "share-range", "shares of an experiment that do not fit into 100 %", ERROR),
    ("LIM144", "number-form", "a number that no record can hold", ERROR),
    ("LIM150", "never-in-force", "dates between which there is no time", ERROR),
    ("LIM151", "never-here", "a statement for regions where it cannot hold", ERROR),
    ("LIM152", "displaced-for", "a region's statement that silently displaces a `for`", ERROR),
    ("LIM153", "said-twice", "two statements of one thing at one place and date", ERROR),
    ("LIM154", "overlapping-for", "two `for` blocks that can hold together", ERROR),
    ("LIM155", "for-input", "a `for` over an input that is no enum with a default", ERROR),
    ("LIM156", "for-value", "a `for` value that the input never has", ERROR),
    ("LIM157", "for-never", "a `for` inside of a `for` that excludes it", ERROR),
    ("LIM158", "equal-rungs", "two rungs of equal strength at one threshold", ERROR),
    ("LIM160", "cap-without-ladder", "a cap of a ladder that does not exist", ERROR),
    ("LIM161", "experiment-unit", "an experiment whose unit tells nobody apart", ERROR),
    ("LIM162", "crossing-experiments", "two experiments that change the same statement", ERROR),
    ("LIM170", "table-heading", "a table of tests whose heading does not say what its columns are", ERROR),
    ("LIM171", "table-row", "a table of tests with an empty cell, or without rows", ERROR),
    ("LIM172", "test-value", "a test's value that its input cannot have", ERROR),
    ("LIM173", "given-twice", "an input that a test gives twice", ERROR),
    ("LIM201", "policy-header", "a policy without severity, title or owner", WARNING),
    ("LIM202", "policy-file", "a policy in a file that is not named after it", NOTE),
    ("LIM203", "unused-definition", "a definition that nothing uses", WARNING),
    ("LIM204", "near-namesake", "an override that adds a rung instead of changing one", WARNING),
    ("LIM206", "shadowed-rung", "a rung that can never win", WARNING),
    ("LIM207", "changes-nothing", "an override that changes nothing", WARNING),
    ("LIM208", "cap-never-acts", "an exception that can never act", WARNING),
    ("LIM209", "never-holds", "a condition that can never hold", WARNING),
    ("LIM210", "always-holds", "a condition that always holds", WARNING),
    ("LIM211", "severe-without-review", "a severe policy that nobody ever looks at", WARNING),
    ("LIM212", "modality-mismatch", "a score that is named after what it does not judge", WARNING),
    ("LIM213", "not-monotone", "a higher score that can weaken the decision", NOTE),
    ("LIM214", "severest-not-reached", "a clause of the pack that leaves the severest policies alone", NOTE),
    ("LIM215", "no-tests", "a policy without tests", WARNING),
    ("LIM216", "no-boundary-test", "a rung without a test at its boundary", NOTE),
    ("LIM217", "unused-on-missing", "an `on missing` of an input that the policy does not read", WARNING),
    ("LIM218", "new-rung-in-variant", "a variant's statement that replaces nothing", NOTE),
    ("LIM219", "silenced-rung", "an override that silences a weaker rung", NOTE),
    ("LIM220", "proposes-nothing", "a policy that never proposes anything", WARNING),
    ("LIM221", "nothing-to-adjust", "an adjustment of a policy without thresholds", WARNING),
    ("LIM222", "effect-misspelled", "an effect that is named almost like another", WARNING),
    ("LIM223", "idle-priority", "a priority that never raises anything", WARNING),
    ("LIM224", "empty-block", "a block with nothing in it", WARNING),
    ("LIM225", "uncalibrated", "scores of two models that are compared without calibration", WARNING),
)


def _rows() -> Iterator[Code]:
    yield from (Code(*row) for row in _OWN)
    yield from (Code(code, slug(title), title, ERROR) for code, title in (*SYNTAX_CODES.items(), *CEL_CODES.items()))


def slug(title: str) -> str:
    """`unknown name in a condition` -> `unknown-name-in-a-condition`."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


CODES: Final[Mapping[str, Code]] = {row.code: row for row in sorted(_rows(), key=lambda row: row.code)}
