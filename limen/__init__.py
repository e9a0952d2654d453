"""Limen: declarative policy-as-code for content moderation.

`Engine.load` reads a pack of rule files; `Engine.decide` decides on scores, `Engine.moderate` runs the scorers first.
"""

from limen import _siblings as _siblings  # isort: skip - first: a stranger's package must not be imported in our place

from engine.bundle import BundleError
from engine.decision import Status
from engine.engine import Engine, PackInvalidError
from engine.rendering import Decision
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.pack import PackError
from scorers.content import Content
from scorers.function import scorer
from scorers.scorer import Choice, Count, Flag, Score, Text

__all__ = [
    "BundleError",
    "Choice",
    "Content",
    "Count",
    "Decision",
    "Diagnostic",
    "Engine",
    "Flag",
    "PackError",
    "PackInvalidError",
    "Score",
    "Status",
    "Text",
    "scorer",
]
__version__ = "0.1.0"
