"""Who wins where, as the checks see it, is who wins in the Program (S4, rulings R1, R11, R17)."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from policy_dsl.checks.context import Context
from policy_dsl.checks.slots import Situation, arms, choices, moments, slots
from policy_dsl.lower import lower
from policy_dsl.program import Policy
from tests.checks.packs import check, shared_env

RUNG = st.builds(
    "thresholds on text.hate {{ {} {} }}".format,
    st.sampled_from(("remove", "reduce and review")),
    st.sampled_from((">= 0.9", ">= 0.8", ">= 0.7", "off")),
)
FOR = ("for content.surface in [live]", "for content.surface in [live, ad]", "for content.language in [hi]")
WINDOW = ("", " from 2026-01-01", " from 1969-01-01", " until 2026-06-01", " from 2026-01-01 until 2027-01-01")


# Of two statements nothing says which one wins.
UNDECIDED = {"LIM153", "LIM154", "LIM162"}


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return inner | st.builds("{} {{ {} }}".format, st.sampled_from(FOR), inner)


STATEMENT = blocks(blocks(RUNG))
REGION = st.builds(
    "region {}{} {{ {} }}".format,
    st.sampled_from(("DE", "EU", "DE, AT", "IN", "dharmic", "EU, DE")),
    st.sampled_from(WINDOW),
    STATEMENT,
)
VARIANT = st.builds("experiment e {{ unit author.age_days share 10% variant B {{ {} }} }}".format, REGION | STATEMENT)
BODIES = st.builds(
    lambda statements, variant: "\n".join([*statements, *variant]),
    st.lists(STATEMENT | REGION, min_size=1, max_size=6),
    st.lists(VARIANT, max_size=1),
)


@given(BODIES)
@example(
    "region DE { thresholds on text.hate { remove >= 0.9 } } region DE from 1969-01-01 { thresholds on text.hate { remove >= 0.8 } }"
)
def test_the_winner_is_the_programs(body: str) -> None:
    checked = check("policy p { severity P2\n" + body + "\n}")
    assume(UNDECIDED.isdisjoint(checked.errors))
    pack = checked.pack
    env = shared_env()
    context = Context(pack.items, env, pack.sources)
    (policy,) = context.policies
    (lowered,) = lower(pack.items, env, pack.sources).policies
    found = slots(context, policy)
    for slot, said in found.by_slot.items():
        for code in ("GLOBAL", "EU", "DE", "AT", "FR", "IN"):
            for values in [{}, *(pick for item in said for pick in choices(item.guard))]:
                for at in moments(said):
                    for arm in arms(said):
                        situation = Situation(values, at, arm)
                        winner = found.winner(slot, env.tree.chain(code), situation)
                        wanted = threshold(lowered, env.tree.codes.index(code), slot.key, situation)
                        assert (winner.threshold if winner else None) == wanted, (code, situation)


def threshold(policy: Policy, region: int, key: str, situation: Situation) -> int | None:
    variant = policy.variants[policy.places[region]]
    cuts = [cut for ladder in variant.ladders for rung in ladder.rungs if rung.name == key for cut in rung.cuts]
    return next((cut.threshold for cut in cuts if situation.meets(cut.guard)), None)
