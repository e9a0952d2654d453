"""Calibrations: what is fitted, what it is worth on rows that were not fitted on, and when it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorers.calibration import Calibration
from scorers.content import Content
from scorers.registry import Registry
from scorers.scorer import Score
from scorers.train.calibrate import CalibrationError, Method, apply, brier, ece, fit, fit_languages, stored, table
from scorers.train.reliability import draw
from scorers.values import answer_in
from tests.scorers.test_registry import plugin

METHODS: tuple[Method, ...] = ("temperature", "platt", "isotonic")


def overconfident(rows: int = 6000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose log odds are three times what the labels say."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, rows)
    return 1 / (1 + np.exp(-3 * odds)), rng.random(rows) < 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize("method", METHODS)
def test_it_repairs_what_is_too_sure(method: Method) -> None:
    raw, yes = overconfident()
    fitted = fit(raw, yes, method)
    assert fitted.before > 0.1
    assert fitted.after < 0.03
    assert (
        dict(fitted.points)[0.9] == pytest.approx(1 / (1 + 9 ** (-1 / 3)), abs=0.04) if method != "isotonic" else True
    )


def test_platt_moves_what_is_shifted_and_temperature_cannot() -> None:
    raw, yes = overconfident()
    shifted = apply(((0.0, 0.0), (0.5, 0.1), (1.0, 1.0)), raw)
    assert fit(shifted, yes, "platt").after < fit(shifted, yes, "temperature").after


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(METHODS), st.integers(60, 300))
def test_a_table_is_one_that_the_registry_takes_and_applies_alike(seed: int, method: Method, rows: int) -> None:
    raw, yes = overconfident(rows, seed)
    try:
        points = table(raw, yes, method)
    except CalibrationError:
        return
    calibration = Calibration.from_data(json.loads(json.dumps([list(point) for point in points])), "x@1")
    for value in (0.0, 0.123456, 0.5, 0.999999, 1.0):
        assert calibration(value) == pytest.approx(float(apply(points, np.array([value]))[0]), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_score_that_says_nothing_or_the_contrary_is_refused(method: Method) -> None:
    raw, yes = overconfident()
    with pytest.raises(CalibrationError, match="a higher score does not mean"):
        fit(raw, ~yes, method)
    with pytest.raises(CalibrationError, match="at least 20 of each"):
        fit(raw[:10], yes[:10], method)


def test_the_error_is_the_distance_between_said_and_true() -> None:
    assert ece(np.array([0.9] * 10), np.array([True] * 6 + [False] * 4)) == pytest.approx(0.3)
    assert ece(np.array([0.0, 1.0]), np.array([False, True])) == 0
    assert brier(np.array([0.5, 1.0]), np.array([True, True])) == pytest.approx(0.125)


def test_a_language_gets_a_table_where_that_is_better() -> None:
    raw, yes = overconfident()
    rng = np.random.default_rng(5)
    languages = np.array(["en", "de", "few"])[rng.choice(3, len(raw), p=[0.5, 0.499, 0.001])]
    own = np.where(languages == "de", np.clip(raw * 0.3, 0, 1), raw)
    general = fit(own, yes, "isotonic")
    found, few, as_good = fit_languages(own, yes, languages.tolist(), "isotonic", general)
    assert set(found) == {"de", "en"}
    assert (few, as_good) == (("few",), ())
    same, _, no_better = fit_languages(raw, yes, ["en"] * len(raw), "isotonic", fit(raw, yes, "isotonic"))
    assert (same, no_better) == ({}, ("en",))


def test_a_file_is_taken_for_its_scorer_only_and_by_language(tmp_path: Path) -> None:
    raw, yes = overconfident(400)
    fitted = fit(raw, yes, "platt")
    file = tmp_path / "c.json"
    card = {"scorer": "nothing@1", "score": "s", "label": "l", "data": {"file": "x", "digest": "sha256:0"}}
    file.write_text(json.dumps(stored(fitted, {"de": fitted}, "platt", card)), encoding="utf-8")
    entry = {"n": {"use": "nothing", "calibration": {"text.nothing": "c.json"}}}
    setup = Registry.of([plugin()]).configure(entry, tmp_path)
    identity = setup.scorers[0].plugin.identity if setup.scorers else setup.problems[0].message
    file.write_text(file.read_text(encoding="utf-8").replace("nothing@1", "nothing@0"), encoding="utf-8")
    (problem,) = Registry.of([plugin()]).configure(entry, tmp_path).problems
    assert identity == "nothing@1"
    assert "was fitted for `nothing@0`, and the scorer here is `nothing@1`" in problem.message


def test_a_content_takes_the_table_of_its_language_before_rounding() -> None:
    half = Calibration(((0.0, 0.0), (1.0, 0.5)))
    outputs = {"text.a": Score(calibration=Calibration(((0.0, 0.0), (1.0, 1.0)), {"de": half, "pt-BR": half}))}
    for language, expected in ((None, 0.8), ("en", 0.8), ("de", 0.4), ("de-AT", 0.4), ("pt", 0.8), ("pt-BR", 0.4)):
        assert answer_in({"text.a": 0.8}, Content(text="x", language=language), outputs) == {"text.a": expected}


@pytest.mark.parametrize(
    "data",
    [{}, {"format": "limen-calibration/1"}, {"format": "limen-calibration/1", "scorer": "a@1"}, {"table": [[0, 0]]}],
)
def test_a_file_of_another_form_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="limen calibrate"):
        Calibration.from_data(data, "a@1")


def test_a_diagram_is_drawn(tmp_path: Path) -> None:
    raw, yes = overconfident(300)
    draw(tmp_path / "c.png", "a score", {"raw": raw, "platt": fit(raw, yes, "platt").outside}, yes)
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"
