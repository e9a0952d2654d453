"""The page on formats shows real records, decisions and ids, and tells every key."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

import limen
from engine.engine import Engine
from engine.record import RECORD_KEYS
from scorers.content import RECORD_KEYS as CONTENT_KEYS
from tests.docs.packs import pack
from tests.docs.pages import DOCS, cells, snippets
from tests.limen.packs import Run

PAGE = DOCS / "reference" / "formats.md"
RULES = snippets(PAGE, "limen")[0].text
MANY = """
policy nudity {
  severity P1
  score risk = max(image.nudity, 0.8 * text.sexual)
  thresholds on risk { remove >= 0.95  remove and escalate >= 0.99 }
  rule divided { when 1 / content.reports > 5 then label }
  on missing image.nudity { label }
  on error { label }
  region EU { rule reported { when content.reports > 8 then label } }
  region DE {
    thresholds on risk { remove and escalate >= 0.96 }
    for content.surface in [live, ad] { thresholds on risk { label >= 0.10 } }
    on missing { review }
  }
  region DE from 2026-03-01 { thresholds on risk { block >= 0.20 } }
  experiment stricter { unit author.id  share 100%  variant B { thresholds on risk { remove >= 0.92 } } }
}
policy plain { severity P1  thresholds on text.hate { remove >= 0.9 }  rule r { when 1 / author.strikes > 5 then label } }
consequence strikes { on remove then strike }
"""
RECORDS = (
    ({"image.nudity": 0.97, "text.hate": None}, {"content.reports": 9, "author.strikes": 1}),
    ({"image.nudity": 0.15}, {"content.surface": "live"}),
    ({"image.nudity": 0.3}, {}),
    ({"image.nudity": 0.93}, {"author.id": "u7"}),
    ({"image.nudity": None, "text.sexual": None}, {}),
)


def example(kind: str) -> Any:
    return json.loads(snippets(PAGE, kind)[0].text)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine.load(pack(tmp_path / "pack", nudity=RULES))


def test_the_decision_is_that_of_the_record(engine: Engine) -> None:
    (made,) = engine.decide_record(example("json record"))
    assert made.to_dict() | {"pack": "sha256:…"} == example("json decision")
    assert re.fullmatch("sha256:[0-9a-f]{64}", made.digest)


def test_the_content_becomes_that_record(engine: Engine, tmp_path: Path) -> None:
    raw = example("json content")
    content = limen.Content.from_record(raw, tmp_path)
    ((made, _),) = asyncio.run(engine.moderate_all([(content, raw["region"], None)]))
    assert made.record is not None
    assert made.record.modalities == {"text", "image"}
    assert made.record.at is not None
    said = {"author.id": "u7", "author.age_days": 12, "content.context": "news", "content.language": "de"}
    assert made.record.facts == said


def test_every_key_is_told(engine: Engine) -> None:
    assert cells(PAGE, "## A record") >= RECORD_KEYS
    assert cells(DOCS / "reference" / "scorers.md", "## Content") >= set(CONTENT_KEYS)
    told = cells(PAGE, "## A decision")
    for data in ({"region": "DE", "zz": 1}, {"region": "DE", "facts": {"author.id": "u7"}}, {}):
        (made,) = engine.decide_record(data)
        assert set(made.to_dict()) <= told
    assert {"experiments", "line"} <= told


def test_the_traces_write_what_is_said(engine: Engine) -> None:
    (made,) = engine.decide_record({"region": "DE", "zz": 1})
    (invalid,) = engine.decide_record({})
    short = {"id", "region", "status", "enforcement", "routes", "sanctions", "effects", "missing", "pack"}
    assert set(made.to_dict("none")) == short | {"unknown"}
    assert set(invalid.to_dict("none")) == short | {"reason"}
    assert set(made.to_dict("fired")) == short | {"unknown", "fired"}


def test_the_ids_are_those_of_clauses(tmp_path: Path) -> None:
    engine = Engine.load(pack(tmp_path / "pack", many=MANY))
    records = [{"scores": scores, "facts": facts, "at": "2026-05-01T00:00:00Z"} for scores, facts in RECORDS]
    made = [made for record in records for made in engine.decide_record(record | {"region": ["US", "DE"]})]
    fired = {clause for decision in made for clause in decision.to_dict("fired")["fired"]}
    assert cells(PAGE, "### Ids of clauses") - fired == set()


def test_a_bundle_and_a_finding_have_the_keys_told(run: Run, tmp_path: Path) -> None:
    folder = pack(tmp_path / "pack", nudity=RULES.replace("severity", "severty"))
    report = json.loads(run("check", folder, "--format", "json")[1])
    text = PAGE.read_text(encoding="utf-8")
    findings = text.partition("## Findings")[2]
    assert sorted(report) == ["findings", "version"]
    fixed = next(finding for finding in report["findings"] if finding["fix"])
    for key in (*fixed, *fixed["fix"]):
        assert f"`{key}`" in findings
    (folder / "nudity.limen").write_text(RULES, encoding="utf-8")
    assert run("bundle", folder, "--output", tmp_path / "bundle.json")[0] == 0
    bundle = json.loads((tmp_path / "bundle.json").read_text(encoding="utf-8"))
    for key in bundle:
        assert f"`{key}`" in text.partition("## A bundle")[2].partition("\n## ")[0]
