"""The drawings: step functions as they are, inside of their frame, well formed whatever the names."""

from __future__ import annotations

import re
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from simulator.report.figures import course, curve, reach, whisker
from simulator.result import ALL, Band, Bounds, Curve, Drift, Estimate, Mark, Refused, Zone

SVG = "{http://www.w3.org/2000/svg}"


def steps(thresholds, rate):
    drawn = fromstring(curve(Curve("p", "s", "remove", ALL, thresholds, rate)))
    return next(e.get("d") for e in drawn.iter() if e.get("class") == "step rate")


def test_a_rate_holds_up_to_its_threshold_and_jumps_behind_it():
    # The frame is 560 by 220 pixels from (48, 36): 0.25 is at 188, 0.5 at 328; a rate of 1 at 36, of 0.5 at 146.
    assert steps((0.25, 0.5), (1.0, 0.5)) == "M48 36H188V146H328"


def test_a_gap_without_labels_is_no_line():
    drawn = fromstring(curve(Curve("p", "s", "remove", ALL, (0.25, 0.5, 0.75), (1.0, 1.0, 1.0), (0.5, None, 0.5))))
    d = next(e.get("d") for e in drawn.iter() if e.get("class") == "step precision")
    assert d == "M48 146H188M328 146H468"


def test_a_million_steps_are_drawn_as_far_as_pixels_show_them():
    n = 100_000
    d = steps(tuple((i + 1) / n for i in range(n)), tuple(1 - i / n for i in range(n)))
    assert len(d) < 25_000
    assert d.endswith("H608")


def test_what_is_not_identified_is_a_band_and_no_line():
    band = Band("precision", (0.0, None, 0.25), (1.0, None, 0.5))
    drawn = fromstring(
        curve(Curve("p", "s", "remove", ALL, (0.25, 0.5, 0.75), (1.0, 1.0, 1.0), basis="bounds", bands=(band,)))
    )
    kinds = {e.get("class"): e.get("d") for e in drawn.iter()}
    assert kinds["band precision"] == "M48 256H188V36H48ZM328 201H468V146H328Z"
    assert "step precision" not in kinds


def test_zones_without_labels_are_hatched_and_rungs_marked():
    drawn = fromstring(
        curve(
            Curve(
                "p",
                "s",
                "remove",
                ALL,
                (1.0,),
                (0.0,),
                marks=(Mark("a", "remove", 0.9), Mark("b", "remove", 0.8)),
                unlabelled=(Zone(0.0, 0.3, 9),),
            )
        )
    )
    kinds = [e.get("class") for e in drawn.iter()]
    assert {"unlabelled", "hatch", "mark a", "mark b"} <= set(kinds)
    assert [e.text for e in drawn.iter() if e.tag == "text" and (e.get("class") or "").startswith("mark")] == [
        "A 0.9",
        "B 0.8",
    ]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8),
    st.text(max_size=20),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_every_curve_is_well_formed_and_stays_in_its_frame(points, name, one, other):
    low, high = sorted((one, other))
    thresholds = tuple(sorted(t for t, _ in points))
    drawn = fromstring(
        curve(Curve(name, name, name, ALL, thresholds, tuple(r for _, r in points), unlabelled=(Zone(low, high, 1),)))
    )
    for element in drawn.iter():
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", element.get("d") or ""):
            assert 47.9 <= float(x) <= 609.1
            assert 31.9 <= float(y) <= 256.1


def test_a_difference_is_up_down_or_level():
    def kind(low, high):
        return (
            fromstring(whisker(Estimate((low + high) / 2, low, high, "paired", 9), 1.0))
            .findall(".//circle")[0]
            .get("class")
        )

    assert [kind(0.1, 0.2), kind(-0.2, -0.1), kind(-0.1, 0.1)] == ["mid up", "mid down", "mid level"]


def test_bounds_are_a_box_without_a_point_and_a_refusal_is_nothing():
    drawn = fromstring(whisker(Bounds(-0.5, 0.5, "manski", 9, "nobody looked"), 1.0))
    assert drawn.findall(".//circle") == []
    assert drawn.findall(".//rect")[0].get("class") == "bounds"
    assert whisker(Refused("no label"), 1.0) == ""


def test_the_scale_reaches_the_farthest_end_and_is_never_nothing():
    assert reach([Estimate(0.1, -0.3, 0.2, "paired", 9), Refused("no label")]) == 0.3
    assert reach([]) == reach([Estimate(0.0, 0.0, 0.0, "exact", 9)]) == 1.0


def test_a_score_has_a_course_from_two_parts_on_and_none_of_parts_without_rows():
    assert course(Drift("s", "psi", 0.0, "green", "", means=(0.5, None))) == ""
    drawn = fromstring(course(Drift("s", "psi", 0.0, "green", "", means=(0.5, None, 0.25))))
    assert [e.get("d") for e in drawn.iter() if e.get("class") == "mean"] == ["M0 4L160 19"]
