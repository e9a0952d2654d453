"""Programs that differ by a threshold alone share what they can, and still decide as each does by itself."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from engine.columnar import Columnar
from engine.record import Record
from engine.reference import Evaluation
from policy_dsl.program import Cut, Ladder, Program, Rung
from tests.property.packs import compiled

PACK = """
score wide = max(text.a, text.b)
consequence c { policies p, q on remove when wide >= 0.74 then strike }
policy p {
  score s = mean(text.a, image.c)
  score t = noisy_or(text.a, text.b)
  thresholds on s { remove >= 0.5 }
  thresholds on t { label >= 0.9 }
}
policy q { thresholds on text.b { remove >= 0.8 } }
"""
ROWS = {"text.a": [0.95, 0.2, 0.2, 0.1], "text.b": [0.1, 0.75, 0.73, 0.85], "image.c": [0.1, 0.1, 0.1, 0.1]}


def lowered(program: Program) -> Program:
    """`q` removes from .7 on; `p` is the same object."""
    p, q = program.policies
    ladder = q.variants[0].ladders[0]
    rung = ladder.rungs[0]
    cuts: tuple[Cut, ...] = tuple(replace(cut, threshold=700_000) for cut in rung.cuts)
    variant = replace(q.variants[0], ladders=(Ladder(ladder.score, (Rung(rung.name, rung.proposal, cuts),)),))
    return replace(program, policies=(p, replace(q, variants=(variant,))))


def test_a_consequence_of_a_derived_score_is_asked_in_every_variant():
    program = compiled(PACK)
    programs = [program, lowered(program)]
    batch = pa.record_batch({"region": ["DE"] * 4, **ROWS})
    for order in (programs, programs[::-1]):
        for detail in ("full", "counts"):
            columnar = Columnar(order, detail)
            ids = columnar.outcome_ids(batch)
            for i, number in enumerate(ids):
                record = Record({name: values[i] for name, values in ROWS.items()}, {})
                for one, found in zip(order, columnar.outcomes[number], strict=True):
                    wanted = Evaluation(one, record, "DE").outcome()
                    assert (found.enforcement, found.sanctions) == (wanted.enforcement, wanted.sanctions)
