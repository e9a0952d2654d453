"""What a scorer plugin is: typed outputs, a `Plugin` card, and the `Scorer` that its factory makes from settings.

A plugin is data (`Plugin`), found by the entry-point group `limen.scorers`. Its factory `create(settings, folder)` makes
a `Scorer` whose `outputs` are known at once; whatever is heavy (weights, indexes) waits for `load`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Protocol, TypeAlias, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from scorers.calibration import Calibration
from scorers.content import Content, Modality
from scorers.suggest import unknown

NAME = re.compile(r"[a-z][a-z0-9_]*")
PLUGIN_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
OUTPUT_NAME = re.compile(rf"{NAME.pattern}(\.{NAME.pattern})+")


class Cost(IntEnum):
    """What a call costs, cheapest first; the runner starts, and the planner asks, in this order."""

    LOOKUP = 1
    CPU_LIGHT = 2
    CPU = 3
    GPU = 4
    CPU_HEAVY = 5
    REMOTE = 6


class Kind(StrEnum):
    SCORE = "score"
    FLAG = "flag"
    COUNT = "count"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Output:
    """The type of one output; made by `Score`, `Flag`, `Count`, `Choice` and `Text`.

    `minimum` and `maximum` bound a score (0 and 1) or a count (`maximum` None: unbounded); `values` are those of a choice.
    `modality` None: applicable to every content (it reads facts, or says "nothing found" where there is nothing).
    `probability`: the scorer's own raw score is calibrated already; `calibration`: a table of the pack's makes it so.
    """

    kind: Kind
    minimum: int | None = None
    maximum: int | None = None
    values: tuple[str, ...] = ()
    modality: Modality | None = None
    description: str = ""
    calibration: Calibration | None = None
    probability: bool = False

    def __post_init__(self) -> None:
        if self.modality is not None:
            object.__setattr__(self, "modality", Modality(self.modality))

    def applies_to(self, content: Content) -> bool:
        return self.modality is None or self.modality in content.modalities


def Score(  # noqa: N802  (reads as the type that it makes)
    *,
    modality: str | None = None,
    description: str = "",
    calibration: Calibration | None = None,
    probability: bool = False,
) -> Output:
    """Make an output in [0, 1]; `calibration` is applied before the value is rounded to millionths.

    `probability`: as it stands, the score says how often contents like this have the label (its model card shows it).
    """
    return Output(Kind.SCORE, 0, 1, (), _modality(modality), description, calibration, probability)


def Flag(*, modality: str | None = None, description: str = "") -> Output:  # noqa: N802
    """Make a true-or-false output."""
    return Output(Kind.FLAG, modality=_modality(modality), description=description)


def Count(  # noqa: N802
    minimum: int = 0, maximum: int | None = None, *, modality: str | None = None, description: str = ""
) -> Output:
    """Make a whole-number output in [minimum, maximum]; `maximum` None is unbounded. Raises ValueError if empty."""
    if maximum is not None and maximum < minimum:
        raise ValueError(f"a count from {minimum} to {maximum} has no value")
    return Output(Kind.COUNT, minimum, maximum, (), _modality(modality), description)


def Choice(values: Sequence[str], *, modality: str | None = None, description: str = "") -> Output:  # noqa: N802
    """Make an output that is one of `values`. Raises ValueError if there are none, or one twice."""
    if isinstance(values, str) or not values or len(set(values)) != len(values):
        raise ValueError(f"a choice has distinct values, seen {values!r}")
    return Output(Kind.CHOICE, values=tuple(values), modality=_modality(modality), description=description)


def Text(*, modality: str | None = None, description: str = "") -> Output:  # noqa: N802
    """Make a free-text output (a language, a transcript)."""
    return Output(Kind.TEXT, modality=_modality(modality), description=description)


def _modality(name: str | None) -> Modality | None:
    return None if name is None else Modality(name)


@dataclass(frozen=True, slots=True)
class Missing:
    """Given in place of a value (or of a whole row): there is none, for this reason. Never 0 in disguise."""

    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an output has its value: characters [start, end) of the content's text, as found there."""

    output: str
    start: int
    end: int
    note: str = ""


Value: TypeAlias = float | int | bool | str
Row: TypeAlias = Mapping[str, Value | Missing | None] | Missing
Rows: TypeAlias = Sequence[Row]


@runtime_checkable
class Scorer(Protocol):
    """A configured scorer. Inherit from it to get `load`, `evidence` and `warnings`, which do nothing unless overridden.

    It must be thread-safe, deterministic, and give for a batch what it gives for its members one by one.
    """

    outputs: Mapping[str, Output]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the settings let pass though somebody should look at it (a bad line in a long list)."""
        return ()

    def load(self) -> None:
        """Fetch what scoring needs; called once, in a thread, before the first batch. May raise."""
        return

    def score(self, batch: Sequence[Content]) -> Rows | Awaitable[Rows]:
        """Judge each content; one row a content, in order, with every output that applies to it.

        `async def` runs on the event loop, `def` in a thread. A row may hold `Missing` for an output. May raise: then
        every output of the contents concerned is missing.
        """
        raise NotImplementedError

    def evidence(self, content: Content) -> tuple[Evidence, ...]:
        """Say where in the text the outputs come from, for explanations."""
        del content
        return ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A content made ready for a model: tokenised, decoded.

    `size` is its length in what a padded batch pads (tokens; of the longest window, where there are several): contents
    share batches that are padded to the same length (`scorers.onnx.lengths.bucket`). Leave it 1 where every content has
    the same shape.
    """

    data: Any
    size: int = 1


class StagedScorer(Scorer):
    """A scorer in two stages: `prepare` (tokenise, decode) runs for the next batch while `infer` runs for this one.

    What holds for `score` holds for both: thread-safe, deterministic, a batch is its members, both may raise. A batch
    that `infer` gets was not necessarily prepared together. `score` is both stages, one after the other.
    """

    def prepare(self, batch: Sequence[Content]) -> Sequence[Prepared | Missing]:
        """Make each content ready, in order; `Missing` where it cannot be (a picture that does not decode)."""
        raise NotImplementedError

    def infer(self, batch: Sequence[Prepared]) -> Rows:
        """Run the model: one row for each prepared content, in order. Never called with an empty batch."""
        raise NotImplementedError

    def score(self, batch: Sequence[Content]) -> Rows:
        prepared = self.prepare(batch)
        ready = [one for one in prepared if isinstance(one, Prepared)]
        rows = iter(self.infer(ready) if ready else ())
        return [one if isinstance(one, Missing) else next(rows) for one in prepared]


class Settings(BaseModel):
    """Base of a plugin's settings and of their parts: frozen, unknown keys refused with a suggestion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        for key in value if isinstance(value, Mapping) else ():
            if key not in cls.model_fields:
                raise ValueError(unknown("setting", str(key), cls.model_fields))
        return value


def _name(written: str) -> str:
    if not NAME.fullmatch(written):
        raise ValueError(f"`{written}` is no name: expected lower-case letters, digits and `_`")
    return written


def _prefix(written: str) -> str:
    return ".".join(_name(part) for part in written.split("."))


Name: TypeAlias = Annotated[str, AfterValidator(_name)]
Prefix: TypeAlias = Annotated[str, AfterValidator(_prefix)]


class SettingsError(ValueError):
    """Settings that are well-formed but cannot be used (a list that is not there, a pattern that does not compile).

    `key` is the dotted path of the setting, `` for none.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Plugin:
    """A scorer as its package offers it.

    `create` takes validated `settings` and the pack's folder, and raises SettingsError. A `composite` is made of other scorers:
    its `create` takes a third argument, `part(key, entry)`, which makes the `Configured` scorer that the setting `key` holds as
    `entry` (`text-linear`, or `{use: text-linear, …}`), of any plugin at hand. `outputs` are those that every
    configuration has; where they depend on settings, a `<part>` stands for what the settings name
    (`keywords.<list>.count`), a `<part…>` for one or several parts (`image_text.<score…>`). `licence` is an SPDX expression; `card` a path or URL of the model card.
    `judges` is for those whose outputs apply to every content: the modalities that they look at.
    `cacheable` False: its scores are never kept (it is not deterministic, or reads its lists anew while it runs).
    `reads_facts` False: its answers depend on nothing of a content but the parts of the modalities that it judges and
    the language, so that a score kept for one author serves for another.
    Raises ValueError where the name is no plugin name.
    """

    name: str
    version: str
    licence: str
    cost: Cost
    outputs: Mapping[str, Output]
    create: Callable[..., Scorer]
    settings: type[BaseModel] = Settings
    summary: str = ""
    device: str = "cpu"
    card: str | None = None
    judges: tuple[Modality, ...] = ()
    composite: bool = False
    cacheable: bool = True
    reads_facts: bool = True

    def __post_init__(self) -> None:
        if not PLUGIN_NAME.fullmatch(self.name):
            raise ValueError(f"`{self.name}` is no scorer name: expected lower-case words joined by hyphens")
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))

    @property
    def identity(self) -> str:
        """`plugin@version`, as decisions name it."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class ScorerCard:
    """What `limen scorers show` prints; `source` is the distribution (or `python`) that offers the plugin."""

    name: str
    version: str
    licence: str
    cost: str
    device: str
    modalities: tuple[str, ...]
    outputs: Mapping[str, Output]
    settings: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    card: str | None = None
    source: str = ""


def modalities(outputs: Mapping[str, Output]) -> tuple[Modality, ...]:
    """Return the modalities that these outputs judge, in the order of `Modality`; empty for facts only."""
    judged = {output.modality for output in outputs.values()}
    return tuple(modality for modality in Modality if modality in judged)
