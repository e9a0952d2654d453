"""What a pack adds, and what the tree refuses."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regions import GLOBAL, Regime, Region, RegionError, RegionSpec, RegionTree

SMALL = RegionTree((Region(GLOBAL, "World", None), Region("EU", "Union", GLOBAL), Region("DE", "Germany", "EU")))


def refused(tree: RegionTree, regions=(), groups=()) -> tuple[str, ...]:
    with pytest.raises(RegionError) as caught:
        tree.extend(dict(regions), dict(groups))
    return caught.value.problems


def test_states_groups_and_a_level_of_their_own(tree: RegionTree):
    more = tree.extend(
        {
            "US-CA": RegionSpec("US", "California", ("en", "es")),
            "GULF": RegionSpec("GLOBAL"),
            "GULF-1": RegionSpec("GULF"),
        },
        {"dharmic": ["IN", "NP", "LK", "JP"], "west_coast": ["US-CA"]},
    )
    assert more.chain("US-CA") == ("US-CA", "US", "GLOBAL")
    assert more.chain("GULF-1") == ("GULF-1", "GULF", "GLOBAL")
    assert more.region("US-CA") == Region("US-CA", "California", "US", ("en", "es"))
    assert more.region("GULF").name == "GULF"
    assert more.expand("dharmic") == ("IN", "NP", "LK", "JP")
    assert set(more.groups) == {"EEA", "dharmic", "west_coast"}
    assert more.all_regimes == tree.all_regimes
    assert more.suggest("us_ca") == more.suggest("California") == "US-CA"
    assert more.extend({"A-1": RegionSpec("US")}, {}).suggest("a_1") == "A-1"
    assert more.suggest("dharmc") == "dharmic"


def test_the_order_of_a_pack_does_not_matter_and_the_old_tree_stays(tree: RegionTree):
    specs = {"A-1": RegionSpec("A"), "A": RegionSpec("EU")}
    turned = dict(reversed(specs.items()))
    groups = {"g": ["A", "DE"], "f": ["A"]}
    assert tree.extend(specs, groups) == tree.extend(turned, dict(reversed(groups.items())))
    assert "A" not in tree
    assert "g" not in tree.groups


def test_nothing_added_is_the_same_tree(tree: RegionTree):
    assert tree.extend({}, {}) == tree


def test_every_problem_is_named_at_once(tree: RegionTree):
    found = refused(
        tree,
        {
            "DE": RegionSpec("GLOBAL"),
            "US_CA": RegionSpec("US"),
            "US-CA": RegionSpec("USA"),
            "A": RegionSpec("B"),
            "B": RegionSpec("A"),
            "X": RegionSpec("EEA"),
            "Y": RegionSpec("GLOBAL", languages=("german",)),
        },
        {"FR": ["DE"], "dharmic": ["IN", "UK", "Q"], "none": [], "twice": ["DE", "DE"], "nested": ["EEA"], "EEA": ["DE"], "1a": ["DE"]},
    )  # fmt: skip
    assert found == (
        "region `DE` is already there, a pack may add a region but not change one",
        "region `A` is its own ancestor: `A` -> `B` -> `A`, expected a chain that ends in `GLOBAL`",
        "region `US-CA` has the unknown parent `USA`, did you mean `US`",
        "`US_CA` is no region code, expected a letter, then letters, digits and inner hyphens such as `US-CA`",
        "region `X` has the group `EEA` for a parent, expected one region",
        "region `Y` has the language `german`, expected a BCP-47 tag such as `pt-BR`",
        "group `EEA` is already there, a pack may add a group but not change one",
        "`1a` is no group name, expected a letter, then letters, digits, `_` and inner hyphens such as `gulf_states`",
        "group `FR` is named like a region, choose another name",
        "group `dharmic` has the unknown member `UK`, did you mean `GB`",
        "group `dharmic` has the unknown member `Q`, expected a region code such as `DE` or one that the pack adds",
        "group `nested` lists the group `EEA`, list the regions of `EEA` instead",
        "group `none` has no members, expected at least one region",
        "group `twice` lists `DE` 2 times, list it once",
    )


def test_the_wording_of_an_error(tree: RegionTree):
    with pytest.raises(RegionError) as caught:
        tree.extend({"A": RegionSpec("A"), "de": RegionSpec("EU")}, {"eu": ["DE"]})
    error = caught.value
    assert isinstance(error, ValueError)
    assert str(error) == "; ".join(error.problems)
    assert "region `A` is its own ancestor: `A` -> `A`, expected a chain that ends in `GLOBAL`" in error.problems
    assert "region `de` differs from `DE` only in letter case, choose another name" in error.problems
    assert "group `eu` is named like a region, choose another name" in error.problems
    assert all("\n" not in problem and not problem.endswith(".") for problem in error.problems)
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_a_second_pack_meets_the_first(tree: RegionTree):
    first = tree.extend({"US-CA": RegionSpec("US")}, {"g": ["DE"]})
    assert refused(first, {"US-CA": RegionSpec("US")}, {"g": ["FR"]}) == (
        "region `US-CA` is already there, a pack may add a region but not change one",
        "group `g` is already there, a pack may add a group but not change one",
    )


def test_a_tree_needs_its_root():
    with pytest.raises(RegionError) as caught:
        RegionTree((Region("DE", "Germany", None),))
    assert caught.value.problems == (
        "the tree has no root `GLOBAL`",
        "region `DE` has no parent, only `GLOBAL` may stand at the top",
    )


def test_a_regime_is_checked_too():
    from datetime import date

    day = date(2026, 1, 1)
    bad = Regime(
        id="r", title="", regions=("GER",), duty="d", deadline_hours=0, in_force_from=day, in_force_until=day,
        citation="c", url="http://example.org",
    )  # fmt: skip
    with pytest.raises(RegionError) as caught:
        RegionTree(SMALL.regions, all_regimes=(bad, bad))
    assert set(caught.value.problems) == {
        "regime `r` is already there, a pack may add a regime but not change one",
        "regime `r` has an empty `title`",
        "regime `r` has the unknown region `GER`, expected a region code such as `DE` or one that the pack adds",
        "regime `r` has the deadline 0 h, expected at least 1 or none",
        "regime `r` ends on 2026-01-01, expected a day after its start 2026-01-01",
        "regime `r` has the address `http://example.org`, expected one that starts with `https://`",
    }


NAMES = st.sampled_from(["A", "B", "C", "D-1", "E-2"])
PARENTS = st.sampled_from(["A", "B", "C", "D-1", "E-2", "GLOBAL", "EU", "DE", "nowhere"])


@given(st.dictionaries(NAMES, PARENTS))
def test_a_forest_of_parents_is_accepted_exactly_when_every_chain_ends(parents: dict[str, str]):
    sound = all(ends(code, parents) for code in parents)
    specs = {code: RegionSpec(parent) for code, parent in parents.items()}
    if not sound:
        assert refused(SMALL, specs)
        return
    more = SMALL.extend(specs, {})
    for code, parent in parents.items():
        assert more.chain(code)[0] == code
        assert more.chain(code)[-1] == GLOBAL
        assert more.chain(code)[1:] == more.chain(parent)
        assert code in more.descendants(parent)


def ends(code: str, parents: dict[str, str]) -> bool:
    """By counting: a chain longer than there are regions has met one twice."""
    for _ in range(len(parents) + 1):
        if code in SMALL:
            return True
        if code not in parents:
            return False
        code = parents[code]
    return False


@given(st.dictionaries(NAMES, PARENTS, min_size=1))
def test_each_cycle_and_each_lost_parent_is_named_once(parents: dict[str, str]):
    lost = {code for code, parent in parents.items() if parent not in SMALL and parent not in parents}
    rings = {frozenset(ring(code, parents)) for code in parents} - {frozenset()}
    specs = {code: RegionSpec(parent) for code, parent in parents.items()}
    found = refused(SMALL, specs) if lost or rings else ()
    assert sum("is its own ancestor" in problem for problem in found) == len(rings)
    assert sum("unknown parent" in problem for problem in found) == len(lost)
    assert len(found) == len(rings) + len(lost)


def ring(code: str, parents: dict[str, str]) -> set[str]:
    """The codes that lead back to themselves from `code`; empty where the walk leaves the mapping."""
    walk = [code]
    for _ in parents:
        if walk[-1] not in parents:
            return set()
        walk.append(parents[walk[-1]])
    at = walk[-1]
    if at not in parents:
        return set()
    found, step = {at}, parents[at]
    while step != at:
        found.add(step)
        step = parents[step]
    return found


@given(st.lists(st.sampled_from(["EU", "DE", "GLOBAL"]), min_size=1, unique=True))
def test_a_group_gives_its_members_as_stated(members: list[str]):
    more = SMALL.extend({}, {"g": members})
    assert more.expand("g") == tuple(members)
    assert "g" not in more
    assert more.codes == SMALL.codes
