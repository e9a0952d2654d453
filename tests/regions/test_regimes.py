"""Legal regimes: dated, cited, found along the chain."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regions import GLOBAL, Regime, Region, RegionTree


def ids(tree: RegionTree, code: str, *day: int) -> set[str]:
    return {regime.id for regime in tree.regimes(code, date(*day))}


def test_each_regime_says_what_where_since_when_and_on_what_ground(tree: RegionTree):
    assert len(tree.all_regimes) >= 30
    for regime in tree.all_regimes:
        assert regime.citation
        assert regime.url.startswith("https://")
        assert regime.title
        assert regime.duty.endswith(".")
        assert not regime.note or regime.note.endswith(".")
        assert all(code in tree for code in regime.regions)
        assert regime.id.startswith(tuple(f"{code.lower()}-" for code in regime.regions))
        assert "|" not in regime.title + regime.duty + regime.note + regime.citation  # the docs' table


@pytest.mark.parametrize(
    ("id_", "region", "first_day", "hours"),
    [
        ("eu-tco-removal-order", "EU", date(2022, 6, 7), 1),
        ("eu-dsa-notice-and-action", "EU", date(2024, 2, 17), None),
        ("eu-dsa-statement-of-reasons", "EU", date(2024, 2, 17), None),
        ("eu-dsa-systemic-risk", "EU", date(2023, 8, 25), None),
        ("gb-osa-illegal-content", "GB", date(2025, 3, 17), None),
        ("gb-osa-children", "GB", date(2025, 7, 25), None),
        ("us-take-it-down", "US", date(2026, 5, 19), 48),
        ("in-it-rules-order-36h", "IN", date(2021, 2, 25), 36),
        ("in-it-rules-order-3h", "IN", date(2026, 2, 20), 3),
        ("in-it-rules-intimate-2h", "IN", date(2026, 2, 20), 2),
        ("au-osa-class-1", "AU", date(2022, 1, 23), 24),
        ("br-eca-digital-removal", "BR", date(2026, 3, 17), None),
    ],
)
def test_a_regime_holds_from_its_first_day(tree: RegionTree, id_: str, region: str, first_day: date, hours: int | None):
    held = {regime.id: regime for regime in tree.regimes(region, first_day)}
    assert held[id_].deadline_hours == hours
    assert id_ not in {regime.id for regime in tree.regimes(region, first_day - timedelta(days=1))}


@pytest.mark.parametrize(
    ("id_", "region", "last_day"),
    [
        ("de-netzdg-24h", "DE", date(2024, 5, 13)),
        ("at-koplg-24h", "AT", date(2024, 2, 16)),
        ("in-it-rules-order-36h", "IN", date(2026, 2, 19)),
        ("in-it-rules-intimate-24h", "IN", date(2026, 2, 19)),
        ("in-it-rules-complaint-72h", "IN", date(2026, 2, 19)),
    ],
)
def test_a_regime_ends_before_the_day_of_its_until(tree: RegionTree, id_: str, region: str, last_day: date):
    assert id_ in {regime.id for regime in tree.regimes(region, last_day)}
    assert id_ not in {regime.id for regime in tree.regimes(region, last_day + timedelta(days=1))}


def test_india_has_one_time_limit_of_each_kind_on_any_day(tree: RegionTree):
    for day in (date(2025, 1, 1), date(2026, 2, 19), date(2026, 2, 20), date(2027, 1, 1)):
        held = tree.regimes("IN", day)
        for kind in ("order", "intimate", "complaint"):
            assert len([regime for regime in held if regime.id.startswith(f"in-it-rules-{kind}-")]) == 1


def test_a_region_inherits_the_regimes_above_it_its_own_first(tree: RegionTree):
    held = tree.regimes("DE", date(2026, 6, 1))
    own = [regime.id for regime in held if "DE" in regime.regions]
    above = [regime.id for regime in held if "EU" in regime.regions]
    assert [regime.id for regime in held] == [*sorted(own), *sorted(above)]
    assert own
    assert above
    reunion = [regime.id for regime in tree.regimes("RE", date(2026, 6, 1))]
    assert reunion.index("fr-lcen-csam-removal") < reunion.index("eu-tco-removal-order")  # nearer, though later by name
    assert not {id_ for id_ in ids(tree, "GB", 2026, 6, 1) if id_.startswith("eu-")}
    assert not {id_ for id_ in ids(tree, "EU", 2026, 6, 1) if id_.startswith("de-")}


def test_a_pack_region_inherits_them_too(tree: RegionTree):
    from regions import RegionSpec

    more = tree.extend({"US-CA": RegionSpec("US")}, {})
    assert "us-take-it-down" in ids(more, "US-CA", 2026, 6, 1)


def test_a_datetime_counts_as_its_day_in_utc(tree: RegionTree):
    delhi = timezone(timedelta(hours=5, minutes=30))
    before = datetime(2026, 2, 20, 3, 0, tzinfo=delhi)  # still the 19th in UTC
    after = datetime(2026, 2, 20, 0, 0, tzinfo=UTC)
    assert "in-it-rules-order-36h" in {regime.id for regime in tree.regimes("IN", before)}
    assert "in-it-rules-order-3h" in {regime.id for regime in tree.regimes("IN", after)}


def test_a_datetime_without_a_zone_is_refused(tree: RegionTree):
    with pytest.raises(ValueError, match="`at` has no time zone: seen `2026-02-20T00:00:00`, expected a date"):
        tree.regimes("IN", datetime(2026, 2, 20))  # noqa: DTZ001


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(DAYS, st.none() | st.integers(1, 3000), DAYS)
def test_in_force_is_the_half_open_interval(start: date, length: int | None, day: date):
    end = None if length is None else start + timedelta(days=length)
    regime = Regime(
        id="r", title="t", regions=(GLOBAL,), duty="d", deadline_hours=None, in_force_from=start, in_force_until=end,
        citation="c", url="https://example.org",
    )  # fmt: skip
    tree = RegionTree((Region(GLOBAL, "World", None),), all_regimes=(regime,))
    days = (day - start).days
    assert bool(tree.regimes(GLOBAL, day)) == (days >= 0 and (length is None or days < length))
