"""The `config.json` of a classifier (Hugging Face layout) and settings -> its labels, by the names that rules use."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from scorers.paths import OutsideFolderError, inside
from scorers.scorer import SettingsError
from scorers.suggest import unknown

Activation: TypeAlias = Literal["auto", "softmax", "sigmoid", "none"]


class ClassifierError(ValueError):
    """A classifier whose labels cannot be used; `key` is the setting to look at."""

    def __init__(self, message: str, key: str = "model") -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Labels:
    """What a classifier tells apart. `names` has, for each place of its vector, the name of the output, or None."""

    names: tuple[str | None, ...]
    activation: Literal["softmax", "sigmoid", "none"]

    def scores(self, logits: Sequence[float]) -> dict[str, float]:
        """Return the score of each named label, computed in double precision. Raises ValueError on a wrong length."""
        values = [float(logit) for logit in logits]
        if self.activation == "softmax":
            values = softmax(values)
        elif self.activation == "sigmoid":
            values = [sigmoid(value) for value in values]
        return {name: value for name, value in zip(self.names, values, strict=True) if name is not None}


def model_folder(folder: Path, written: str) -> Path:
    """Return the folder of a model within the pack's. Raises SettingsError where there is none."""
    try:
        path = inside(folder, written)
    except OutsideFolderError as error:
        raise SettingsError(str(error), "model") from error
    if not path.is_dir():
        raise SettingsError(f"there is no folder `{written}` in `{folder}`", "model")
    return path


def model_labels(folder: Path, chosen: Mapping[str, str] | None, activation: Activation) -> Labels:
    """Return `read_labels` of the model in this folder. Raises SettingsError."""
    try:
        return read_labels(folder / "config.json", chosen, activation)
    except ClassifierError as error:
        raise SettingsError(str(error), error.key) from error
    except OSError as error:
        raise SettingsError(f"`config.json` of the model cannot be read: {error.strerror or error}", "model") from error


def softmax(logits: Sequence[float]) -> list[float]:
    """Return shares that sum to 1; logits are shifted by their highest, so that none overflows."""
    highest = max(logits)
    powers = [math.exp(logit - highest) for logit in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-logit)), without overflow."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    return math.exp(logit) / (1.0 + math.exp(logit))


def read_labels(path: Path, chosen: Mapping[str, str] | None = None, activation: Activation = "auto") -> Labels:
    """Read the file. `chosen` maps its labels to the outputs' names; others are left out. None: all, by their own names.

    `auto` is sigmoid where `problem_type` says that several labels may hold at once, or there is only one label,
    else softmax. Raises OSError, ClassifierError.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ClassifierError(f"`{path.name}` is no JSON: {error}") from error
    raw = _raw_labels(config if isinstance(config, Mapping) else {}, path.name)
    return Labels(_named(raw, chosen), _activation(config.get("problem_type"), len(raw), activation))


def _raw_labels(config: Mapping[str, Any], file: str) -> list[str]:
    table = config.get("id2label")
    if not isinstance(table, Mapping) or not table:
        raise ClassifierError(f'`{file}` has no `id2label`, expected an object such as {{"0": "cat", "1": "dog"}}')
    places = {str(place): str(label) for place, label in table.items()}
    if set(places) != {str(place) for place in range(len(places))}:
        raise ClassifierError(
            f"`id2label` of `{file}` has the places {', '.join(places)}, expected 0 to {len(places) - 1}"
        )
    return [places[str(place)] for place in range(len(places))]


def _named(raw: Sequence[str], chosen: Mapping[str, str] | None) -> tuple[str | None, ...]:
    for label in chosen or ():
        if label not in raw:
            raise ClassifierError(unknown("label", label, raw), "labels")
    names = [_name(label) if chosen is None else chosen.get(label) for label in raw]
    for name in names:
        if name is not None and names.count(name) > 1:
            raise ClassifierError(f"two labels would be `{name}`: name each in `labels`", "labels")
    return tuple(names)


def _name(label: str) -> str:
    """Turn a label (`Not Safe`) into a name (`not_safe`). Raises ClassifierError where nothing of it can be in a name."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    if not name or not name[0].isalpha():
        raise ClassifierError(
            f"the label `{label}` makes no name (lower-case letters, digits, `_`): name it in `labels`", "labels"
        )
    return name


def _activation(problem: Any, count: int, asked: Activation) -> Literal["softmax", "sigmoid", "none"]:
    if asked != "auto":
        return asked
    if problem not in {None, "single_label_classification", "multi_label_classification"}:
        raise ClassifierError(
            f"`problem_type` is `{problem}`, expected `single_label_classification` or `multi_label_classification`"
        )
    return "sigmoid" if problem == "multi_label_classification" or count == 1 else "softmax"
