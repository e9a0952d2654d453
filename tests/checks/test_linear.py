"""Checking takes work in proportion to the pack: twice the policies, twice the calls."""

from __future__ import annotations

import sys
from types import FrameType

from policy_dsl.checks import findings
from policy_dsl.checks.context import Context
from tests.checks.packs import check, shared_env

POLICY = """policy p{i} {{
  title "t" owner "o" severity P2
  score risk = max(text.hate, 0.8 * image.hate)
  let young = author.age_days < {i} + 1
  thresholds on risk {{ remove >= 0.95  reduce and review >= 0.80  review >= 0.50 }}
  region DE, AT {{ thresholds on risk {{ remove >= 0.90 }} for content.surface in [live] {{ thresholds on risk {{ remove >= 0.81 }} }} }}
  for content.surface in [live] {{ thresholds on risk {{ remove >= 0.81 }} }}
  rule r {{ when hash.known_nudity.match && young then remove and escalate }}
  exception medical {{ when content.context == "medical" then at most label and review }}
}}
test p{i} "t" {{ given {{ text.hate = 0.95 author.age_days = 400 }} expect remove }}
"""
SHARED = 'exception news { when content.context == "news" then at most label }\nadjust wide { when author.strikes >= 3 then lower thresholds by 0.05 }\n'


def calls(policies: int) -> int:
    """Of Python functions, while a pack of so many policies is checked."""
    pack = check({"all.limen": SHARED, **{f"p{i}.limen": POLICY.format(i=i) for i in range(policies)}}).pack
    context = Context(pack.items, shared_env(), pack.sources)
    count = 0

    def see(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        findings(context)
    finally:
        sys.setprofile(before)
    return count


def test_twice_the_policies_take_twice_the_calls() -> None:
    small, large = calls(30), calls(60)
    assert small > 1000
    assert large < 2.2 * small
