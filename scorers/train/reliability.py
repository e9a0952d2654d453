"""Scores before and after calibration -> a reliability diagram: how often what scores p really has the label."""

from collections.abc import Mapping
from pathlib import Path

from scorers.train.calibrate import Bools, Floats, bins, ece


def draw(path: Path, title: str, scores: Mapping[str, Floats], yes: Bools) -> None:
    """Draw one line for each of `scores`, by name, and below them how the scores are spread. Raises OSError, ValueError."""
    from matplotlib.figure import Figure  # noqa: PLC0415  (heavy)

    figure = Figure(figsize=(5, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot((0, 1), (0, 1), color="0.7", linestyle=":")
    for name, values in scores.items():
        said, true, _ = zip(*bins(values, yes), strict=True)
        above.plot(said, true, marker="o", markersize=4, label=f"{name}: ECE {ece(values, yes):.3f}")
        below.hist(values, bins=30, range=(0, 1), histtype="step")
    above.set(title=title, ylabel="share that has the label", xlim=(0, 1), ylim=(0, 1))
    above.legend(loc="upper left")
    below.set(xlabel="score", ylabel="rows", yscale="log")
    figure.savefig(path, dpi=120)
