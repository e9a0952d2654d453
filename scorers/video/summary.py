"""What image scorers said about the frames of a video -> the outputs of the video.

A frame without a score is not a harmless frame. Where something of the video was not judged, only what its judged frames prove
is said: a highest score at or above the cut stands (what was not seen could only raise it), and everything else is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scorers.content import Modality
from scorers.runner import Scored
from scorers.scorer import Count, Flag, Kind, Missing, Output, Score, SettingsError, Value

SUMMARIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.SCORE: ("max", "top_mean", "share", "at_ms"),
    Kind.FLAG: ("any",),
    Kind.COUNT: ("most",),
}
DESCRIPTIONS = {
    "max": "the highest score of a frame",
    "top_mean": "the mean of the k highest scores",
    "share": "share of the frames with a score at or above the cut",
    "at_ms": "when the first frame with the highest score is shown, in milliseconds after the start",
    "any": "whether it is true of a frame",
    "most": "the highest count of a frame",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """The judged frames of a content: their times in seconds, what was said, and why there is not more, `` if all is there."""

    times: list[float] = field(default_factory=list)
    scored: list[Scored] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def watched(outputs: Mapping[str, Output]) -> dict[str, str]:
    """Return, for each image output that has a summary, the name that it goes by: `image.nudity` -> `nudity`.

    Any other name stands whole (`image_text.hate`). Raises SettingsError where two meet.
    """
    named: dict[str, str] = {}
    for name, output in outputs.items():
        if output.modality is Modality.IMAGE and output.kind in SUMMARIES:
            short = name.removeprefix("image.")
            if short in named.values():
                raise SettingsError(f"two outputs of the judges would be `{short}`, one is `{name}`", "judges")
            named[name] = short
    return named


def summarised(prefix: str, short: str, output: Output) -> dict[str, Output]:
    """Return the outputs of a video that one output of its frames gives."""
    return {f"{prefix}.{short}.{what}": _typed(what, output) for what in SUMMARIES[output.kind]}


def _typed(what: str, output: Output) -> Output:
    text = f"{DESCRIPTIONS[what]}: {output.description}" if output.description else DESCRIPTIONS[what]
    if what == "any":
        return Flag(modality="video", description=text)
    if what == "at_ms":
        return Count(modality="video", description=text)
    if what == "most":
        return Count(output.minimum or 0, output.maximum, modality="video", description=text)
    return Score(modality="video", description=text)


def summary(judged: Judged, name: str, kind: Kind, top: int, cut: float) -> dict[str, Value | Missing]:
    """Return the values of `SUMMARIES[kind]`, in that order, of the output `name` over the frames."""
    known = [
        (scored.values[name], time)
        for scored, time in zip(judged.scored, judged.times, strict=True)
        if name in scored.values
    ]
    reason = _reason(judged, name, len(known))
    if kind is Kind.SCORE:
        return _scores([(float(value), time) for value, time in known], reason, top, cut)
    if kind is Kind.FLAG:
        return {"any": any(value for value, _ in known) or (Missing(reason) if reason else False)}
    return {"most": Missing(reason) if reason else max(int(value) for value, _ in known)}


def _reason(judged: Judged, name: str, known: int) -> str:
    """Return why the frames with a value are not the whole, `` where they are."""
    reasons = list(judged.notes) if judged.scored or judged.notes else ["there is no video"]
    if unjudged := len(judged.scored) - known:
        why = next((scored.missing[name] for scored in judged.scored if name in scored.missing), "none was given")
        reasons.insert(0, f"{unjudged} of {len(judged.scored)} frames have no value: {why}")
    return "; ".join(reasons)


def _scores(known: Sequence[tuple[float, float]], reason: str, top: int, cut: float) -> dict[str, Value | Missing]:
    ranked = sorted(known, key=lambda pair: (-pair[0], pair[1]))
    if reason and not (ranked and ranked[0][0] >= cut):
        return dict.fromkeys(SUMMARIES[Kind.SCORE], Missing(reason))
    (worst, at), best = ranked[0], [score for score, _ in ranked[:top]]
    proved: dict[str, Value | Missing] = {"max": worst, "at_ms": max(0, round(at * 1000))}
    if reason:
        return proved | dict.fromkeys(("top_mean", "share"), Missing(reason))
    share = sum(score >= cut for score, _ in ranked) / len(ranked)
    return proved | {"top_mean": sum(best) / len(best), "share": share}
