"""What a stage does with calls that come back late, and with contents whose callers have gone meanwhile."""

import asyncio
import threading
import time
from dataclasses import replace

from scorers.batching.counts import Counts
from scorers.batching.item import Item
from scorers.batching.stage import Limits, Stage
from scorers.content import Content
from scorers.registry import Configured
from scorers.runner import Runner
from scorers.scorer import Cost, Plugin, Prepared, Score, Scorer, StagedScorer

OUTPUTS = {"text.it": Score(modality="text")}


def configured(made, **more):
    plugin = Plugin("it", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: made)
    return replace(Configured("it", plugin, made, OUTPUTS, 20.0, wait=0.0), **more)


def texts(*names):
    return [Content(text=name) for name in names]


def came(reached):
    """Wait in this thread: the event loop that runs in it does nothing meanwhile."""
    for _ in range(2000):
        if reached():
            return
        time.sleep(0.005)
    raise AssertionError("it never came to that")


async def until(reached):
    await asyncio.to_thread(came, reached)


class LateAndBroken(Scorer):
    """Several contents: raises when it is let. One: answers at once."""

    outputs = OUTPUTS

    def __init__(self):
        self.sizes, self.let = [], threading.Event()

    def score(self, batch):
        self.sizes.append(len(batch))
        if len(batch) > 1:
            assert self.let.wait(20)
            raise OSError("too late")
        return [{"text.it": 0.5}]


def test_a_call_that_fails_late_is_not_repeated_for_those_who_were_answered_meanwhile():
    async def scenario():
        made = LateAndBroken()
        runner = Runner([configured(made, timeout=1.0)])
        results = await runner.run(texts("a", "b"))
        made.let.set()
        await until(lambda: runner.statistics()["it"].failures == 1)
        assert (await runner.run(texts("c")))[0].values
        return [result.values for result in results], made.sizes

    values, sizes = asyncio.run(scenario())
    assert values == [{"text.it": 0.5}] * 2
    assert sizes == [2, 1, 1, 1]


def test_a_call_that_fails_after_it_was_given_up_is_not_repeated():
    class Stuck(LateAndBroken):
        def score(self, batch):
            self.sizes.append(len(batch))
            assert self.let.wait(20)
            raise OSError("too late")

    async def scenario():
        made = Stuck()
        runner = Runner([configured(made, timeout=0.2)])
        stage = runner._askers["it"]._first
        asking = asyncio.create_task(runner.run(texts("a", "b")))
        await asyncio.sleep(0)
        came(lambda: stage._workers and not len(stage) and all(worker.hanging for worker in stage._workers))
        asked = len(made.sizes)
        made.let.set()  # before this event loop hears that the call was given up
        came(lambda: not any(worker.hanging for worker in stage._workers))
        (first, _) = await asking
        await until(lambda: not stage._workers)
        return first.missing, asked, len(made.sizes)

    missing, asked, at_last = asyncio.run(scenario())
    assert missing == {"text.it": "no answer within 0.2 s"}
    assert at_last == asked


def test_a_batch_that_cannot_be_prepared_harms_no_content_that_was_prepared_alone_meanwhile():
    class Slow(StagedScorer):
        outputs = OUTPUTS

        def __init__(self):
            self.alone, self.failed, self.let = 0, threading.Event(), threading.Event()

        def prepare(self, batch):
            if len(batch) > 1:
                assert self.let.wait(20)
                self.failed.set()
                raise OSError("too late")
            self.alone += 1
            return [Prepared(None)]

        def infer(self, batch):
            assert self.failed.wait(20)
            return [{"text.it": 0.5} for _ in batch]

    async def scenario():
        made = Slow()
        runner = Runner([configured(made, timeout=2.0, batch=3)])
        asking = asyncio.create_task(runner.run(texts("a", "b", "c")))
        stage = runner._askers["it"]._infer
        await until(lambda: made.alone == 3 and len(stage))  # the model is busy: some are ready, and wait for it
        made.let.set()
        results = await asking
        await until(lambda: not len(stage))
        return [result.values for result in (*results, *await runner.run(texts("d")))]

    assert asyncio.run(scenario()) == [{"text.it": 0.5}] * 4


def test_contents_that_were_prepared_for_nobody_make_room_for_others(monkeypatch):
    monkeypatch.setattr("scorers.batching.stage.IDLE", 60.0)

    class Busy(StagedScorer):
        outputs = OUTPUTS

        def __init__(self):
            self.prepared, self.let = [], threading.Event()

        def prepare(self, batch):
            self.prepared += [content.text for content in batch]
            return [Prepared(None) for _ in batch]

        def infer(self, batch):
            assert self.let.wait(60)
            return [{"text.it": 0.5} for _ in batch]

    async def scenario():
        made = Busy()
        runner = Runner([configured(made, batch=1, timeout=60.0)])
        one = runner._askers["it"]
        tasks = []
        for name in "abcd":  # `a` is in a call, `b` and `c` are ready, `d` waits
            tasks.append(asyncio.create_task(runner.run(texts(name))))
            await until(lambda name=name: name in made.prepared or len(one._first))
        await until(lambda: len(one._infer) == 2 and len(one._first) == 1)
        for task in tasks[1:3]:
            task.cancel()
        await until(lambda: "d" in made.prepared)
        made.let.set()
        values = [(await tasks[place])[0].values for place in (0, 3)]
        monkeypatch.undo()
        one._first.wake()  # the workers end soon: other tests count threads
        one._infer.wake()
        return values

    assert asyncio.run(scenario()) == [{"text.it": 0.5}] * 2


class ByHand:
    """A watch whose hand is turned by the test."""

    def __init__(self):
        self.due = []

    def at(self, when, call):
        self.due.append((when, call))


def test_looks_do_not_add_up():
    watch, now = ByHand(), time.monotonic()
    stage = Stage("it", lambda batch: batch, lambda results: None, Limits(1, 0.0, 40.0), watch, Counts(), gate=bool)
    items = [Item(Content(), None, 0, order, now, now + left) for order, left in enumerate((41.0, 21.0, 10.0))]
    for item in items:
        stage.push([item])
    armed, watch.due = sorted(watch.due, key=lambda one: one[0]), []
    assert len(armed) == 3  # each sooner than the one before
    for _, look in armed:
        look()
    stage.drop(items)
    assert [round(when - now) for when, _ in watch.due] == [10]
