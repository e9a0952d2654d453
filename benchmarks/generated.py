"""A large pack, written from a seed: 1,000 policies whose region blocks together name all 250 regions.

Each policy has a derived score over two of 40 inputs, a ladder of three rungs, a `for` block, six region blocks with one or
two rungs and a `for` block each, a rule, an exception and an `on missing`.
"""

from __future__ import annotations

import random
from pathlib import Path

POLICIES = 1_000
INPUTS = 40

MANIFEST = """\
pack: generated
language: 1
enforcements: {{allow: {{}}, label: {{}}, limit: {{}}, reduce: {{}}, block: {{}}, remove: {{}}}}
routes: {{review: {{queue: general}}, escalate: {{queue: specialist, exclusive: true}}}}
sanctions: {{strike: {{expires_days: 90}}}}
severities: {{P0: {{sla: 15m}}, P1: {{sla: 1h}}, P2: {{sla: 24h}}, P3: {{sla: 72h}}}}
inputs:
  content.surface: {{type: enum, values: [post, comment, profile, ad, live], default: post}}
  content.context: {{type: enum, values: [none, medical, art, news], default: none}}
  author.age_days: {{type: int, min: 0, default: 0}}
{scores}
"""

POLICY = """\
policy p{number} {{
  title    "Generated policy {number}"
  owner    "team-{owner}"
  severity {severity}
  regions  GLOBAL

  score risk = max({a}, 0.8 * {b})

  thresholds on risk {{
    remove            >= 0.{remove}
    reduce and review >= 0.{reduce}
    review            >= 0.{review}
  }}

  for content.surface in [live] {{ thresholds on risk {{ remove >= 0.{live} }} }}
{regions}
  rule new_account {{
    when {a} >= 0.7 && author.age_days < 7
    then review
  }}

  exception context {{
    when content.context == "{context}"
    then at most label and review
  }}

  on missing {a} {{ review }}
}}
"""


def write_pack(root: Path, regions: list[str], policies: int = POLICIES, seed: int = 1) -> None:
    """One file a policy. The same arguments give the same bytes."""
    rng = random.Random(seed)
    scores = [f"vendor.s{number}" for number in range(INPUTS)]
    root.mkdir(parents=True, exist_ok=True)
    declared = "\n".join(f"  {name}: {{type: score}}" for name in scores)
    (root / "limen.yaml").write_text(MANIFEST.format(scores=declared), encoding="utf-8")
    for number in range(policies):
        (root / f"p{number:04}.limen").write_text(_policy(rng, number, scores, regions), encoding="utf-8")


def _policy(rng: random.Random, number: int, scores: list[str], regions: list[str]) -> str:
    a, b = rng.sample(scores, 2)
    chosen = [regions[(number * 7 + step) % len(regions)] for step in range(6)]
    return POLICY.format(
        number=number,
        owner=number % 20,
        severity=rng.choice(["P1", "P2", "P3"]),
        a=a,
        b=b,
        remove=rng.randrange(900, 999),
        reduce=rng.randrange(800, 899),
        review=rng.randrange(500, 799),
        live=rng.randrange(850, 899),
        context=rng.choice(["medical", "art", "news"]),
        regions="".join(_region(rng, code) for code in chosen),
    )


def _region(rng: random.Random, code: str) -> str:
    rungs = [f"remove >= 0.{rng.randrange(850, 950)}"] + [f"review >= 0.{rng.randrange(400, 700)}"] * rng.randrange(2)
    live = f"for content.surface in [live] {{ thresholds on risk {{ remove >= 0.{rng.randrange(800, 850)} }} }}"
    return f"\n  region {code} {{\n    thresholds on risk {{ {'  '.join(rungs)} }}\n    {live}\n  }}\n"
