"""The staffing file: what it means, and what its author is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import simulator.staffing_file
from simulator.staffing import Handling, Roster
from simulator.staffing_file import StaffingError, parse_staffing, read_staffing

TEXT = re.search(r"```yaml\n(.*?)```", str(simulator.staffing_file.__doc__), re.DOTALL)[1]  # type: ignore[index]
QUEUES, TIERS = ("general", "specialist"), ("P0", "P1")


def hour(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) // 3600  # type: ignore[misc, arg-type]


def roster(queue: str = "general", text: str = TEXT) -> Roster:
    return parse_staffing(text, "s.yaml", QUEUES, TIERS).rosters[queue]


def one(shift: str, zone: str = "UTC") -> Roster:
    text = f"timezone: {zone}\nqueues: {{general: {{handling: {{minutes: 1}}, shifts: [{{{shift}, reviewers: 3}}]}}}}"
    return roster(text=text)


def test_the_example_is_read() -> None:
    general, specialist = roster(), roster("specialist")
    assert general.general == Handling(pytest.approx(2 / 60 / 0.7), "lognormal", 0.8)
    assert general.handling("P0").hours == pytest.approx(6 / 60 / 0.7)
    assert general.handling("P1") == general.general
    assert (general.always, specialist.always) == (None, 2)
    assert specialist.general == Handling(pytest.approx(8 / 60), "exponential", 1.0)
    assert general.told().startswith("general: 324 reviewer hours a week (Europe/Berlin); an item takes 2.86 min")


def test_shifts_follow_the_zone_and_its_daylight_saving() -> None:
    duty = roster().duty(hour(2026, 3, 27), 0.0, 96.0)  # a Friday; the clocks went forward on Sunday
    there = dict(zip(duty.times, duty.reviewers, strict=True))
    assert there == {0: 0, 7: 6, 17: 0, 33: 2, 39: 0, 56: 2, 62: 0, 78: 6, 88: 0}
    assert roster("specialist").duty(hour(2026, 3, 27), -24.0, 96.0).between(-24.0, 96.0) == 240


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    duty = one('days: sun, from: "22:00", to: "06:00"').duty(hour(2026, 3, 2), 0.0, 48.0)  # a Monday
    assert list(zip(duty.times, duty.reviewers, strict=True)) == [(0.0, 3), (6.0, 0)]


def test_overlapping_shifts_add_up_and_days_wrap() -> None:
    text = (
        "queues: {general: {handling: {minutes: 1}, shifts: [{days: sat-mon, from: 10:00, to: 12:00, reviewers: 1}, "
        '{days: [mon], from: "11:00", to: "13:00", reviewers: 2}]}}'
    )
    duty = roster(text=text).duty(hour(2026, 3, 2), 0.0, 24.0)
    assert list(zip(duty.times, duty.reviewers, strict=True)) == [(0.0, 0), (10.0, 1), (11.0, 3), (12.0, 2), (13.0, 0)]
    assert {shift.days for shift in roster(text=text).shifts} == {(0, 5, 6), (0,)}


def test_reviewers_at_all_hours_may_stand_as_a_shift() -> None:
    assert one('from: "00:00", to: "24:00"').always == 3
    assert one('days: mon-fri, from: "00:00", to: "24:00"').always is None


def test_a_distribution_without_spread_and_one_of_a_tier() -> None:
    text = (
        "queues: {general: {reviewers: 1, handling: {minutes: 3, distribution: gamma, cv: 2}, "
        "tiers: {P0: {distribution: fixed}, P1: {cv: 0.5}}}}"
    )
    assert roster(text=text).handling("P0") == Handling(0.05, "fixed", 0.0)
    assert roster(text=text).handling("P1") == Handling(0.05, "gamma", 0.5)


MISTAKES = {
    "": "`s.yaml`: expected keys such as `queues`, seen no mapping",
    "a: [": "`s.yaml` is not valid YAML: line 2: ",
    "queues: {}": "line 1: `queues`: expected at least one entry, seen an empty one",
    TEXT.replace("general:", "genral:"): "line 3: the pack has no queue `genral`, did you mean `general`",
    TEXT.replace("mon-fri", "mo-fri"): "line 5: `queues.general.shifts.0.days`: expected days such as `mon-fri`, ",
    TEXT.replace('"08:00"', "8"): "line 5: `queues.general.shifts.0.from`: expected a time such as `08:00`, ",
    TEXT.replace('from: "08:00"', "from: '25:00'"): "from `00:00` to `24:00`, seen `25:00`",
    TEXT.replace('"18:00"', '"08:00"'): "line 5: `queues.general.shifts.0`: the shift ends when it begins",
    TEXT.replace(
        "reviewers: 6", "reviewers: 2.5"
    ): "line 5: `queues.general.shifts.0.reviewers`: expected a whole number",
    TEXT.replace(
        "reviewers: 6", "reviewer: 6"
    ): "unknown key `queues.general.shifts.0.reviewer`, did you mean `reviewers`",
    TEXT.replace("cv: 0.8", "cx: 0.8"): "line 7: unknown key `queues.general.handling.cx`, the keys here are `minutes`",
    TEXT.replace("shrinkage", "shrinkags"): "line 9: unknown key `queues.general.shrinkags`, did you mean `shrinkage`",
    TEXT.replace(", cv: 0.8", ""): "is lognormal and has no `cv`",
    TEXT.replace("{minutes: 8}", "{minutes: 8, cv: 1}"): "`handling` has a `cv`, which only lognormal and gamma take",
    TEXT.replace("{minutes: 8}", "{cv: 1, distribution: gamma}"): "`handling` needs `minutes`",
    TEXT.replace(
        "{minutes: 8}", "{minutes: -1}"
    ): "line 12: `queues.specialist.handling.minutes`: input should be greater",
    TEXT.replace("30%", "130%"): "line 9: `queues.general.shrinkage`: expected a share such as `30%`",
    TEXT.replace("Europe/Berlin", "Europe/Berln"): "line 1: `timezone`: expected a time zone such as `Europe/Berlin`",
    TEXT.replace("P0:", "P9:"): "line 8: the pack has no tier `P9`, it has `P0`, `P1`",
    TEXT.replace("    reviewers: 2 ", "    #"): "expected either `shifts` or `reviewers` (at all hours)",
    TEXT.replace("    handling: {minutes: 8}\n", ""): "the key `queues.specialist.handling` is missing",
}


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told_with_its_line(text: str) -> None:
    with pytest.raises(StaffingError) as caught:
        parse_staffing(text, "s.yaml", QUEUES, TIERS)
    message = str(caught.value)
    assert MISTAKES[text] in message
    assert "\n" not in message
    assert message.startswith("`s.yaml`")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StaffingError, match="is not UTF-8"):
        read_staffing(path, QUEUES, TIERS)
    path.write_text(TEXT, encoding="utf-8")
    assert set(read_staffing(path, QUEUES, TIERS).rosters) == {"general", "specialist"}
