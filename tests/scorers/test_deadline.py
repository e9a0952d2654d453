"""The deadline of a call reaches those who work for it."""

import asyncio
import threading
from types import MappingProxyType

import pytest

from scorers.content import Content
from scorers.deadline import remaining, within
from scorers.registry import Configured
from scorers.runner import Runner
from scorers.scorer import Cost, Plugin, Score, Scorer

OUTPUTS = MappingProxyType({"text.it": Score(modality="text")})


def test_without_a_deadline_the_caller_says_how_long():
    assert remaining() == float("inf")
    assert remaining(3.0) == 3.0


def test_the_nearest_deadline_holds_and_ends_with_its_block():
    with within(100):
        with within(10):
            assert 0 < remaining() <= 10
        with within(1000):
            assert 10 < remaining() <= 100
    assert remaining() == float("inf")


def test_a_deadline_that_has_passed_leaves_nothing():
    with within(-1):
        assert remaining() == 0


def test_another_thread_has_none_of_it():
    seen = []
    with within(1):
        thread = threading.Thread(target=lambda: seen.append(remaining()))
        thread.start()
        thread.join()
    assert seen == [float("inf")]


class Plain(Scorer):
    outputs = OUTPUTS

    def __init__(self, seen):
        self.seen = seen

    def score(self, batch):
        self.seen.append(remaining())
        return [{"text.it": 0.5} for _ in batch]


class Asynchronous(Plain):
    async def score(self, batch):
        self.seen.append(await asyncio.create_task(self.later()))
        return [{"text.it": 0.5} for _ in batch]

    async def later(self):
        return remaining()


@pytest.mark.parametrize("kind", [Plain, Asynchronous])
def test_the_runner_passes_a_scorers_timeout_down(kind):
    seen = []
    made = kind(seen)
    plugin = Plugin("it", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: made)
    asyncio.run(Runner([Configured("it", plugin, made, OUTPUTS, 7.0)]).run([Content(text="a")]))
    assert 0 < seen[0] <= 7
    assert remaining() == float("inf")
