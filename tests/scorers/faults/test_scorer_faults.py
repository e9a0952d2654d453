"""Whatever one scorer does, decisions come in time, say that they are degraded, and no other request is harmed.

Each fault strikes one content only. Many callers ask at once, so that it shares its batch with others.
"""

import asyncio
import math
import threading
import time
from pathlib import Path

import pytest

from engine.engine import Engine
from limen import Content
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Cost, Plugin, Prepared, Score, Scorer, StagedScorer

BAD = "the bad one"
OUTPUTS = {"text.it": Score(modality="text")}
RELEASE = threading.Event()


@pytest.fixture(autouse=True)
def _released():
    RELEASE.clear()
    yield
    RELEASE.set()


def hang():
    RELEASE.wait(30)


def leave():
    raise SystemExit(3)


def run_out():
    raise MemoryError


def fail():
    raise ValueError("no")


def interrupt():
    raise KeyboardInterrupt


class Plain(Scorer):
    """`rows` makes something of good rows, where the bad content is among those asked about."""

    outputs = OUTPUTS

    def __init__(self, strike, rows):
        self.strike, self.rows = strike, rows

    def score(self, batch):
        rows = [{"text.it": 0.25} for _ in batch]
        places = [place for place, content in enumerate(batch) if content.text == BAD]
        if places:
            self.strike()
            return self.rows(rows, places[0])
        return rows


class InInfer(StagedScorer):
    outputs = OUTPUTS

    def __init__(self, strike, rows):
        self.plain = Plain(strike, rows)

    def prepare(self, batch):
        return [Prepared(content) for content in batch]

    def infer(self, batch):
        return self.plain.score([one.data for one in batch])


class InPrepare(InInfer):
    def prepare(self, batch):
        rows = self.plain.score(batch)
        return [Prepared(row, 1) for row in rows]

    def infer(self, batch):
        return [one.data for one in batch]


class Asynchronous(Plain):
    async def score(self, batch):
        if self.strike is hang and any(content.text == BAD for content in batch):
            await asyncio.sleep(30)
        return super().score(batch)


KINDS = [Plain, InInfer, InPrepare, Asynchronous]


def replaced(value):
    def rows(good, place):
        good[place] = {"text.it": value}
        return good

    return rows


def as_they_are(good, _place):
    return good


FAULTS = {
    "hangs": (hang, as_they_are),
    "raises": (fail, as_they_are),
    "leaves": (leave, as_they_are),
    "has no memory": (run_out, as_they_are),
    "is interrupted": (interrupt, as_they_are),
    "gives NaN": (lambda: None, replaced(math.nan)),
    "gives 2.0": (lambda: None, replaced(2.0)),
    "gives None": (lambda: None, replaced(None)),
    "gives too few rows": (lambda: None, lambda good, place: good[:-1] if len(good) > 1 else []),
    "gives too many rows": (lambda: None, lambda good, place: [*good, good[0]]),
    "gives no list": (lambda: None, lambda good, place: None),
}

MANIFEST = """
pack: faults
language: 1
enforcements: {allow: {}, remove: {}}
routes: {review: {queue: general}}
severities: {P1: {sla: 1h}}
scorers:
  it: {use: it, timeout_ms: 1000, cache: false}
"""
POLICY = """
policy hate {
  title    "Hate"
  owner    "team"
  severity P1

  thresholds on text.it { remove >= 0.9 }
  on missing { review }
}
"""


def plugin(made):
    return Plugin("it", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: made)


def runner_of(made, **settings):
    entry = {"use": "it", "timeout_ms": 1000, "cache": False, **settings}
    return Runner(Registry.of([plugin(made)]).configure({"it": entry}, Path()).scorers)


# An interrupt in the event loop's own thread is the process's: no case of an asynchronous scorer.
CASES = [(kind, fault) for kind in KINDS for fault in FAULTS if (kind, fault) != (Asynchronous, "is interrupted")]


@pytest.mark.parametrize(("kind", "fault"), CASES)
def test_a_fault_costs_its_own_content_and_no_other(kind, fault):
    """Twenty callers at once, the bad one in their middle."""

    async def scenario():
        runner = runner_of(kind(*FAULTS[fault]))
        await runner.run([Content(text="warm")])
        begin = time.monotonic()
        names = [BAD if number == 10 else f"good {number}" for number in range(20)]
        calls = [runner.run([Content(text=name)], deadline=begin + 4) for name in names]
        results = await asyncio.gather(*calls)
        return results[10][0], [result for number, (result,) in enumerate(results) if number != 10]

    bad, others = asyncio.run(scenario())
    assert bad.values == {}
    assert list(bad.missing) == ["text.it"]
    assert [other.values for other in others] == [{"text.it": 0.25}] * 19


@pytest.mark.parametrize("kind", [Plain, InInfer, InPrepare])
def test_one_that_hangs_harms_none_that_comes_after(kind):
    """Every later call has an answer within its own, short time, though the first one still hangs."""

    async def scenario():
        runner = runner_of(kind(*FAULTS["hangs"]), timeout_ms=20_000)
        await runner.run([Content(text="warm")])
        hanging = asyncio.create_task(runner.run([Content(text=BAD)], deadline=time.monotonic() + 1.5))
        await asyncio.sleep(0.05)
        later = []
        for number in range(5):
            (found,) = await runner.run([Content(text=f"good {number}")], deadline=time.monotonic() + 0.8)
            later.append(found.values)
        return later, hanging.done(), (await hanging)[0].missing

    later, done, missing = asyncio.run(scenario())
    assert later == [{"text.it": 0.25}] * 5
    assert not done
    assert "no answer by the deadline" in missing["text.it"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["never loads", "fails to load", "leaves while it loads"])
def test_one_that_does_not_load_is_missing_by_the_deadline(kind, fault):
    made = kind(*FAULTS["raises"])
    made.load = {"never loads": hang, "fails to load": fail, "leaves while it loads": leave}[fault]
    deadline = time.monotonic() + 0.5
    (found,) = asyncio.run(runner_of(made).run([Content(text="good")], deadline=deadline))
    assert found.missing["text.it"].startswith("not loaded")


def test_many_that_hang_do_not_eat_threads():
    """After four calls that hang nobody asks any more, and once they end, everything works again."""

    before = {*threading.enumerate()}  # idle workers of other tests among them

    async def scenario():
        runner = runner_of(Plain(*FAULTS["hangs"]), timeout_ms=30)
        reasons = [(await runner.run([Content(text=BAD)]))[0].missing["text.it"] for _ in range(8)]
        threads = sum(thread.name == "limen-it" for thread in {*threading.enumerate()} - before)
        RELEASE.set()
        for _ in range(500):
            (found,) = await runner.run([Content(text="good")])
            if found.values:
                break
            await asyncio.sleep(0.01)
        return reasons, threads, found.values

    reasons, threads, values = asyncio.run(scenario())
    assert reasons == ["no answer within 0.03 s"] * 4 + ["not asked: 4 earlier calls still hang"] * 4
    assert threads == 4
    assert values == {"text.it": 0.25}


def engine_of(folder, made):
    (folder / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "hate.limen").write_text(POLICY, encoding="utf-8")
    return Engine.load(folder, registry=Registry.of([plugin(made)]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["hangs", "raises", "leaves", "gives NaN", "gives too few rows"])
def test_the_decision_comes_and_says_that_it_is_degraded(tmp_path, kind, fault):
    async def scenario():
        engine = engine_of(tmp_path, kind(*FAULTS[fault]))
        first = await engine.moderate(Content(text="warm"), region="DE")
        bad = await asyncio.wait_for(engine.moderate(Content(text=BAD), region="DE"), 10)
        after = await engine.moderate(Content(text="good"), region="DE")
        return [decision.to_dict() for decision in (first, bad, after)]

    first, bad, after = asyncio.run(scenario())
    assert (first["status"], after["status"]) == ("decided", "decided")
    assert bad["status"] == "degraded"
    assert [route["route"] for route in bad["routes"]] == ["review"]
