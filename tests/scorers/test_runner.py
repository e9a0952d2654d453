"""Every way in which a scorer can fail, and what becomes of the others."""

import asyncio
import math
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import MappingProxyType

import pytest

from scorers.content import Content, Media
from scorers.registry import Configured, Registry
from scorers.runner import Runner
from scorers.scorer import Cost, Count, Flag, Missing, Plugin, Score, Scorer, Settings

TEXTS = tuple(Content(id=text, text=text) for text in ("good", "bad", "fine"))


class Made(Scorer):
    """A scorer whose `score` and `load` are the functions given."""

    def __init__(self, score, outputs, load):
        self.score = score
        self.outputs = outputs
        self.load = load

    def score(self, batch):
        raise NotImplementedError


def configured(score, outputs=None, *, name="it", cost=Cost.CPU, timeout=5.0, batch=None, load=lambda: None):
    made = Made(score, outputs or {f"text.{name}": Score(modality="text")}, load)
    plugin = Plugin(name, "2", "MIT", cost, made.outputs, lambda settings, folder: made)
    return Configured(name, plugin, made, MappingProxyType(made.outputs), timeout, batch)


def run(*scorers, contents=TEXTS, only=None):
    return asyncio.run(Runner(scorers).run(contents, only))


def always(value):
    return lambda batch: [{"text.it": value} for _ in batch]


def test_values_of_all_scorers_come_together():
    other = configured(lambda batch: [{"text.other": 0.25} for _ in batch], name="other")
    results = run(configured(always(0.5)), other)
    assert [result.values for result in results] == [{"text.it": 0.5, "text.other": 0.25}] * 3
    assert results[0].scorers == {"it": "it@2", "other": "other@2"}
    assert results[0].missing == {}


def test_only_those_named_are_asked():
    other = configured(lambda batch: [{"text.other": 0.25} for _ in batch], name="other")
    (first, *_) = run(configured(always(0.5)), other, only={"other"})
    assert (first.values, first.scorers) == ({"text.other": 0.25}, {"other": "other@2"})


def test_no_contents_and_no_scorers_are_fine():
    assert run(configured(always(0.5)), contents=()) == ()
    assert [result.values for result in run()] == [{}, {}, {}]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.1, -0.1, None, "0.5", True, [0.5], 10**400])
def test_a_value_that_is_no_score_is_missing_and_never_zero(value):
    for result in run(configured(always(value))):
        assert result.values == {}
        assert list(result.missing) == ["text.it"]
        assert result.not_applicable == frozenset()


def test_only_the_bad_value_of_a_row_is_missing():
    outputs = {"text.a": Score(modality="text"), "text.b": Score(modality="text")}
    (first, *_) = run(configured(lambda batch: [{"text.a": 0.5, "text.b": math.nan} for _ in batch], outputs))
    assert (first.values, first.missing) == ({"text.a": 0.5}, {"text.b": "the score is nan"})


def test_a_content_without_the_modality_is_not_asked_about():
    asked = []

    def score(batch):
        asked.extend(content.id for content in batch)
        return [{"image.it": 0.5} for _ in batch]

    picture = Content(id="picture", images=(Media(data=b"x"),))
    text, image = run(configured(score, {"image.it": Score(modality="image")}), contents=(TEXTS[0], picture))
    assert asked == ["picture"]
    assert (text.values, text.missing, text.not_applicable) == ({}, {}, {"image.it"})
    assert (image.values, image.not_applicable) == ({"image.it": 0.5}, frozenset())


def test_one_output_may_apply_where_another_does_not():
    outputs = {"text.it": Score(modality="text"), "image.it": Count(modality="image"), "any.it": Flag()}
    scorer = configured(lambda batch: [{"text.it": 0.5, "any.it": True} for _ in batch], outputs)
    (first, *_) = run(scorer)
    assert (first.values, first.missing, first.not_applicable) == ({"text.it": 0.5, "any.it": True}, {}, {"image.it"})


def test_a_bad_content_harms_no_other():
    calls = []

    def score(batch):
        calls.append(len(batch))
        if any(content.text == "bad" for content in batch):
            raise ValueError("cannot stand this one")
        return [{"text.it": 0.5} for _ in batch]

    good, bad, fine = run(configured(score))
    assert calls == [3, 1, 1, 1]
    assert good.values == fine.values == {"text.it": 0.5}
    assert bad.missing == {"text.it": "failed: ValueError: cannot stand this one"}


def test_a_single_content_is_not_asked_about_twice():
    calls = []

    def score(batch):
        calls.append(len(batch))
        raise ValueError

    run(configured(score), contents=TEXTS[:1])
    assert calls == [1]


def test_asking_alone_ends_with_the_timeout():
    def score(batch):
        if len(batch) > 1:
            raise ValueError
        time.sleep(0.2)
        return [{"text.it": 0.5}]

    results = run(configured(score, timeout=0.3))
    assert [bool(result.values) for result in results] == [True, False, False]
    assert "no answer within" in results[1].missing["text.it"]
    assert "no time left" in results[2].missing["text.it"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (lambda batch: [{"text.it": 0.5}] * (len(batch) + 1), "gave 2 rows for 1 contents"),
        (lambda batch: [], "gave 0 rows for 1 contents"),
        (lambda batch: None, "gave NoneType, expected a list"),
        (lambda batch: {"text.it": 0.5}, "gave dict, expected a list"),
        (lambda batch: "x" * len(batch), "gave str, expected a list"),
        (lambda batch: ({"text.it": 0.5} for _ in batch), "gave generator, expected a list"),
        (lambda batch: [0.5 for _ in batch], "gave float for a content, expected a mapping"),
    ],
)
def test_an_answer_of_another_shape_is_missing(rows, reason):
    for result in run(configured(rows)):
        assert reason in result.missing["text.it"]


def test_too_few_rows_for_a_batch_are_found_one_by_one():
    results = run(configured(lambda batch: [{"text.it": 0.5}]))
    assert [result.values for result in results] == [{"text.it": 0.5}] * 3


@pytest.mark.parametrize(
    "error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), StopIteration("x"), MemoryError()]
)
def test_whatever_a_plain_function_raises_makes_its_outputs_missing(error):
    def score(batch):
        raise error

    other = configured(lambda batch: [{"text.other": 0.25} for _ in batch], name="other")
    for result in run(configured(score), other):
        assert result.values == {"text.other": 0.25}
        assert type(error).__name__ in result.missing["text.it"]


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), asyncio.CancelledError(), TimeoutError()])
def test_whatever_a_coroutine_raises_makes_its_outputs_missing(error):
    async def score(batch):
        raise error

    for result in run(configured(score)):
        assert type(error).__name__ in result.missing["text.it"]


def test_a_score_function_with_another_signature_is_told():
    async def score():
        return []

    assert "TypeError" in run(configured(score))[0].missing["text.it"]


def test_a_plain_function_that_hangs_is_abandoned():
    release = threading.Event()

    def score(batch):
        release.wait(20)
        return [{"text.it": 0.5} for _ in batch]

    other = configured(lambda batch: [{"text.other": 0.25} for _ in batch], name="other")
    results = run(configured(score, timeout=0.05), other)
    release.set()
    for result in results:
        assert (result.values, result.missing) == ({"text.other": 0.25}, {"text.it": "no answer within 0.05 s"})


def test_a_scorer_with_four_calls_hanging_is_not_asked_again_until_one_ends():
    release = threading.Event()
    calls = []

    def score(batch):
        calls.append(len(batch))
        release.wait(20)
        return [{"text.it": 0.5} for _ in batch]

    async def scenario():
        runner = Runner([configured(score, timeout=0.05)])
        reasons = [(await runner.run(TEXTS[:1]))[0].missing["text.it"] for _ in range(6)]
        release.set()
        for thread in [thread for thread in threading.enumerate() if thread.name.startswith("limen-")]:
            await asyncio.to_thread(thread.join, 10)
        return reasons, (await runner.run(TEXTS[:1]))[0].values

    reasons, afterwards = asyncio.run(scenario())
    assert reasons[:4] == ["no answer within 0.05 s"] * 4
    assert reasons[4:] == ["not asked: 4 earlier calls still hang"] * 2
    assert afterwards == {"text.it": 0.5}
    assert len(calls) == 5


def test_a_coroutine_that_hangs_is_cancelled():
    ended = []

    async def score(batch):
        try:
            await asyncio.sleep(20)
        finally:
            ended.append(True)

    assert run(configured(score, timeout=0.05))[0].missing == {"text.it": "no answer within 0.05 s"}
    assert ended == [True]


def test_a_coroutine_that_will_not_be_cancelled_holds_nobody_up():
    release = []

    async def score(batch):
        while not release:
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue
        return []

    async def scenario():
        (result, *_) = await Runner([configured(score, timeout=0.05)]).run(TEXTS)
        release.append(True)
        await asyncio.sleep(0.05)
        return result

    assert asyncio.run(scenario()).missing == {"text.it": "no answer within 0.05 s"}


@pytest.mark.parametrize("is_async", [True, False])
def test_cancellation_of_the_caller_is_passed_on(is_async):
    begun, release = threading.Event(), threading.Event()

    async def waits(batch):
        begun.set()
        await asyncio.sleep(20)

    def blocks(batch):
        begun.set()
        release.wait(20)

    async def scenario():
        task = asyncio.create_task(Runner([configured(waits if is_async else blocks)]).run(TEXTS))
        assert await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    release.set()


def test_scorers_run_side_by_side():
    meeting = threading.Barrier(2, timeout=10)

    def score(name):
        def meet(batch):
            meeting.wait()
            return [{f"text.{name}": 0.5} for _ in batch]

        return configured(meet, name=name)

    (first, *_) = run(score("one"), score("two"))
    assert first.values == {"text.one": 0.5, "text.two": 0.5}


def test_the_cheap_ones_begin_first():
    begun = []

    def scorer(name, cost):
        async def score(batch):
            begun.append(name)
            return [{f"text.{name}": 0.5} for _ in batch]

        return configured(score, name=name, cost=cost)

    runner = Runner([scorer("dear", Cost.REMOTE), scorer("cheap", Cost.LOOKUP), scorer("middling", Cost.CPU)])
    assert [one.name for one in runner.scorers] == ["cheap", "middling", "dear"]
    asyncio.run(runner.run(TEXTS))  # all loaded: from now on nothing but the cost decides
    begun.clear()
    asyncio.run(runner.run(TEXTS))
    assert begun == ["cheap", "middling", "dear"]


def test_batches_have_the_size_that_was_set():
    sizes = []

    def score(batch):
        sizes.append(len(batch))
        return [{"text.it": int(content.id) / 10} for content in batch]

    contents = tuple(Content(id=str(number), text="a") for number in range(5))
    results = run(configured(score, batch=2), contents=contents)
    assert sizes == [2, 2, 1]
    assert [result.values["text.it"] for result in results] == [0, 0.1, 0.2, 0.3, 0.4]


def test_loading_happens_once_however_many_ask():
    loads = []

    async def scenario():
        runner = Runner([configured(always(0.5), load=lambda: loads.append(time.sleep(0.05)))])
        await asyncio.gather(runner.run(TEXTS), runner.run(TEXTS))
        return await runner.run(TEXTS)

    assert asyncio.run(scenario())[0].values == {"text.it": 0.5}
    assert len(loads) == 1


def test_a_scorer_that_does_not_load_is_missing_and_is_tried_again():
    loads = []

    def load():
        loads.append(True)
        if len(loads) == 1:
            raise OSError("no weights")

    runner = Runner([configured(always(0.5), load=load)])
    first, second = (asyncio.run(runner.run(TEXTS))[0] for _ in range(2))
    assert first.missing == {"text.it": "not loaded: OSError: no weights"}
    assert second.values == {"text.it": 0.5}


def test_a_load_that_hangs_is_not_waited_for():
    release = threading.Event()
    runner = Runner([configured(always(0.5), load=lambda: release.wait(20))], load_timeout=0.05)
    assert asyncio.run(runner.run(TEXTS))[0].missing == {"text.it": "not loaded within 0.05 s"}
    release.set()
    assert asyncio.run(runner.run(TEXTS))[0].values == {"text.it": 0.5}


def test_a_scorer_may_say_that_a_whole_content_is_missing():
    (first, *_) = run(configured(lambda batch: [Missing("asleep") for _ in batch]))
    assert first.missing == {"text.it": "asleep"}


def test_a_pack_runs_from_its_manifest():
    plugin = Plugin(
        "constant", "1", "MIT", Cost.CPU, {"text.it": Score(modality="text")},
        lambda settings, folder: configured(always(0.4)).scorer, Settings,
    )  # fmt: skip
    entry = {"use": "constant", "calibration": {"text.it": [[0, 0], [0.5, 0.1], [1, 1]]}, "timeout_ms": 300, "batch": 2}
    setup = Registry.of([plugin]).configure({"c": entry}, Path())
    assert (setup.scorers[0].timeout, setup.scorers[0].batch) == (0.3, 2)
    assert run(*setup.scorers)[0].values == {"text.it": 0.08}


HANGING = """
import asyncio, threading
from pathlib import Path
from scorers.content import Content
from scorers.function import scorer
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Score

@scorer("hanging", outputs={"text.it": Score()}, modality="text")
def hanging(batch):
    threading.Event().wait()

setup = Registry.of([hanging]).configure({"h": {"use": "hanging", "timeout_ms": 20}}, Path())
print(asyncio.run(Runner(setup.scorers).run([Content(text="a")]))[0].missing)
"""


def test_a_call_that_hangs_for_ever_does_not_keep_the_interpreter_from_ending():
    done = subprocess.run(
        [sys.executable, "-c", HANGING],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert "no answer within 0.02 s" in done.stdout
