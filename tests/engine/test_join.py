"""Proposals -> one (S5, ruling R14): the join is a semilattice, and the meet lies below all."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Routed, Sanctioned
from engine.join import adds_nothing, join, join_effects, join_routes, join_sanctions, meet
from policy_dsl.program import Proposal, RouteUse, SanctionUse
from tests.engine.packs import compiled

route_uses = st.builds(
    RouteUse, st.sampled_from(("review", "escalate")), st.sampled_from(("x", "y")), st.sampled_from((None, 0, 1))
)
sanction_uses = st.builds(
    SanctionUse, st.sampled_from(("strike", "suspend")), st.dictionaries(st.just("days"), st.integers(1, 3))
)


def in_order(routes: Any, sanctions: Any, enforcement: int) -> Proposal:
    return join([Proposal(enforcement, tuple(routes), tuple(sanctions))])


proposals = st.builds(in_order, st.sets(route_uses, max_size=2), st.lists(sanction_uses, max_size=2), st.integers(0, 3))


@given(proposals, proposals, proposals)
def test_join_is_associative_commutative_and_idempotent(a: Proposal, b: Proposal, c: Proposal) -> None:
    assert join([a, join([b, c])]) == join([join([a, b]), c]) == join([c, b, a])
    assert join([a, a]) == a
    assert join([]) == Proposal()
    assert join([a, Proposal()]) == a


@given(st.lists(proposals, min_size=1, max_size=3))
def test_the_meet_adds_nothing_to_any(items: list[Proposal]) -> None:
    assert all(adds_nothing(meet(items), item) for item in items)
    assert all(adds_nothing(item, join(items)) for item in items)


def test_two_numbers_under_one_option_are_the_larger_and_two_words_the_first() -> None:
    groups = [
        [Sanctioned("suspend", (("days", 3), ("kind", "soft")))],
        [Sanctioned("suspend", (("days", 30), ("kind", "hard")))],
    ]
    assert join_sanctions(groups) == (Sanctioned("suspend", (("days", 30), ("kind", "hard"))),)
    assert join_sanctions(reversed(groups)) == join_sanctions(groups)


def test_one_entry_a_queue_with_the_most_severe_priority() -> None:
    program = compiled("policy p { severity P2 rule r { when fact.flag then review } }")
    found = join_routes(program, [[Routed("review", "x", 2)], [Routed("review", "x", 1), Routed("review", "y", 3)]])
    assert found == (Routed("review", "x", 1), Routed("review", "y", 3))


def test_an_exclusive_route_stands_alone() -> None:
    program = compiled("policy p { severity P2 rule r { when fact.flag then review } }")
    found = join_routes(program, [[Routed("review", "x", 0)], [Routed("escalate", "z", 3)]])
    assert found == (Routed("escalate", "z", 3),)


def test_effects_of_the_most_severe_come_last_and_among_equals_the_first_name() -> None:
    proposers: list[tuple[int, str, dict[str, Any]]] = [
        (1, "b", {"n": "b"}),
        (0, "z", {"m": "z"}),
        (1, "a", {"n": "a", "m": "a"}),
    ]
    assert join_effects({"n": "base", "k": 1}, proposers) == (("k", 1), ("m", "z"), ("n", "a"))
    assert join_effects({"n": "base", "k": 1}, reversed(proposers)) == (("k", 1), ("m", "z"), ("n", "a"))
