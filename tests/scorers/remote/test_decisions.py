"""A decision comes in time whatever a service does, says what was missing, and harms no other."""

import asyncio
import time

import pytest

import limen
from tests.scorers.remote import vendors
from tests.scorers.remote.service import drips, floods, hangs, html, resets, says, serving

MANIFEST = """
pack: small
language: 1
enforcements: {{allow: {{}}, reduce: {{}}, remove: {{}}}}
routes: {{review: {{queue: general}}}}
severities: {{P1: {{sla: 1h}}}}
scorers:
  words: {{use: keywords, lists: {{insults: [badword]}}}}
  remote:
    use: openai-moderation
    url: {url}
    allow_private: true
    timeout_ms: {timeout}
"""
ABUSE = """
policy abuse {
  title "Abuse" owner "x" severity P1
  thresholds on openai.text.hate { remove >= 0.000001 }
  on missing openai.text.hate { review }
}
"""
INSULTS = """
policy insults {
  title "Insults" owner "x" severity P1
  rule hit { when keywords.insults.match then reduce }
}
"""
BOUND = 10.0  # a service that never ends must be cut off long before it; nothing here is timed


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")

    def load(service, timeout=2000):
        (tmp_path / "limen.yaml").write_text(MANIFEST.format(url=service.url, timeout=timeout), encoding="utf-8")
        (tmp_path / "abuse.limen").write_text(ABUSE, encoding="utf-8")
        (tmp_path / "insults.limen").write_text(INSULTS, encoding="utf-8")
        return limen.Engine.load(tmp_path)

    return load


def content(text):
    return limen.Content(id=text, text=text)


FAULTS = {
    "resets": lambda _: resets,
    "answers HTML": lambda _: html(),
    "answers 429": lambda _: says({}, 429, retry_after="30"),
    "answers 500": lambda _: says({}, 500),
    "drips": drips,
    "hangs": hangs,
    "floods": lambda _: floods,
    "redirects to metadata": lambda _: says({}, 307, location="http://169.254.169.254/"),
    "gives NaN": lambda _: says(b'{"results": [{"category_scores": {"hate": NaN}}]}'),
    "gives 2.0": lambda _: says({"results": [{"category_scores": {"hate": 2.0}}]}),
    "gives too few": lambda _: says({"results": []}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_decision_comes_in_time_and_says_what_was_missing(engine, fault):
    with serving(vendors.openai) as service:
        loaded = engine(service, timeout=1000)
        service.answer = lambda _: FAULTS[fault](service)
        before = time.monotonic()
        decision = asyncio.run(loaded.moderate(content("a badword"), region="US"))
        assert time.monotonic() - before < BOUND
        assert (decision.status, decision.enforcement) == ("degraded", "reduce")
        assert [route["route"] for route in decision.to_dict()["routes"]] == ["review"]
        reason = decision.to_dict()["why_missing"]["openai.text.hate"]
        assert "openai-key" not in reason

        service.answer = vendors.openai
        assert asyncio.run(loaded.moderate(content("something else"), region="US")).enforcement == "remove"


def test_a_service_that_is_slow_with_one_harms_no_other_of_the_same_batch(engine):
    def answer(asked):
        if "slow" in asked.json["input"]:
            return drips(service) if len(asked.json["input"]) == 1 else says({}, 400)
        return vendors.openai(asked)

    with serving(answer) as service:
        items = [(content(text), "US", None) for text in ("one", "slow", "two")]
        decisions = [found[0] for found in asyncio.run(engine(service).moderate_all(items))]
    assert [decision.status for decision in decisions] == ["decided", "degraded", "decided"]
    assert decisions[1].to_dict()["why_missing"]["openai.text.hate"] == "no complete answer within the time there was"


def test_a_service_that_is_slow_with_one_harms_no_other_request(engine):
    def answer(asked):
        return hangs(service) if "slow" in asked.json["input"] else vendors.openai(asked)

    async def at_once(loaded):
        texts = ["slow", *(f"text {number}" for number in range(8))]
        return await asyncio.gather(*(loaded.moderate(content(text), region="US") for text in texts))

    with serving(answer) as service:
        slow, *others = asyncio.run(at_once(engine(service)))
    assert slow.status == "degraded"
    assert {(decision.status, decision.enforcement) for decision in others} == {("decided", "remove")}


def test_a_service_that_keeps_failing_is_left_alone(engine):
    with serving(lambda _: says({}, 500)) as service:
        loaded = engine(service)
        reasons = [
            asyncio.run(loaded.moderate(content(f"text {number}"), region="US")).to_dict()["why_missing"]
            for number in range(6)
        ]
    assert len(service.asked) == 5
    assert reasons[-1]["openai.text.hate"].startswith("not asked, for the service keeps failing")
