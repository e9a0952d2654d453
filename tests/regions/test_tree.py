"""What ships: the countries, the Union, the shape of the tree."""

import pickle
from itertools import pairwise

import pytest

from regions import GLOBAL, RegionTree, UnknownRegionError

# Article 52(1) TEU, written out a second time so that a slip in the data shows.
UNION = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()  # noqa: SIM905
OUTERMOST = "GF GP MF MQ RE YT".split()  # noqa: SIM905 - Article 355(1) TFEU


def test_every_iso_country_once(tree: RegionTree):
    assert len([code for code in tree.codes if len(code) == 2 and code != "EU"]) == 249
    assert set(tree.codes) - {GLOBAL, "EU"} == {code for code in tree.codes if len(code) == 2 and code != "EU"}


def test_the_union_has_its_27_members_directly_below_it(tree: RegionTree):
    assert [code for code in tree.codes if tree.region(code).parent == "EU"] == sorted(UNION)


def test_the_union_holds_the_territories_that_its_treaties_reach_and_no_other(tree: RegionTree):
    assert set(tree.descendants("EU")) == {"EU", *UNION, *OUTERMOST, "AX"}
    assert tree.chain("RE") == ("RE", "FR", "EU", "GLOBAL")
    assert tree.chain("AX") == ("AX", "FI", "EU", "GLOBAL")


@pytest.mark.parametrize("code", ["GB", "CH", "NO", "IS", "NC", "PF", "BL", "GL", "FO", "AW", "GI", "GG", "PR", "HK"])
def test_these_are_not_in_the_union_and_stand_on_their_own(tree: RegionTree, code: str):
    assert tree.chain(code) == (code, GLOBAL)


@pytest.mark.parametrize("code", ["XK", "EL", "UK", "AN", "GLOBAL-X", "de", ""])
def test_these_are_no_codes(tree: RegionTree, code: str):
    assert code not in tree


def test_every_chain_starts_with_the_code_and_ends_in_the_root(tree: RegionTree):
    for code in tree.codes:
        chain = tree.chain(code)
        assert (chain[0], chain[-1]) == (code, GLOBAL)
        assert len(set(chain)) == len(chain) == tree.depth(code) + 1
        assert all(tree.region(lower).parent == upper for lower, upper in pairwise(chain))


def test_germany(tree: RegionTree):
    assert tree.chain("DE") == ("DE", "EU", "GLOBAL")
    assert tree.region("DE").name == "Germany"
    assert (tree.depth(GLOBAL), tree.depth("EU"), tree.depth("DE")) == (0, 1, 2)


def test_within_and_descendants_agree(tree: RegionTree):
    for top in (GLOBAL, "EU", "FR", "DE"):
        below = tree.descendants(top)
        assert below[0] == top
        assert list(below[1:]) == sorted(below[1:])
        assert len(set(below)) == len(below)
        assert set(below) == {code for code in tree.codes if tree.is_within(code, top)}
    assert tree.is_within("DE", "DE")
    assert not tree.is_within("EU", "DE")


def test_codes_are_sorted_and_norway_is_no_truth_value(tree: RegionTree):
    assert list(tree.codes) == sorted(tree.codes)
    assert "NO" in tree
    assert tree.region("NO").name == "Norway"
    assert "NO" in tree.groups["EEA"]


def test_languages_are_official_ones_most_spoken_first(tree: RegionTree):
    assert tree.region("DE").languages == ("de",)
    assert tree.region("IN").languages == ("hi", "en")
    assert tree.region("US").languages == ("en",)  # de facto
    assert "sr-Latn" in tree.region("RS").languages  # BCP 47, not CLDR's `sr_Latn`
    assert tree.region("AQ").languages == ()
    assert len(tree.region("EU").languages) == 24


def test_expand(tree: RegionTree):
    assert tree.expand("DE") == ("DE",)
    assert tree.expand("EEA") == ("EU", "IS", "LI", "NO")
    assert dict(tree.groups) == {"EEA": ("EU", "IS", "LI", "NO")}


@pytest.mark.parametrize("ask", ["chain", "depth", "expand", "descendants", "region"])
def test_an_unknown_name_is_a_key_error_that_helps(tree: RegionTree, ask: str):
    with pytest.raises(UnknownRegionError) as caught:
        getattr(tree, ask)("UK")
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == "unknown region `UK`, did you mean `GB`"
    assert (caught.value.name, caught.value.suggestion) == ("UK", "GB")


def test_both_names_of_a_comparison_are_checked(tree: RegionTree):
    for code, ancestor in (("DE", "EUROPE-X"), ("EUROPE-X", "EU")):
        with pytest.raises(UnknownRegionError, match="unknown region `EUROPE-X`"):
            tree.is_within(code, ancestor)


def test_without_a_near_name_the_error_says_what_is_expected(tree: RegionTree):
    with pytest.raises(UnknownRegionError) as caught:
        tree.chain("XK")
    assert str(caught.value) == "unknown region `XK`, expected a region code such as `DE` or one that the pack adds"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("UK", "GB"), ("EL", "GR"), ("de", "DE"), ("DEU", "DE"), ("Germany", "DE"), ("Germny", "DE"), ("GLOBL", "GLOBAL"),
        ("eea", "EEA"), (" fr ", "FR"), ("XK", None), ("DX", None), ("EUR", None), ("US-TX", None), ("", None),
    ],
)  # fmt: skip
def test_suggest(tree: RegionTree, written: str, meant: str | None):
    assert tree.suggest(written) == meant


def test_every_suggestion_is_a_name_of_the_tree(tree: RegionTree):
    for spelling, _ in tree.aliases:
        assert tree.suggest(spelling) in tree


def test_the_tree_is_a_value(tree: RegionTree):
    copy = pickle.loads(pickle.dumps(tree))
    assert copy == tree
    assert hash(copy) == hash(tree)
    assert copy.chain("DE") == tree.chain("DE")
    with pytest.raises(AttributeError):
        tree.regions = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        tree.groups["x"] = ()  # type: ignore[index]
