"""Limen: declarative policy-as-code for content moderation.

`Engine.load` reads a pack of rule files; `Engine.decide` decides on scores, `Engine.moderate` runs the scorers first.
"""

from limen import _siblings as _siblings  # isort: skip - first: a stranger's package must not be imported in our place

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.bundle import BundleError
    from engine.decision import Status
    from engine.engine import Engine
    from engine.loader import PackInvalidError
    from engine.rendering import Decision
    from policy_dsl.diagnostics import Diagnostic
    from policy_dsl.pack import PackError
    from scorers.content import Content, Media, Modality
    from scorers.function import scorer
    from scorers.scorer import (
        Choice,
        Cost,
        Count,
        Evidence,
        Flag,
        Missing,
        Output,
        Plugin,
        Prepared,
        Score,
        Scorer,
        Settings,
        SettingsError,
        StagedScorer,
        Text,
    )
else:

    def __getattr__(name: str) -> Any:
        """Each name is imported when it is first asked for: `limen --help` needs none of them."""
        from importlib import import_module  # noqa: PLC0415

        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module `limen` has no `{name}`")
        found = globals()[name] = getattr(import_module(home), name)
        return found

    def __dir__() -> list[str]:
        return [*globals(), *__all__]


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
    "Modality",
    "Output",
    "PackError",
    "PackInvalidError",
    "Plugin",
    "Prepared",
    "Score",
    "Scorer",
    "Settings",
    "SettingsError",
    "StagedScorer",
    "Status",
    "Text",
    "scorer",
]
__version__ = "0.1.0"
_HOMES = {
    "engine.bundle": ("BundleError",),
    "engine.decision": ("Status",),
    "engine.engine": ("Engine",),
    "engine.loader": ("PackInvalidError",),
    "engine.rendering": ("Decision",),
    "policy_dsl.diagnostics": ("Diagnostic",),
    "policy_dsl.pack": ("PackError",),
    "scorers.content": ("Content", "Media", "Modality"),
    "scorers.function": ("scorer",),
    "scorers.scorer": (
        "Choice",
        "Cost",
        "Count",
        "Evidence",
        "Flag",
        "Missing",
        "Output",
        "Plugin",
        "Prepared",
        "Score",
        "Scorer",
        "Settings",
        "SettingsError",
        "StagedScorer",
        "Text",
    ),
}
