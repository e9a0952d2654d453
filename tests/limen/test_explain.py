"""`limen explain`, read as somebody who wrote none of the rules: decisions of the shipped pack, and every turn of phrase."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from limen.cli.telling import tell
from tests.limen.packs import Run

HERE = Path(__file__).parent
RECORDS = [json.loads(line) for line in (HERE / "explained.jsonl").read_text(encoding="utf-8").splitlines()]
MANIFEST = """
pack: phrases
language: 1
enforcements: {allow: {}, label: {}, reduce: {}, remove: {effects: {notify_user: true}}}
routes: {review: {queue: general}}
sanctions: {strike: {days: 7}}
severities: {P1: {sla: 15m}, P2: {}}
unknown_region: GLOBAL
inputs:
  text.a: {type: score}
  text.b: {type: score, optional: true}
  author.id: {type: string, optional: true}
  author.age: {type: int, optional: true}
  content.surface: {type: enum, values: [post, live], default: post}
"""
RULES = """
policy p {
  title "Some policy" owner "somebody" severity P1
  score risk = max(text.a, text.b)
  thresholds on risk { remove >= 0.9  reduce and review >= 0.5 }
  region DE { for content.surface in [live] { thresholds on risk { remove >= 0.8 } } }
  region FR from 2026-03-01 { thresholds on risk { remove >= 0.7 } }
  adjust young { when author.age < 3 then lower thresholds by 0.1 reason "new accounts" }
  exception old { when author.age > 1000 then waive }
  exception older { when author.age > 100 then at most reduce and review reason "they know the rules" }
  rule strange { when 100 / author.age > 99 then remove and strike }
  experiment trial { unit author.id  share 50%  variant B { thresholds on risk { remove >= 0.95 } } }
}
policy hidden { title "Tried out" owner "somebody" severity P2 mode shadow thresholds on text.b { label >= 0.1 } }
policy quiet { title "Quiet" owner "somebody" severity P2 thresholds on text.b { remove >= 0.99 } }
"""


def masked(text: str) -> str:
    """Without what changes with every edit of the pack: lines and digest."""
    return re.sub(r"\.limen:\d+", ".limen:LINE", re.sub(r"sha256:\w+", "sha256:DIGEST", text)) + "\n"


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return Engine.load(HERE.parents[1] / "policies", evaluator="reference")


@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_decisions_of_the_shipped_pack(
    shipped: Engine, record: dict[str, object], golden: Callable[[Path, str], None]
) -> None:
    told = "\n\n".join(tell(decision) for decision in shipped.decide_record(record))
    golden(HERE / "golden" / "explain" / f"{record['id']}.txt", masked(told))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    (tmp_path / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "p.limen").write_text(RULES, encoding="utf-8")
    return Engine.load(tmp_path)


@pytest.mark.parametrize(
    ("record", "lines"),
    [
        ({"scores": {"text.a": 0.9}}, ["risk is 0.9, exactly at the threshold 0.9 of `remove` (p.limen:LINE)"]),
        ({"scores": {"text.a": 0.500001}}, ["goes to review: queue general, priority P1, within 15m", "0.000001 above the threshold 0.5 of `reduce and review`"]),
        ({"scores": {"text.a": None, "text.b": 0.95}}, ["risk is at least 0.9, the threshold of `remove`, whatever is missing"]),
        ({"scores": {"text.a": None}}, ["degraded: inputs are missing", "something it needs is missing, and its default for that speaks (limen.yaml)", "text.a is missing: sent as null"]),
        ({"scores": {"text.a": 7}}, ["text.a is missing: out of range: `7` is not in [0, 1]"]),
        ({"scores": {"text.a": 0.95}, "facts": {"author.age": 101}}, ["exception `older` held it at `reduce` (p.limen:LINE): they know the rules"]),
        ({"scores": {"text.a": 0.95}, "facts": {"author.age": 1001}}, ["exception `old` waived it (p.limen:LINE)"]),
        ({"scores": {"text.a": 0.85}, "facts": {"author.age": 2}}, ["`young` lowered the thresholds by 0.1 (p.limen:LINE): new accounts", "0.05 above the threshold 0.8"]),
        ({"scores": {"text.a": 0.0}, "facts": {"author.age": 1}}, ["rule `strange` holds (p.limen:LINE)", "account: strike (days: 7)", "effects: notify_user: yes"]),
        ({"scores": {"text.a": 0.0}, "facts": {"author.age": 0}}, ["a condition failed, and its default for that speaks", "an error in a condition: "]),
        ({"region": "DE", "scores": {"text.a": 0.8}, "facts": {"content.surface": "live"}}, ["(p.limen:LINE, stated for DE where content.surface is live)"]),
        ({"region": "FR", "scores": {"text.a": 0.8}}, ["(p.limen:LINE, stated for FR from 2026-03-01", "read by the rules of FR, then EU, then GLOBAL"]),
        ({"scores": {"text.a": 0.97}, "facts": {"author.id": "u2"}}, ["arm "]),
        ({"region": "XX", "scores": {"text.a": 0.97}}, ["in XX: remove (degraded)", "because unknown region `XX`: decided as GLOBAL"]),
        ({"scores": {"text.a": 0.1, "text.b": 0.2}}, ["hidden (Tried out): label (in shadow: not enforced)", "nothing to say: p, quiet"]),
        ({"scores": {"text.a": 0.1, "txt.b": 0.2}, "note": 1}, ["ignored, as the pack does not know them: note, txt.b"]),
        ({"id": None, "scores": {"text.a": 0.1}}, ["the content in US: allow (decided)", "nearest change: text.a at 0.5 instead of 0.1 would give reduce and review"]),
        ({"id": 0, "region": None}, ["0 in an unknown region: no verdict (unavailable)", "because `region` is missing"]),
    ],
)  # fmt: skip
def test_every_turn_of_phrase(engine: Engine, record: dict[str, object], lines: list[str]) -> None:
    (decision,) = engine.decide_record({"id": "p1", "region": "US", "at": "2026-11-01T00:00:00Z", **record})
    told = masked(tell(decision))
    for line in lines:
        assert line in told


def test_the_silent_ones_are_told_when_asked(run: Run, engine: Engine, tmp_path: Path) -> None:
    (decision,) = engine.decide_record(
        {"region": "US", "at": "2026-11-01T00:00:00Z", "scores": {"text.a": 0.1, "text.b": 0.05}}
    )
    assert "nothing to say: hidden, p, quiet" in tell(decision)
    told = tell(decision, silent=True)
    assert "quiet (Quiet): allow\n    text.b is 0.05, 0.94 below the threshold 0.99\n" in told
    assert "nothing to say" not in told
    record = tmp_path / "record.json"
    record.write_text('{"region": "US", "at": "2026-11-01T00:00:00Z", "scores": {"text.a": 0.1}}', encoding="utf-8")
    assert "quiet (Quiet): allow" in run("explain", "--pack", tmp_path, "--input", record, "--all")[1]


def test_a_record_that_cannot_be_used_ends_with_1(run: Run, pack: Path) -> None:
    status, out, _ = run("explain", "--pack", pack, "--input", "-", stdin='{"region": "DE", "scores": [1]}')
    assert status == 1
    assert "because `scores` is a list" in out
