"""Callers share batches: who goes first, who is refused, and what becomes of those who have gone."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from scorers.content import Content
from scorers.registry import Configured
from scorers.runner import Runner
from scorers.scorer import Cost, Missing, Plugin, Prepared, Score, Scorer, StagedScorer

OUTPUTS = {"text.it": Score(modality="text")}


class Held(Scorer):
    """Answers when it is let; remembers the batches."""

    outputs = OUTPUTS

    def __init__(self):
        self.batches = []
        self.begun = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def score(self, batch):
        self.batches.append([content.text for content in batch])
        self.begun.release()
        assert self.let.acquire(timeout=20)
        return [{"text.it": 0.5} for _ in batch]


def configured(made, **more):
    plugin = Plugin("it", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: made)
    return replace(Configured("it", plugin, made, OUTPUTS, 20.0, wait=0.0), **more)


def text(name):
    return [Content(text=name)]


async def until(reached):
    for _ in range(2000):
        if reached():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


async def busy(runner, held):
    """One call is on: whatever comes now waits."""
    first = asyncio.create_task(runner.run(text("first")))
    assert await asyncio.to_thread(held.begun.acquire, timeout=10)
    return first


def waiting(runner):
    return len(runner._askers["it"])


async def line_up(runner, *calls):
    """Start the calls one after the other, each when the one before waits."""
    tasks = []
    for number, (name, how) in enumerate(calls):
        tasks.append(asyncio.create_task(runner.run(text(name), **how)))
        await until(lambda number=number: waiting(runner) == number + 1)
    return tasks


def test_callers_share_a_batch():
    async def scenario():
        held = Held()
        runner = Runner([configured(held)])
        tasks = [await busy(runner, held), *await line_up(runner, ("a", {}), ("b", {}), ("c", {}))]
        held.let.release(2)
        results = await asyncio.gather(*tasks)
        return held.batches, [result.values for (result,) in results], runner.statistics()["it"]

    batches, values, counts = asyncio.run(scenario())
    assert batches == [["first"], ["a", "b", "c"]]
    assert values == [{"text.it": 0.5}] * 4
    assert (counts.asked, counts.calls, counts.contents, counts.batch) == (4, 2, 4, 2.0)


def test_the_most_severe_and_the_soonest_due_go_first():
    async def scenario():
        held = Held()
        runner = Runner([configured(held, batch=1)])
        now = time.monotonic()
        calls = ("later", {}), ("soon", {"deadline": now + 15}), ("severe", {"severity": 0}), ("last", {})
        tasks = [await busy(runner, held), *await line_up(runner, *calls)]
        held.let.release(5)
        await asyncio.gather(*tasks)
        return held.batches

    assert asyncio.run(scenario()) == [["first"], ["severe"], ["soon"], ["later"], ["last"]]


def test_a_full_queue_answers_at_once():
    async def scenario():
        held = Held()
        runner = Runner([configured(held, queue=2)])
        tasks = [await busy(runner, held), *await line_up(runner, ("a", {}), ("b", {}))]
        (refused,) = await runner.run(text("c"))
        held.let.release(9)
        await asyncio.gather(*tasks)
        return refused, held.batches, runner.statistics()["it"].overloaded

    refused, batches, overloaded = asyncio.run(scenario())
    assert refused.missing == {"text.it": "overloaded: 2 contents wait for `it`"}
    assert batches == [["first"], ["a", "b"]]
    assert overloaded == 1


def test_what_waits_for_a_caller_who_has_gone_is_not_computed():
    async def scenario():
        held = Held()
        runner = Runner([configured(held)])
        first, gone, stays = [await busy(runner, held), *await line_up(runner, ("gone", {}), ("stays", {}))]
        gone.cancel()
        await until(lambda: waiting(runner) == 1)
        held.let.release(9)
        await asyncio.gather(first, stays)
        return held.batches, gone.cancelled()

    assert asyncio.run(scenario()) == ([["first"], ["stays"]], True)


def test_a_caller_who_goes_while_the_model_works_harms_nobody():
    async def scenario():
        held = Held()
        runner = Runner([configured(held)])
        first, gone, stays = [await busy(runner, held), *await line_up(runner, ("gone", {}), ("stays", {}))]
        held.let.release()
        await asyncio.to_thread(held.begun.acquire, timeout=10)
        gone.cancel()
        held.let.release(9)
        return (await first, (await stays)[0].values, held.batches)

    _, values, batches = asyncio.run(scenario())
    assert (values, batches) == ({"text.it": 0.5}, [["first"], ["gone", "stays"]])


def test_the_deadline_is_kept_and_who_is_late_is_not_computed():
    async def scenario():
        held = Held()
        runner = Runner([configured(held)])
        first = await busy(runner, held)
        (late,) = await runner.run(text("late"), deadline=time.monotonic() + 0.05)
        (past,) = await runner.run(text("past"), deadline=time.monotonic() - 1)
        held.let.release(9)
        await first
        return late, past, held.batches

    late, past, batches = asyncio.run(scenario())
    assert "no answer by the deadline" in late.missing["text.it"] or "not asked within" in late.missing["text.it"]
    assert past.missing == {"text.it": "not asked: the deadline has passed"}
    assert "past" not in str(batches)


def test_what_waits_longer_than_the_timeout_is_missing_though_the_model_still_works():
    async def scenario():
        held = Held()
        runner = Runner([configured(held, timeout=0.2, batch=1)])
        first = await busy(runner, held)
        (second,) = await runner.run(text("second"))
        held.let.release(9)
        return (await first)[0].missing, second

    first, second = asyncio.run(scenario())
    assert first == {"text.it": "no answer within 0.2 s"}
    assert second.values or second.missing


def test_one_who_waits_behind_a_call_that_hangs_gets_a_worker_in_time():
    """Half of the time before its deadline is enough to see that the call in front of it does not end."""

    class Stuck(Scorer):
        outputs = OUTPUTS
        release = threading.Event()

        def score(self, batch):
            if batch[0].text == "stuck":
                self.release.wait(20)
            return [{"text.it": 0.5} for _ in batch]

    async def scenario():
        runner = Runner([configured(Stuck(), batch=1)])
        await runner.run(text("warm"))
        stuck = asyncio.create_task(runner.run(text("stuck"), deadline=time.monotonic() + 2))
        await asyncio.sleep(0.05)
        (other,) = await runner.run(text("other"), deadline=time.monotonic() + 1)
        Stuck.release.set()
        return other.values, (await stuck)[0].values

    assert asyncio.run(scenario()) == ({"text.it": 0.5}, {"text.it": 0.5})


class Staged(StagedScorer):
    """Gives a text's length in hundredths."""

    outputs = OUTPUTS

    def __init__(self):
        self.inferred = []

    def prepare(self, batch):
        if any(content.text == "cannot" for content in batch):
            raise ValueError("cannot be prepared")
        return [Missing("empty inside") if one.text == "hollow" else self.one(one) for one in batch]

    def one(self, content):
        return Prepared(content.text, len(content.text))

    def infer(self, batch):
        self.inferred.append([one.data for one in batch])
        if any(one.data == "bad" for one in batch):
            raise ValueError("cannot stand this one")
        return [{"text.it": one.size / 100} for one in batch]


def texts(*names):
    return [Content(text=name) for name in names]


def test_two_stages_give_what_score_gives_and_a_bad_content_harms_no_other():
    contents = texts("a", "cannot", "good", "bad", "hollow", "a long one of thirty characters")
    results = asyncio.run(Runner([configured(Staged())]).run(contents))
    assert [result.values.get("text.it") for result in results] == [0.01, None, 0.04, None, None, 0.31]
    assert [result.missing.get("text.it") for result in results] == [
        None,
        "failed: ValueError: cannot be prepared",
        None,
        "failed: ValueError: cannot stand this one",
        "empty inside",
        None,
    ]
    assert Staged().score(texts("a", "hollow")) == [{"text.it": 0.01}, Missing("empty inside")]
    assert Staged().score(texts("hollow")) == [Missing("empty inside")]


def test_short_and_long_texts_are_not_padded_to_each_other():
    made = Staged()
    asyncio.run(Runner([configured(made, wait=0.2)]).run(texts("a" * 100, "b", "c" * 98, "d")))
    assert sorted(map(sorted, made.inferred)) == [["a" * 100, "c" * 98], ["b", "d"]]


def test_the_next_batch_is_prepared_while_this_one_is_inferred():
    class Overlapping(Staged):
        def __init__(self):
            self.prepared, self.prepared_more = [], threading.Event()

        def prepare(self, batch):
            self.prepared += batch
            if len(self.prepared) > 1:
                self.prepared_more.set()
            return super().prepare(batch)

        def infer(self, batch):
            assert self.prepared_more.wait(10), "nothing was prepared meanwhile"
            return [{"text.it": 0.5} for _ in batch]

    results = asyncio.run(Runner([configured(Overlapping(), batch=1)]).run(texts("a", "b")))
    assert [result.values for result in results] == [{"text.it": 0.5}] * 2


def test_not_everything_is_prepared_at_once():
    class Slow(Staged):
        def __init__(self):
            self.prepared, self.let, self.most = 0, threading.Event(), 0

        def prepare(self, batch):
            self.prepared += len(batch)
            return super().prepare(batch)

        def infer(self, batch):
            self.let.wait(10)
            return [{"text.it": 0.5} for _ in batch]

    async def scenario():
        made = Slow()
        runner = Runner([configured(made, batch=2)])
        task = asyncio.create_task(runner.run(texts(*"abcdefghijklmnopqrstuvwxyz" * 4)))
        await until(lambda: made.prepared >= 8)
        await asyncio.sleep(0.05)
        prepared = made.prepared
        made.let.set()
        return prepared, await task

    prepared, results = asyncio.run(scenario())
    assert prepared <= 14
    assert len([result for result in results if result.values]) == 104


@pytest.mark.parametrize("given", [None, [0.5], [], ["text"]])
def test_what_is_prepared_in_another_shape_is_missing(given):
    class Strange(Staged):
        def prepare(self, batch):
            return given

    (result,) = asyncio.run(Runner([configured(Strange())]).run(texts("a")))
    assert result.missing["text.it"].startswith("the scorer ")


def test_event_loops_come_and_go():
    runner = Runner([configured(Staged())])
    assert [asyncio.run(runner.run(texts("abc")))[0].values["text.it"] for _ in range(5)] == [0.03] * 5


def test_two_event_loops_in_two_threads_share_batches():
    held = Held()
    runner = Runner([configured(held)])
    found = {}

    def call(name):
        found[name] = asyncio.run(runner.run(text(name)))[0].values

    threads = [threading.Thread(target=call, args=("first",))]
    threads[0].start()
    assert held.begun.acquire(timeout=10)
    for count, name in enumerate("ab", 1):
        threads.append(threading.Thread(target=call, args=(name,)))
        threads[-1].start()
        asyncio.run(until(lambda count=count: waiting(runner) == count))
    held.let.release(9)
    for thread in threads:
        thread.join(10)
    assert found == {name: {"text.it": 0.5} for name in ("first", "a", "b")}
    assert held.batches == [["first"], ["a", "b"]]


def test_a_loop_that_ends_before_the_answer_comes_harms_nobody():
    held = Held()
    runner = Runner([configured(held)])

    async def leave():
        task = asyncio.create_task(runner.run(text("gone")))
        assert await asyncio.to_thread(held.begun.acquire, timeout=10)
        task.cancel()

    asyncio.run(leave())
    held.let.release(9)
    assert asyncio.run(runner.run(text("here")))[0].values == {"text.it": 0.5}


def test_a_thousand_calls_at_once_all_get_their_own_answer():
    async def scenario():
        runner = Runner([configured(Staged())])
        names = ["x" * (number % 90 + 1) for number in range(1000)]
        results = await asyncio.gather(*(runner.run(text(name)) for name in names))
        return [result.values["text.it"] for (result,) in results], [len(name) / 100 for name in names]

    given, expected = asyncio.run(scenario())
    assert given == expected


def test_the_wait_lets_a_batch_fill():
    async def scenario(wait):
        made = Staged()
        runner = Runner([configured(made, wait=wait, batch=3)])
        tasks = []
        for name in "abc":
            tasks.append(asyncio.create_task(runner.run(text(name))))
            await asyncio.sleep(0.02)
        await asyncio.gather(*tasks)
        return made.inferred

    assert asyncio.run(scenario(10.0)) == [["a", "b", "c"]]
    assert asyncio.run(scenario(0.0)) == [["a"], ["b"], ["c"]]
