"""A score is computed once: what counts as the same content, and what is never kept."""

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from scorers.cache import LocalStore, ScoreCache, identity
from scorers.calibration import Calibration
from scorers.content import Content, Media
from scorers.fingerprint import Fingerprint, normalised
from scorers.registry import CacheSettings, Configured, Registry
from scorers.runner import Runner
from scorers.scorer import Cost, Missing, Plugin, Score, Scorer, Settings

OUTPUTS = {"text.it": Score(modality="text")}


class Counting(Scorer):
    """Gives the length of a text in hundredths; counts."""

    def __init__(self, outputs=None):
        self.outputs = outputs or OUTPUTS
        self.asked = []

    def score(self, batch):
        self.asked += [content.id for content in batch]
        return [dict.fromkeys(self.outputs, len(content.text or "") / 100) for content in batch]


def configured(made, *, plugin=MappingProxyType({}), **more):
    card = Plugin("it", "1", "MIT", Cost.CPU, made.outputs, lambda settings, folder: made)
    return replace(Configured("it", replace(card, **plugin), made, made.outputs, 20.0, wait=0.0), **more)


def asked(*contents, cache=None, made=None, **more):
    """Ask about one content after the other; return which were computed."""
    made = made or Counting()
    runner = Runner([configured(made, **more)], cache=cache or ScoreCache())
    results = [asyncio.run(runner.run([content]))[0] for content in contents]
    assert all(result.values or result.missing for result in results)
    return made.asked


A = Content(id="a", text="Buy now")


def test_the_same_content_is_computed_once_whatever_its_id():
    made = Counting()
    runner = Runner([configured(made)], cache=ScoreCache())
    first, again = (asyncio.run(runner.run([replace(A, id=name)]))[0] for name in "ab")
    assert made.asked == ["a"]
    assert (first.values, first.cached) == ({"text.it": 0.07}, frozenset())
    assert (again.values, again.cached) == ({"text.it": 0.07}, {"it"})
    counts = runner.statistics()["it"]
    assert (counts.asked, counts.hits, counts.misses, counts.calls) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Buy now!"},
        {"text": "buy now"},
        {"text": ""},
        {"language": "en"},
        {"tags": ("x",)},
        {"facts": MappingProxyType({"author.age_days": 1})},
        {"images": (Media(data=b"1"),)},
        {"videos": (Media(data=b"1"),)},
        {"audio": (Media(data=b"1"),)},
    ],
)
def test_whatever_a_scorer_may_see_makes_another_content(other):
    both = {**OUTPUTS, "any.it": Score()}
    assert asked(A, replace(A, id="b", **other), made=Counting(both)) == ["a", "b"]


def test_media_are_told_apart_by_their_bytes_and_kinds(tmp_path):
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"2")
    made = Counting({"image.it": Score(modality="image")})
    contents = [
        Content(id="1", images=(Media(data=b"1"),)),
        Content(id="same", images=(Media(path=tmp_path / "one"),)),
        Content(id="2", images=(Media(path=tmp_path / "two"),)),
        Content(id="1+2", images=(Media(data=b"1"), Media(data=b"2"))),
        Content(id="12", images=(Media(data=b"12"),)),
        Content(id="film", images=(Media(data=b"1"),), videos=(Media(data=b"1"),)),
    ]
    assert asked(*contents, made=made) == ["1", "2", "1+2", "12", "film"]


def test_a_medium_that_cannot_be_read_is_asked_about_each_time():
    gone = Content(id="gone", images=(Media(path=Path("no/such/file")),))
    assert asked(gone, gone, made=Counting({"image.it": Score(modality="image")})) == ["gone", "gone"]


def test_a_plugin_that_reads_no_facts_shares_its_scores_between_authors():
    other = replace(A, id="b", facts=MappingProxyType({"author.age_days": 1}), images=(Media(data=b"1"),), tags=("x",))
    assert asked(A, other, plugin={"reads_facts": False}) == ["a"]
    assert asked(A, replace(other, language="de"), plugin={"reads_facts": False}) == ["a", "b"]


@pytest.mark.parametrize("how", [{"plugin": {"cacheable": False}}, {"plugin": {"cost": Cost.LOOKUP}}, {"cache": None}])
def test_what_shall_not_be_kept_is_computed_each_time(how):
    made = Counting()
    runner = Runner([configured(made, **how)], cache=ScoreCache())
    for name in "ab":
        asyncio.run(runner.run([replace(A, id=name)]))
    assert made.asked == ["a", "b"]


def test_without_a_cache_nothing_is_kept():
    made = Counting()
    runner = Runner([configured(made)])
    for name in "ab":
        asyncio.run(runner.run([replace(A, id=name)]))
    assert made.asked == ["a", "b"]


@pytest.mark.parametrize("given", [{}, {"text.it": Missing("asleep")}, {"text.it": float("nan")}, Missing("asleep")])
def test_missing_values_are_never_kept(given):
    class Once(Counting):
        def score(self, batch):
            rows = super().score(batch)
            return [given for _ in rows] if len(self.asked) == 1 else rows

    assert asked(A, replace(A, id="b"), replace(A, id="c"), made=Once()) == ["a", "b"]


def test_near_duplicates_count_only_where_the_manifest_says_so():
    near = [
        replace(A, id=str(number), text=text) for number, text in enumerate(("BUY   now", " buy\nnow ", "\uff22uy now"))
    ]
    assert asked(A, *near) == ["a", "0", "1", "2"]
    assert asked(A, *near, cache=None, made=(made := Counting())) == made.asked
    made = Counting()
    runner = Runner([configured(made, cache=CacheSettings(near_duplicates=True))], cache=ScoreCache())
    results = [
        asyncio.run(runner.run([content]))[0].values for content in (A, *near, replace(A, id="z", text="buy no"))
    ]
    assert made.asked == ["a", "z"]
    assert results[:4] == [{"text.it": 0.07}] * 4


def test_a_score_kept_for_near_duplicates_is_not_served_where_they_do_not_count():
    cache, one, two = ScoreCache(), Counting(), Counting()
    near, exact = configured(one, cache=CacheSettings(near_duplicates=True)), configured(two)
    asyncio.run(Runner([near], cache=cache).run([replace(A, text="BUY  now")]))
    (found,) = asyncio.run(Runner([exact], cache=cache).run([replace(A, text="buy now")]))
    assert (found.values, found.cached) == ({"text.it": 0.07}, frozenset())


def test_the_rule_for_near_duplicates():
    assert normalised("  \uff22UY\u00a0\t Now\n") == "buy now"
    assert normalised("buy, now") != normalised("buy now")


def test_entries_end_with_their_time():
    made = Counting()
    runner = Runner([configured(made, cache=CacheSettings(ttl_s=0.05))], cache=ScoreCache())
    asyncio.run(runner.run([A]))
    time.sleep(0.1)
    asyncio.run(runner.run([A]))
    assert made.asked == ["a", "a"]


def test_a_store_is_bounded():
    store = LocalStore(10)
    texts = [Content(id=str(number), text=str(number)) for number in range(50)]
    asked(*texts, cache=ScoreCache(store))
    assert len(store) == 10
    with pytest.raises(ValueError, match="at least one entry"):
        LocalStore(0)


def test_the_same_content_in_flight_is_computed_once():
    begun, let = threading.Event(), threading.Event()

    class Held(Counting):
        def score(self, batch):
            begun.set()
            let.wait(10)
            return super().score(batch)

    async def scenario():
        made = Held()
        runner = Runner([configured(made)], cache=ScoreCache())
        first = asyncio.create_task(runner.run([A]))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(runner.run([replace(A, id=name)])) for name in "bcd"]
        await asyncio.sleep(0.02)
        let.set()
        results = await asyncio.gather(first, *others)
        return made.asked, [result.values for (result,) in results], runner.statistics()["it"]

    computed, values, counts = asyncio.run(scenario())
    assert computed == ["a"]
    assert values == [{"text.it": 0.07}] * 4
    assert (counts.asked, counts.joined, counts.misses) == (4, 3, 1)


def test_the_same_content_twice_in_one_call_is_computed_once():
    made = Counting()
    runner = Runner([configured(made)], cache=ScoreCache())
    results = asyncio.run(runner.run([A, replace(A, id="b"), replace(A, text="x"), replace(A, id="c")]))
    assert made.asked == ["a", "a"]
    assert [result.values["text.it"] for result in results] == [0.07, 0.07, 0.01, 0.07]


@pytest.mark.parametrize("ends", ["cancelled", "failed"])
def test_who_waited_for_one_that_has_gone_or_failed_asks_itself(ends):
    begun, let = threading.Event(), threading.Event()

    class Held(Counting):
        def score(self, batch):
            begun.set()
            let.wait(10)
            rows = super().score(batch)
            if ends == "failed" and len(self.asked) == 1:
                raise ValueError
            return rows

    async def scenario():
        made = Held()
        runner = Runner([configured(made)], cache=ScoreCache())
        first = asyncio.create_task(runner.run([A]))
        await asyncio.to_thread(begun.wait, 10)
        second = asyncio.create_task(runner.run([replace(A, id="b")]))
        await asyncio.sleep(0.02)
        if ends == "cancelled":
            first.cancel()
            await asyncio.sleep(0.02)
        let.set()
        return (await second)[0].values, made.asked

    assert asyncio.run(scenario()) == ({"text.it": 0.07}, ["a", "b"])


def test_one_with_a_later_deadline_joins_while_the_other_leaves_it_half_of_its_time():
    begun, let = threading.Event(), threading.Event()

    class Held(Counting):
        def score(self, batch):
            begun.set()
            let.wait(10)
            return super().score(batch)

    async def scenario(first, second):
        begun.clear()
        let.clear()
        made, now = Held(), time.monotonic()
        runner = Runner([configured(made)], cache=ScoreCache())
        tasks = [asyncio.create_task(runner.run([A], deadline=now + first))]
        await asyncio.to_thread(begun.wait, 10)
        tasks.append(asyncio.create_task(runner.run([replace(A, id="b")], deadline=second and now + second)))
        await asyncio.sleep(0.02)
        let.set()
        await asyncio.gather(*tasks)
        return made.asked

    assert asyncio.run(scenario(20, 22)) == ["a"]
    assert asyncio.run(scenario(20, None)) == ["a"]
    assert asyncio.run(scenario(8, 30)) == ["a", "b"]


def test_who_leads_twice_for_one_key_lands_its_own_flight():
    """A more severe caller takes over the key; who follows the first one must still hear of it."""
    begun, let = threading.Event(), threading.Event()

    class Held(Counting):
        def score(self, batch):
            begun.set()
            let.wait(10)
            return super().score(batch)

    async def scenario():
        made = Held()
        runner = Runner([configured(made, batch=1)], cache=ScoreCache())
        tasks = [asyncio.create_task(runner.run([A]))]
        await asyncio.to_thread(begun.wait, 10)
        for name, severity in (("follows", 3), ("severe", 0), ("follows severe", 1)):
            tasks.append(asyncio.create_task(runner.run([replace(A, id=name)], severity=severity)))
            await asyncio.sleep(0.01)
        let.set()
        results = await asyncio.wait_for(asyncio.gather(*tasks), 10)
        return made.asked, [result.values for (result,) in results]

    assert asyncio.run(scenario()) == (["a", "severe"], [{"text.it": 0.07}] * 4)


def test_one_more_severe_does_not_wait_for_one_less_severe():
    begun, let = threading.Event(), threading.Event()

    class Held(Counting):
        def score(self, batch):
            begun.set()
            let.wait(10)
            return super().score(batch)

    async def scenario():
        made = Held()
        runner = Runner([configured(made, batch=1)], cache=ScoreCache())
        tasks = [asyncio.create_task(runner.run([replace(A, text="first")]))]
        await asyncio.to_thread(begun.wait, 10)
        for name, severity in (("b", 3), ("c", 3), ("severe", 0)):
            tasks.append(asyncio.create_task(runner.run([replace(A, id=name)], severity=severity)))
            await asyncio.sleep(0.01)
        let.set()
        await asyncio.gather(*tasks)
        return made.asked

    assert asyncio.run(scenario())[:2] == ["a", "severe"]


class Shared:
    """A store like a shared one: asynchronous, and out of order as it is told."""

    def __init__(self, fault=None):
        self.kept, self.fault = {}, fault

    async def get_many(self, keys):
        if self.fault == "slow":
            await asyncio.sleep(10)
        if self.fault == "down":
            raise OSError("no connection")
        return [self.kept.get(key) for key in keys]

    async def put_many(self, entries, ttl):
        assert ttl == 3600
        if self.fault:
            raise OSError("no connection")
        self.kept |= entries


def test_two_processes_may_share_a_store():
    store, one, two = Shared(), Counting(), Counting()
    asked(A, cache=ScoreCache(store), made=one)
    asked(A, cache=ScoreCache(store), made=two)
    assert (one.asked, two.asked) == (["a"], [])
    assert list(store.kept.values()) == [{"text.it": 0.07}]


@pytest.mark.parametrize("fault", ["down", "slow"])
def test_a_store_that_does_not_work_costs_no_decision(fault):
    assert asked(A, A, cache=ScoreCache(Shared(fault))) == ["a", "a"]


@pytest.mark.parametrize(
    "given", [7, None, [], "x", ["x"], [7], [{}], [{"other.it": 0.5}], [{"text.it": 0.5, "other.it": 0.5}], {"a": {}}]
)
def test_what_a_store_gives_counts_only_where_it_is_an_entry(given):
    class Strange(Shared):
        def get_many(self, keys):
            return given

    assert asked(A, cache=ScoreCache(Strange())) == ["a"]


def test_who_is_cancelled_just_as_the_store_answers_is_cancelled():
    class Answering(Shared):
        def get_many(self, keys):
            self.answer = asyncio.get_running_loop().create_future()
            self.asked.set()
            return self.answer

    async def scenario():
        store = Answering()
        store.asked = asyncio.Event()
        task = asyncio.create_task(Runner([configured(Counting())], cache=ScoreCache(store)).run([A]))
        await store.asked.wait()
        store.answer.set_result([{"text.it": 0.5}])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


class Listed(Settings):
    lists: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it


def made(folder, entry, version="1"):
    scorer = Counting()
    plugin = Plugin("it", version, "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: scorer, settings=Listed)
    setup = Registry.of([plugin]).configure({"x": {"use": "it", **entry}}, folder)
    assert setup.problems == ()
    return setup.scorers[0]


def test_what_makes_a_scorers_answers_is_in_its_identity(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "model").write_text("one")
    entry = {"lists": {"a": "a.txt", "b": "b"}}
    first = identity(made(tmp_path, entry))
    assert identity(made(tmp_path, {**entry, "timeout_ms": 5, "batch": 3, "cache": {"ttl_s": 5}})) == first
    others = [
        identity(made(tmp_path, entry, "2")),
        identity(made(tmp_path, {"lists": {"a": "a.txt"}})),
        identity(made(tmp_path, {**entry, "calibration": {"text.it": [[0, 0], [1, 0.5]]}})),
    ]
    for file in ("a.txt", "b/model"):
        (tmp_path / file).write_text("two")
        others.append(identity(made(tmp_path, entry)))
    assert len({first, *others}) == 6


def test_what_is_judged_by_a_file_that_has_changed_since_is_not_kept(tmp_path):
    file, cache = tmp_path / "a.txt", ScoreCache()
    file.write_text("old")
    before = made(tmp_path, {"lists": {"a": "a.txt"}})
    file.write_text("new, and read by nobody yet")
    after = made(tmp_path, {"lists": {"a": "a.txt"}})
    for scorer in (before, after, after):
        asyncio.run(Runner([scorer], cache=cache).run([A]))
    assert (before.scorer.asked, after.scorer.asked) == (["a"], ["a"])


def test_the_files_of_a_scorer_are_read_once_for_all_who_ask_at_once(tmp_path, monkeypatch):
    read, once = [], identity

    def counted(scorer):
        read.append(scorer.name)
        threading.Event().wait(0.05)
        return once(scorer)

    monkeypatch.setattr("scorers.cache.identity", counted)
    runner = Runner([made(tmp_path, {})], cache=ScoreCache())

    async def together():
        await asyncio.gather(*(runner.run([replace(A, text=str(number))]) for number in range(8)))

    asyncio.run(together())
    assert read == ["x"]


def composite(folder, entry=MappingProxyType({}), **part):
    """A composite that only passes on what it is made of."""
    inner = Counting()
    plugins = [
        replace(Plugin("part", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: Counting()), **part),
        Plugin("whole", "1", "MIT", Cost.CPU, OUTPUTS, whole_of(inner), settings=Whole, composite=True),
    ]
    setup = Registry.of(plugins).configure({"x": {"use": "whole", "part": {"use": "part", **entry}}}, folder)
    assert setup.problems == ()
    return setup.scorers[0], inner


class Whole(Settings):
    part: dict[str, object]


def whole_of(scorer):
    def create(settings, folder, part):
        part("part", settings.part)
        return scorer

    return create


def test_the_versions_of_its_parts_are_in_the_identity_of_a_composite(tmp_path):
    assert identity(composite(tmp_path)[0]) == identity(composite(tmp_path)[0])
    assert identity(composite(tmp_path)[0]) != identity(composite(tmp_path, version="2")[0])


@pytest.mark.parametrize(
    ("how", "expected"),
    [({}, ["a"]), ({"cacheable": False}, ["a", "b"]), ({"entry": {"cache": False}}, ["a", "b"])],
)
def test_a_composite_is_kept_where_its_parts_may_be(tmp_path, how, expected):
    made, inner = composite(tmp_path, **how)
    runner = Runner([made], cache=ScoreCache())
    for name in "ab":
        asyncio.run(runner.run([replace(A, id=name)]))
    assert inner.asked == expected


def test_calibrated_values_are_kept_as_they_are():
    outputs = {"text.it": Score(modality="text", calibration=Calibration(((0, 0), (1, 0.5))))}
    runner = Runner([configured(Counting(outputs))], cache=ScoreCache())
    assert [asyncio.run(runner.run([A]))[0].values for _ in range(3)] == [{"text.it": 0.035}] * 3


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        (True, CacheSettings()),
        (False, None),
        ({"near_duplicates": True}, CacheSettings(near_duplicates=True)),
        ({"ttl_s": 5}, CacheSettings(ttl_s=5)),
    ],
)
def test_the_manifest_says_what_is_kept(tmp_path, cache, expected):
    assert made(tmp_path, {"cache": cache}).cache == expected


@pytest.mark.parametrize("cache", [{"ttl": 5}, {"ttl_s": 0}, "yes please"])
def test_wrong_cache_settings_are_refused(tmp_path, cache):
    plugin = Plugin("it", "1", "MIT", Cost.CPU, OUTPUTS, lambda settings, folder: Counting())
    problems = Registry.of([plugin]).configure({"x": {"use": "it", "cache": cache}}, tmp_path).problems
    assert all(problem.key.startswith("cache") for problem in problems)
    assert problems


def test_facts_that_are_no_json_have_a_fingerprint():
    facts = MappingProxyType({"a": {1, 2}, "b": object, "c": float("nan"), "d": "\ud800"})
    assert len(Fingerprint(Content(facts=facts, text="\udfff")).part("facts")) == 32
