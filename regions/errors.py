"""What can be wrong with regions, as exceptions that carry data a caller can print.

ValueError
  RegionError           regions or groups that do not fit together; every problem at once
KeyError
  UnknownRegionError    a name that is neither a region nor a group
"""


class RegionError(ValueError):
    """Regions, groups or regimes that make no tree; `problems` lists every one found, in a stable order."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))

    def __reduce__(self) -> tuple[type["RegionError"], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class UnknownRegionError(KeyError):
    """A name that the tree does not have; `suggestion` is the nearest name that it has, or None."""

    def __init__(self, name: str, suggestion: str | None = None) -> None:
        self.name = name
        self.suggestion = suggestion
        super().__init__(name, suggestion)

    def __str__(self) -> str:
        return f"unknown region `{self.name}`{remedy(self.suggestion)}"


def remedy(suggestion: str | None) -> str:
    """The tail of a message about an unknown name: the nearest one, or the two kinds of name there are."""
    if suggestion is None:
        return ", expected a region code such as `DE` or one that the pack adds"
    return f", did you mean `{suggestion}`"
