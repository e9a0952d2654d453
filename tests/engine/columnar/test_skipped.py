"""Inputs whose scorers were not called: whether they could have changed a decision depends on the row's other facts, too."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine.columnar import AT_STAKE, Columnar
from engine.record import Record
from engine.reference import Evaluation
from tests.property.packs import compiled
from tests.property.test_columnar import said

PACK = """
consequence c { policies p on remove when fact.flag then escalate }
policy p {
  thresholds on text.a { remove >= 0.5 }
  for fact.lang in [en] { thresholds on text.b { escalate >= 0.5 } }
}
"""


@pytest.mark.parametrize("flag", [True, False])
def test_what_was_skipped_is_at_stake_unless_a_consequence_does_the_same(flag):
    program = compiled(PACK)
    scores, facts, skipped = {"text.a": 0.9, "text.b": 0.9}, {"fact.flag": flag}, frozenset({"fact.lang"})
    columns = {name: pa.array([value]) for name, value in (scores | facts).items()}
    batch = pa.record_batch({**columns, "region": ["DE"], "skipped": pa.array([list(skipped)], pa.list_(pa.string()))})
    wanted = Evaluation(program, Record(scores, facts, skipped=skipped), "DE").outcome()
    full, counts = Columnar([program]), Columnar([program], "counts")
    ((outcome,),) = (full.outcomes[number] for number in full.outcome_ids(batch))
    ((counted,),) = (counts.outcomes[number] for number in counts.outcome_ids(batch))
    assert said(outcome) == said(wanted)
    assert outcome.verdicts[0].undetermined is flag
    assert counted.reason == (None if flag else AT_STAKE)
