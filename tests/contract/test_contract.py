"""The contract suite finds what it is there to find: each broken scorer below breaks one clause of it."""

import itertools
import math
import threading
from dataclasses import replace
from types import MappingProxyType

import pytest
from pydantic import BaseModel

from limen.testing import ScorerContract, check_scorer
from scorers.function import scorer
from scorers.scorer import Cost, Evidence, Missing, Plugin, Prepared, Score, Scorer, StagedScorer

OUTPUTS = MappingProxyType({"text.it": Score(modality="text")})


class Broken(Scorer):
    outputs = OUTPUTS

    def score(self, batch):
        return [{"text.it": self.one(content.text or "")} for content in batch]

    def one(self, text):
        return 0.5


def plugin(kind, **more):
    return Plugin("it", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: kind(), **more)


def test_a_scorer_that_holds_to_it_passes():
    check_scorer(plugin(Broken))


def test_an_async_scorer_passes():
    @scorer("calm", outputs={"text.calm": Score()}, modality="text", licence="MIT")
    async def calm(batch):
        return [0.25 for _ in batch]

    check_scorer(calm)


def test_a_scorer_of_pictures_is_not_handed_texts_that_nobody_would_hand_it():
    @scorer("first", outputs={"image.first": Score()}, modality="image", licence="MIT")
    def first(batch):
        return [0.5 if content.images[0] else 0.0 for content in batch]

    check_scorer(first)


class OneRowTooMany(Broken):
    def score(self, batch):
        return [*super().score(batch), {"text.it": 0.5}]


class Forgetful(Broken):
    def score(self, batch):
        return [{} for _ in batch]


class Talkative(Broken):
    def score(self, batch):
        return [{"text.it": 0.5, "text.more": 0.5} for _ in batch]


class OutOfRange(Broken):
    def one(self, text):
        return len(text) / 10


class NotANumber(Broken):
    def one(self, text):
        return math.nan


class Silent(Broken):
    def one(self, text):
        return Missing("never says a thing")


class Relative(Broken):
    def score(self, batch):
        longest = max((len(content.text or "") for content in batch), default=1)
        return [{"text.it": len(content.text or "") / max(1, longest)} for content in batch]


class Positional(Broken):
    def score(self, batch):
        return [{"text.it": index / 1000} for index, _ in enumerate(batch)]


class Encoding(Broken):
    def one(self, text):
        return min(1.0, len(text.encode()) / 1e7)


class Dividing(Broken):
    def one(self, text):
        return 1 / max(1, len(text)) if text else 1 / len(text)


class Moody(Broken):
    def __init__(self):
        self.moods = itertools.count()

    def one(self, text):
        return next(self.moods) % 100 / 100


class Shared(Broken):
    """Keeps the text in hand on itself; the barrier makes sure that threads meet."""

    def __init__(self):
        self.meeting = threading.Barrier(2)

    def score(self, batch):
        self.batch = batch
        rows = super().score(batch)
        if threading.current_thread() is not threading.main_thread():
            self.texts = threading.get_ident()
            self.meeting.wait(5)
            return [{"text.it": 0.5 if self.texts == threading.get_ident() else 0.25} for _ in rows]
        return rows


class Farfetched(Broken):
    def evidence(self, content):
        return (Evidence("text.it", 0, 10**7),)


class Misattributed(Broken):
    def evidence(self, content):
        return (Evidence("text.other", 0, 1),)


class Undeclared(Broken):
    outputs = MappingProxyType({"text.other": Score(modality="text")})


@pytest.mark.parametrize(
    ("kind", "clause", "message"),
    [
        (Undeclared, "its_outputs_are_those_of_its_card", "stands on no card"),
        (OneRowTooMany, "nothing_in_gives_nothing_out", "an empty batch has no rows"),
        (Forgetful, "it_gives_what_it_declares", "`text.it` is declared but not given"),
        (Talkative, "it_gives_what_it_declares", "is given but not declared"),
        (OutOfRange, "it_gives_what_it_declares", "outside"),
        (NotANumber, "it_gives_what_it_declares", "nan"),
        (Silent, "it_gives_values", "no value for any content"),
        (Relative, "a_batch_is_its_members", "alone and in a batch"),
        (Positional, "a_batch_is_its_members", "alone and in a batch|reversed"),
        (Encoding, "it_survives_hostile_texts", "surrogates not allowed"),
        (Dividing, "it_survives_hostile_texts", "division by zero"),
        (Moody, "it_says_the_same_again", "once and once more"),
        (Shared, "it_may_be_called_from_many_threads", "in one thread and in many"),
        (Farfetched, "its_evidence_lies_in_the_text", "lies outside the text"),
        (Misattributed, "its_evidence_lies_in_the_text", "which is no output"),
    ],
)
def test_each_clause_finds_what_breaks_it(kind, clause, message):
    class Contract(ScorerContract):
        __test__ = False

    Contract.plugin = plugin(kind)
    with pytest.raises((AssertionError, UnicodeError, ZeroDivisionError), match=message):
        getattr(Contract(), f"test_{clause}")()


def test_the_whole_contract_is_run():
    with pytest.raises(AssertionError, match="outside"):
        check_scorer(plugin(OutOfRange))


def test_a_card_without_a_licence_is_found_out():
    with pytest.raises(AssertionError, match="licence"):
        check_scorer(replace(plugin(Broken), licence=""))


def test_settings_that_let_anything_pass_are_found_out():
    class Lax(BaseModel):
        pass

    with pytest.raises(AssertionError, match="an unknown setting must be refused"):
        check_scorer(plugin(Broken, settings=Lax))


def test_settings_that_are_refused_are_told():
    with pytest.raises(AssertionError, match="unknown setting `pace`"):
        check_scorer(plugin(Broken), {"pace": 3})


def test_a_tolerance_lets_batched_arithmetic_differ():
    class Float32(Broken):
        def score(self, batch):
            return [{"text.it": 0.5 + 0.000001 * (len(batch) > 1)} for _ in batch]

    with pytest.raises(AssertionError, match="alone and in a batch"):
        check_scorer(plugin(Float32))
    check_scorer(plugin(Float32), tolerance=0.000001)


PICTURES = MappingProxyType({"image.it": Score(modality="image")})


class Pictures(StagedScorer):
    """Looks at the first byte only; what has none is missing."""

    outputs = PICTURES

    def prepare(self, batch):
        return [self.ready(one.images[0]) if one.images else Missing("no picture") for one in batch]

    def ready(self, medium):
        try:
            data = medium.read()
        except OSError:
            return Missing("it cannot be read")
        return Prepared(data[0], len(data)) if data else Missing("it is empty")

    def infer(self, batch):
        return [{"image.it": one.data / 255} for one in batch]


class BreaksOnEmpty(Pictures):
    def ready(self, medium):
        return Prepared(medium.read()[0])


class PreparesOtherwiseInABatch(Pictures):
    def prepare(self, batch):
        return [Prepared(0, len(batch)) for _ in batch]


class PreparesNothing(Pictures):
    def prepare(self, batch):
        return [None for _ in batch]

    def score(self, batch):
        return [{"image.it": 0.5} for _ in batch]


class ScoresAnotherWay(Pictures):
    def score(self, batch):
        return [{"image.it": 0.5} for _ in batch]


class SpoiledByItsNeighbour(Pictures):
    def score(self, batch):
        spoiled = any(isinstance(self.prepare([content])[0], Missing) for content in batch)
        return [{"image.it": 0.5} if spoiled else row for row in super().score(batch)]


def pictures(kind):
    return Plugin("it", "1", "MIT", Cost.CPU, PICTURES, lambda settings, folder: kind())


def test_a_scorer_in_two_stages_that_holds_to_it_passes():
    check_scorer(pictures(Pictures))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (BreaksOnEmpty, "index out of range"),
        (PreparesOtherwiseInABatch, "in a batch and"),
        (PreparesNothing, "no value for any content|is prepared as NoneType"),
        (ScoresAnotherWay, "by `score` and by `prepare` and `infer`"),
        (SpoiledByItsNeighbour, "with and without empty beside it"),
    ],
)
def test_stages_and_media_are_looked_at(kind, message):
    with pytest.raises((AssertionError, IndexError), match=message):
        check_scorer(pictures(kind))
