import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.calibration import Calibration

UNIT = st.floats(0, 1)


@st.composite
def calibrations(draw):
    raw = sorted(draw(st.sets(UNIT, min_size=2, max_size=6)))
    calibrated = sorted(draw(st.lists(UNIT, min_size=len(raw), max_size=len(raw))))
    return Calibration(tuple(zip(raw, calibrated, strict=True)))


def test_between_two_corners_it_is_a_straight_line():
    table = Calibration(((0.0, 0.0), (0.5, 0.2), (1.0, 1.0)))
    assert [table(x) for x in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx([0, 0.1, 0.2, 0.6, 1])


def test_it_is_flat_outside_its_corners():
    table = Calibration(((0.2, 0.1), (0.8, 0.9)))
    assert (table(0.0), table(1.0)) == (0.1, 0.9)


@given(calibrations(), UNIT, UNIT)
def test_a_higher_score_never_becomes_the_lower_one(table, one, other):
    low, high = sorted((one, other))
    assert table(low) <= table(high) + 1e-12
    assert -1e-12 <= table(low) <= 1 + 1e-12


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0, 0]], "at least two points"),
        ([[0, 0], [1.5, 1]], "lie in"),
        ([[0, 0.5], [1, 0.4]], "monotone"),
        ([[0.5, 0], [0.5, 1]], "monotone"),
        ([[0, 0, 0], [1, 1, 1]], "is a pair"),
        ([[0, 0], [float("nan"), 1]], "lie in"),
    ],
)
def test_a_table_that_is_no_monotone_map_is_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        Calibration.from_rows(rows)
