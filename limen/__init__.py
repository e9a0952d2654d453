"""Limen: declarative policy-as-code for content moderation.

`Engine.load` reads a pack of rule files; `Engine.decide` decides on scores, `Engine.moderate` runs the scorers first.
"""

from limen import _siblings as _siblings  # isort: skip - first: a stranger's package must not be imported in our place

from engine.bundle import BundleError
from engine.decision import Status
from engine.engine import Engine
from engine.loader import PackInvalidError
from engine.rendering import Decision
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.pack import PackError
from scorers.content import Content, Media
from scorers.function import scorer
from scorers.scorer import (
    Choice,
    Cost,
    Count,
    Evidence,
    Flag,
    Missing,
    Plugin,
    Score,
    Scorer,
    Settings,
    SettingsError,
    Text,
)

__all__ = [
    "BundleError",
    "Choice",
    "Content",
    "Cost",
    "Count",
    "Decision",
    "Diagnostic",
    "Engine",
    "Evidence",
    "Flag",
    "Media",
    "Missing",
    "PackError",
    "PackInvalidError",
    "Plugin",
    "Score",
    "Scorer",
    "Settings",
    "SettingsError",
    "Status",
    "Text",
    "scorer",
]
__version__ = "0.1.0"
