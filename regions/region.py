"""One region: what the tree knows of it, and what a pack states to add one."""

from dataclasses import dataclass
from typing import ClassVar

GLOBAL = "GLOBAL"
"""The root: every chain ends in it."""


@dataclass(frozen=True, slots=True)
class Region:
    """One node of the tree.

    `code`: letters, digits and hyphens (`GLOBAL`, `EU`, `DE`, `US-CA`). `parent`: None for the root alone.
    `languages`: BCP-47 tags of the official languages (de facto ones too), the most spoken first; may be empty.
    """

    code: str
    name: str
    parent: str | None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionSpec:
    """What a pack states about a region that it adds; an empty `name` stands for the code.

    pydantic reads it as it is, unknown keys refused: `dict[str, RegionSpec]` is a field of a manifest.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    parent: str
    name: str = ""
    languages: tuple[str, ...] = ()
