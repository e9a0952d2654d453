"""Entry points, plugins passed by hand, and a manifest's settings -> configured scorers, or named problems."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scorers.calibration import Calibration
from scorers.files import stamps
from scorers.paths import inside
from scorers.scorer import OUTPUT_NAME, Kind, Output, Plugin, Scorer, ScorerCard, Settings, SettingsError, modalities
from scorers.suggest import unknown
from scorers.values import told
from scorers.watched import Stamp

GROUP = "limen.scorers"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a plugin or with one scorer's settings; `key` is the dotted path of the setting, `` for none.

    An error keeps the scorer out; a warning does not.
    """

    scorer: str
    message: str
    key: str = ""
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Configured:
    """A scorer of a pack: the plugin, its settings applied, and how the runner shall call it.

    Seconds: `timeout` of a call, and `wait` for a batch to fill (None: what suits the cost class). `batch`: contents a
    call at most (None: the runner's own measure). `queue`: how many contents may wait. `cache` None: nothing is kept.
    `settings` are the plugin's, as they are written in a file of `folder`. `parts`: the scorers that a composite is made of.
    `files`: those that the settings name, as they were before the scorer was made.
    """

    name: str
    plugin: Plugin
    scorer: Scorer
    outputs: Mapping[str, Output]
    timeout: float = 10.0
    batch: int | None = None
    wait: float | None = None
    queue: int = 1024
    cache: "CacheSettings | None" = field(default_factory=lambda: CacheSettings())  # noqa: PLW0108 - it stands below
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    parts: "tuple[Configured, ...]" = ()
    files: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """The scorers of a pack in the order of the manifest, and what kept others out."""

    scorers: tuple[Configured, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def outputs(self) -> dict[str, Output]:
        """Every output of every scorer; names are unique."""
        return {name: output for scorer in self.scorers for name, output in scorer.outputs.items()}


@dataclass(frozen=True, slots=True)
class Registry:
    """The plugins at hand, by name; a value, made once and passed on."""

    plugins: Mapping[str, Plugin]
    sources: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, plugins: Iterable[Plugin]) -> Self:
        """Return a registry of just these plugins."""
        return cls(MappingProxyType({}), MappingProxyType({})).with_plugins(plugins)

    @classmethod
    def installed(cls, extra: Iterable[Plugin] = ()) -> Self:
        """Return the plugins of all installed distributions and then `extra`.

        A plugin that does not load, is none, or has the name of another is left out and stands in `problems`.
        """
        registry = cls.of(())
        for entry in sorted(entry_points(group=GROUP), key=_order):
            loaded = _load(entry)
            if isinstance(loaded, Plugin):
                registry = registry.with_plugins([loaded], _source(entry))
            else:
                registry = replace(registry, problems=(*registry.problems, loaded))
        return registry.with_plugins(extra)

    def with_plugins(self, extra: Iterable[Plugin], source: str = "python") -> Self:
        """Return a registry that has these plugins too; of two with one name the first stays."""
        plugins, sources, problems = dict(self.plugins), dict(self.sources), list(self.problems)
        for plugin in extra:
            if plugin.name in plugins:
                problems.append(
                    Problem(
                        plugin.name,
                        f"{source} offers a second scorer `{plugin.name}`: that of {sources[plugin.name]} stays",
                    )
                )
            else:
                plugins[plugin.name], sources[plugin.name] = plugin, source
        return replace(
            self, plugins=MappingProxyType(plugins), sources=MappingProxyType(sources), problems=tuple(problems)
        )

    def describe(self) -> tuple[ScorerCard, ...]:
        """Return a card for each plugin, by name."""
        return tuple(_card(plugin, self.sources[name]) for name, plugin in sorted(self.plugins.items()))

    def configure(self, entries: Mapping[str, Any], folder: Path) -> Setup:
        """Make the scorers of a manifest's `scorers` section; paths in settings are relative to `folder`.

        Never raises for what an author or a plugin did wrong: that stands in `problems`.
        """
        scorers: list[Configured] = []
        problems: list[Problem] = []
        taken: dict[str, str] = {}
        for name, entry in entries.items():
            try:
                scorer = self._configured(name, entry, folder)
                _refuse_taken(scorer, taken)
            except _RefusedError as refused:
                problems.extend(refused.problems)
            else:
                scorers.append(scorer)
                problems += [Problem(name, warning, severity="warning") for warning in scorer.scorer.warnings]
                taken |= dict.fromkeys(scorer.outputs, name)
        return Setup(tuple(scorers), tuple(problems))

    def _configured(self, name: str, entry: Any, folder: Path) -> Configured:
        if isinstance(entry, str):
            entry = {"use": entry}
        call = _validated(name, _Call, entry)
        plugin = self.plugins.get(call.use)
        if plugin is None:
            raise _RefusedError(Problem(name, unknown("scorer plugin", call.use, self.plugins), "use"))
        settings = _settings(name, plugin, entry)
        own = MappingProxyType({key: value for key, value in entry.items() if key not in _Call.model_fields})
        files = stamps(own, folder)
        parts: list[Configured] = []
        scorer = _created(name, plugin, settings, folder, partial(self._part, parts))
        outputs = _calibrated(name, plugin.identity, scorer.outputs, call.calibration, folder)
        wait = None if call.max_wait_ms is None else call.max_wait_ms / 1000
        cache = call.cache if isinstance(call.cache, CacheSettings) else CacheSettings() if call.cache else None
        how = (call.timeout_ms / 1000, call.batch, wait, call.queue, cache)
        return Configured(name, plugin, scorer, outputs, *how, own, folder, tuple(parts), files)

    def _part(self, parts: list[Configured], folder: Path, key: str, entry: Any) -> Configured:
        """A scorer within another one, of which the setting `key` holds `entry`; put to the `parts`. Raises SettingsError."""
        try:
            parts.append(self._configured(key, entry, folder))
        except _RefusedError as refused:
            problem = refused.problems[0]
            raise SettingsError(problem.message, ".".join(filter(None, (key, problem.key)))) from refused
        return parts[-1]


Part: TypeAlias = Callable[[str, Any], Configured]
"""What a composite's `create` is given."""


class CacheSettings(Settings):
    """What the cache may do with a scorer's values: for how many seconds it keeps them, and for whom."""

    ttl_s: float = Field(default=3600.0, gt=0)
    near_duplicates: bool = False


class _Call(BaseModel):
    """The settings that every scorer has; the others are the plugin's."""

    model_config = ConfigDict(extra="ignore")
    use: str
    timeout_ms: int = Field(default=10_000, gt=0)
    batch: int | None = Field(default=None, gt=0)
    max_wait_ms: float | None = Field(default=None, ge=0)
    queue: int = Field(default=1024, gt=0)
    cache: bool | CacheSettings = True
    calibration: dict[str, str | list[list[float]]] = {}


class _RefusedError(Exception):
    def __init__(self, *problems: Problem) -> None:
        super().__init__(*(problem.message for problem in problems))
        self.problems = problems


def _order(entry: EntryPoint) -> tuple[bool, str, str]:
    return (_source(entry) != "limen", entry.name, entry.value)


def _source(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _load(entry: EntryPoint) -> Plugin | Problem:
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a stranger's module may do anything)
        return Problem(
            entry.name,
            f"the scorer `{entry.name}` of {_source(entry)} cannot be loaded from `{entry.value}`: {told(error)}",
        )
    if not isinstance(plugin, Plugin):
        return Problem(
            entry.name, f"`{entry.value}` of {_source(entry)} is {type(plugin).__name__}, expected a `limen.Plugin`"
        )
    if plugin.name != entry.name:
        return Problem(
            entry.name,
            f"the entry point `{entry.name}` of {_source(entry)} holds a plugin named `{plugin.name}`: give both one name",
        )
    return plugin


def _settings(name: str, plugin: Plugin, entry: Mapping[str, Any]) -> Any:
    own = {key: value for key, value in entry.items() if key not in _Call.model_fields}
    if plugin.settings.model_config.get("extra") == "forbid":
        known = [*_Call.model_fields, *plugin.settings.model_fields]
        strange = [key for key in own if key not in known]
        if strange:
            raise _RefusedError(*(Problem(name, unknown("setting", str(key), known), str(key)) for key in strange))
    return _validated(name, plugin.settings, own)


def _validated(name: str, model: type[BaseModel], values: Any) -> Any:
    if not isinstance(values, Mapping):
        raise _RefusedError(Problem(name, f"the settings of `{name}` are {values!r}, expected `{{use: PLUGIN, …}}`"))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _RefusedError(*(_problem(name, dict(detail)) for detail in error.errors())) from error


def _problem(name: str, detail: Mapping[str, Any]) -> Problem:
    key = ".".join(str(part) for part in detail["loc"])
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return Problem(name, f"`{key}`: {message}" if key else message, key)


def _created(
    name: str, plugin: Plugin, settings: Any, folder: Path, part: Callable[[Path, str, Any], Configured]
) -> Scorer:
    try:
        scorer = (
            plugin.create(settings, folder, partial(part, folder))
            if plugin.composite
            else plugin.create(settings, folder)
        )
    except SettingsError as error:
        raise _RefusedError(Problem(name, str(error), error.key)) from error
    except Exception as error:
        raise _RefusedError(
            Problem(name, f"the plugin `{plugin.identity}` failed on its settings: {told(error)}")
        ) from error
    if not isinstance(scorer, Scorer) or not isinstance(scorer.outputs, Mapping):
        raise _RefusedError(
            Problem(name, f"the plugin `{plugin.identity}` made {type(scorer).__name__}, which is no `limen.Scorer`")
        )
    for output, kind in scorer.outputs.items():
        if not OUTPUT_NAME.fullmatch(str(output)) or not isinstance(kind, Output):
            raise _RefusedError(
                Problem(
                    name,
                    f"the plugin `{plugin.identity}` has an output `{output}`, expected a dotted name such as `text.hate`",
                )
            )
    return scorer


def _refuse_taken(scorer: Configured, taken: Mapping[str, str]) -> None:
    for output in scorer.outputs:
        if output in taken:
            raise _RefusedError(
                Problem(
                    scorer.name,
                    f"the output `{output}` is already given by the scorer `{taken[output]}`: give one of them another `prefix`, or leave one out",
                )
            )


def _calibrated(
    name: str,
    identity: str,
    outputs: Mapping[str, Output],
    tables: Mapping[str, str | list[list[float]]],
    folder: Path,
) -> Mapping[str, Output]:
    typed = dict(outputs)
    for output, table in tables.items():
        key = f"calibration.{output}"
        if output not in typed:
            raise _RefusedError(Problem(name, unknown("output", output, typed), key))
        if typed[output].kind is not Kind.SCORE:
            raise _RefusedError(
                Problem(name, f"`{output}` is a {typed[output].kind}: only a score can be calibrated", key)
            )
        try:
            found = Calibration.from_data(_table(table, folder), identity)
            typed[output] = replace(typed[output], calibration=found)
        except (ValueError, TypeError, OSError) as error:
            raise _RefusedError(Problem(name, f"`{key}`: {error}", key)) from error
    return MappingProxyType(typed)


def _table(table: str | list[list[float]], folder: Path) -> Any:
    if isinstance(table, str):
        return json.loads(inside(folder, table).read_text(encoding="utf-8"))
    return table


def _card(plugin: Plugin, source: str) -> ScorerCard:
    return ScorerCard(
        name=plugin.name,
        version=plugin.version,
        licence=plugin.licence,
        cost=plugin.cost.name.lower(),
        device=plugin.device,
        modalities=tuple(str(modality) for modality in plugin.judges or modalities(plugin.outputs)),
        outputs=dict(plugin.outputs),  # plain, so that a card goes through `dataclasses.asdict`
        settings={key: field.description or "" for key, field in plugin.settings.model_fields.items()},
        summary=plugin.summary,
        card=plugin.card,
        source=source,
    )
