"""What the hand-written equivalents of the shipped pack share: its thresholds by clause, and routes as the bits of a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from benchmarks import handwritten
from policy_dsl.program import Cut, Ladder, Program, Rung

ALLOW, LABEL, LIMIT, REDUCE, BLOCK, REMOVE, TERMINATE = range(7)
P0, P1, P2, P3 = range(4)
ABSENT = -1_000_000  # a score that is missing or does not apply reaches no threshold
STEP = 10_000

EU = tuple(sorted(handwritten.EU))
DHARMIC = tuple(sorted(handwritten.DHARMIC))
LABELS = ("label.hate", "label.nudity", "label.spam", "label.violence")
CHANGED = frozenset(
    {
        "hate.text.hate.reduce+review@GLOBAL",
        "hate.text.hate.review@GLOBAL",
        "misinformation.vendor.misinformation.review@GLOBAL",
        "nudity.risk.reduce+review@GLOBAL",
        "nudity.risk.remove@DE",
        "spam.text.spam.label@GLOBAL[content.surface=comment]",
        "terrorism.image.terrorism.escalate@GLOBAL",
        "violence.image.violence.limit+review@GLOBAL",
    }
)

Route: TypeAlias = tuple[str, str, int]
ROUTES: tuple[Route, ...] = (
    ("escalate", "child-safety", P0),
    ("escalate", "intimate-images", P1),
    ("escalate", "law-enforcement", P0),
    ("escalate", "live-crisis", P0),
    ("escalate", "specialist", P0),
    ("escalate", "terrorism", P0),
    ("escalate", "terrorism-orders", P0),
    ("review", "civic", P1),
    ("review", "general", P0),
    ("review", "general", P1),
    ("review", "general", P2),
    ("review", "general", P3),
    ("review", "hash-retry", P0),
    ("review", "hash-retry", P1),
    ("review", "hate-language", P1),
    ("review", "intimate-images", P1),
    ("review", "intimate-images", P2),
    ("review", "legal", P1),
    ("review", "notices", P1),
    ("review", "notices", P2),
    ("review", "privacy", P1),
    ("review", "threats", P0),
    ("review", "threats", P1),
    ("review", "wellbeing", P1),
)


def bit(queue: str, priority: int, route: str = "review") -> int:
    return 1 << ROUTES.index((route, queue, priority))


def routes(mask: int) -> tuple[Route, ...]:
    """Each queue once, with its most severe priority; what is escalated nobody else sees."""
    found = [route for number, route in enumerate(ROUTES) if mask >> number & 1]
    alone = [route for route in found if route[0] == "escalate"] or found
    levels: dict[tuple[str, str], int] = {}
    for route, queue, priority in alone:
        levels[route, queue] = min(priority, levels.get((route, queue), priority))
    return tuple((route, queue, priority) for (route, queue), priority in sorted(levels.items()))


# -- thresholds ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In millionths, by clause."""

    by_clause: Mapping[str, int]

    def __call__(self, rung: str, surface: str | None = None, region: str = "GLOBAL") -> int:
        """`rung` with its policy and score, such as `hate.text.hate.review`."""
        where = f"[content.surface={surface}]" if surface else ""
        return self.by_clause[f"{rung}@{region}{where}"]


def thresholds(program: Program) -> Thresholds:
    cuts = [cut for ladder in _ladders(program) for rung in ladder.rungs for cut in rung.cuts]
    return Thresholds({cut.clause: cut.threshold for cut in cuts if cut.threshold is not None})


def lowered(program: Program, steps: int) -> Program:
    """The pack with eight thresholds lowered by so many hundredths. `steps` in [0, 7]: the order of the rungs stays."""
    return _with_cuts(
        program,
        lambda cut: (
            replace(cut, threshold=cut.threshold - steps * STEP) if cut.clause in CHANGED and cut.threshold else cut
        ),
    )


def variants(program: Program, count: int) -> tuple[Program, ...]:
    """A; A and B; or A, B and others. `count` in [1, 8]."""
    return tuple(lowered(program, steps) for steps in (0, 5, 1, 2, 3, 4, 6, 7)[:count])


def _ladders(program: Program) -> Sequence[Ladder]:
    return [ladder for policy in program.policies for variant in policy.variants for ladder in variant.ladders]


def _with_cuts(program: Program, change: Callable[[Cut], Cut]) -> Program:
    def rung(old: Rung) -> Rung:
        return replace(old, cuts=tuple(map(change, old.cuts)))

    def ladder(old: Ladder) -> Ladder:
        return replace(old, rungs=tuple(map(rung, old.rungs)))

    policies = tuple(
        replace(
            policy,
            variants=tuple(replace(item, ladders=tuple(map(ladder, item.ladders))) for item in policy.variants),
        )
        for policy in program.policies
    )
    return replace(program, policies=policies)
