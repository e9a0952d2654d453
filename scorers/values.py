"""What a scorer gave for one output -> a value of the declared type, or `Missing` with the reason."""

import math
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from scorers.content import Content, Modality
from scorers.scorer import Kind, Missing, Output, Value

Answer: TypeAlias = Mapping[str, Value | Missing]
"""What a scorer says of one content: for each output that applies to it a value of its kind, or why there is none."""

MICRO = 1_000_000
REASON_LENGTH = 200


def to_micro(score: float) -> int:
    """Round to millionths, `floor(score * 1e6 + 0.5)` in binary64 (ruling R21). `score` must be finite."""
    return math.floor(float(score) * 1_000_000.0 + 0.5)


def told(error: BaseException) -> str:
    """Tell an exception in one short line: it ends up in decisions and logs."""
    text = " ".join(str(error).split())
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


def answer_in(
    row: Any, content: Content, outputs: Mapping[str, Output], present: Collection[Modality] | None = None
) -> Answer:
    """Take out of a row the outputs that apply to the content. Never raises, whatever the row is made of.

    `present` are the content's modalities, where they are known already.
    """
    present = content.modalities if present is None else present
    return {
        name: value_in(row, name, output, content.language)
        for name, output in outputs.items()
        if output.modality is None or output.modality in present
    }


def value_in(row: Any, name: str, output: Output, language: str | None = None) -> Value | Missing:
    """Take one output out of a row, about a content in a language. Never raises, whatever the row is made of."""
    if isinstance(row, Missing):
        return row
    if not isinstance(row, Mapping):
        return Missing(f"the scorer gave {type(row).__name__} for a content, expected a mapping of outputs")
    try:
        return checked(row.get(name), output, language)
    except Exception as error:  # noqa: BLE001  (a value's own methods may raise anything)
        return Missing(f"the value cannot be read: {told(error)}")


def checked(value: Any, output: Output, language: str | None = None) -> Value | Missing:
    """Return the value as its kind wants it (a score: calibrated, in whole millionths), or why it is none."""
    if isinstance(value, Missing):
        return value
    if value is None:
        return Missing("the scorer gave no value")
    if getattr(value, "ndim", None) == 0:  # a NumPy scalar
        value = value.item()
    return _score(value, output, language) if output.kind is Kind.SCORE else _CHECKS[output.kind](value, output)


def _score(value: Any, output: Output, language: str | None) -> Value | Missing:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong(value, "a number in [0, 1]")
    if isinstance(value, float) and not math.isfinite(value):
        return Missing(f"the score is {value}")
    if not (-1 <= value <= 2 and 0 <= to_micro(value) <= MICRO):  # far numbers overflow when scaled
        return Missing(f"the score {value!r} is outside [0, 1]")
    return to_micro(output.calibration(value, language) if output.calibration else value) / MICRO


def _flag(value: Any, _output: Output) -> Value | Missing:
    return value if isinstance(value, bool) else _wrong(value, "true or false")


def _count(value: Any, output: Output) -> Value | Missing:
    if isinstance(value, bool) or not isinstance(value, int):
        return _wrong(value, "a whole number")
    low, high = output.minimum, output.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return Missing(f"the count {value} is outside [{low}, {'∞' if high is None else high}]")
    return value


def _choice(value: Any, output: Output) -> Value | Missing:
    if not isinstance(value, str):
        return _wrong(value, f"one of {', '.join(output.values)}")
    return value if value in output.values else Missing(f"`{value}` is none of {', '.join(output.values)}")


def _text(value: Any, _output: Output) -> Value | Missing:
    return value if isinstance(value, str) else _wrong(value, "a string")


def _wrong(value: Any, expected: str) -> Missing:
    return Missing(f"the scorer gave {type(value).__name__}, expected {expected}")


_CHECKS = {Kind.FLAG: _flag, Kind.COUNT: _count, Kind.CHOICE: _choice, Kind.TEXT: _text}
