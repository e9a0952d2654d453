import asyncio
from pathlib import Path
from types import MappingProxyType

import pytest

from limen.testing import ScorerContract
from scorers.builtin.by_language import PLUGIN, primary
from scorers.builtin.text_language import PLUGIN as LANGUAGE
from scorers.builtin.text_linear import PLUGIN as LINEAR
from scorers.content import Content
from scorers.function import scorer
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Cost, Flag, Plugin, Score, Scorer, Text


def constant(name, value, outputs=None):
    outputs = outputs or {f"{name}.hate": Score(), f"{name}.spam": Score()}
    return scorer(name, outputs=outputs, modality="text")(lambda texts: [dict.fromkeys(outputs, value) for _ in texts])


def broken(texts):
    raise RuntimeError("boom")


class Absent(Scorer):
    loads = 0

    def __init__(self, fails):
        self.outputs = {"absent.hate": Score(modality="text"), "absent.spam": Score(modality="text")}
        self.fails = fails

    def load(self):
        Absent.loads += 1
        if self.fails:
            raise RuntimeError("no weights")

    def score(self, batch):
        return [{"absent.hate": 0.5, "absent.spam": 0.5} for _ in batch]


def absent(name, fails):
    outputs = {"absent.hate": Score(), "absent.spam": Score()}
    return Plugin(name, "1", "MIT", Cost.CPU, outputs, lambda _settings, _folder: Absent(fails))


class Lost(Scorer):
    def __init__(self, _settings, _folder):
        self.outputs = {"lost.language": Text(modality="text")}

    def load(self):
        raise RuntimeError("no library")

    def score(self, batch):
        raise AssertionError


LOST = Plugin("lost", "1", "MIT", Cost.CPU, {"lost.language": Text()}, Lost)
BROKEN = scorer("broken", outputs={"broken.hate": Score(), "broken.spam": Score()}, modality="text")(broken)
FLAGGED = constant("flagged", True, {"flagged.hate": Flag(), "flagged.spam": Score()})
OTHER = constant("other", 0.5, {"other.hate": Score()})
PLUGINS = [PLUGIN, LANGUAGE, LINEAR, LOST, BROKEN, FLAGGED, OTHER, constant("low", 0.1), constant("high", 0.9)]
PLUGINS += [absent("absent", fails=True), absent("present", fails=False)]
TWO = MappingProxyType({"en": "low", "de": {"use": "high"}})


def setup(**settings):
    return Registry.of(PLUGINS).configure({"it": {"use": "by-language", **settings}}, Path())


def judged(contents, **settings):
    configured = setup(**settings)
    assert configured.problems == ()
    return asyncio.run(Runner(configured.scorers).run(contents))


def said(language, text="hello", **settings):
    (scored,) = judged([Content(text=text, language=language)], **settings)
    return scored


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings = MappingProxyType({"languages": TWO, "default": "high", "detect": "text-language"})

    def make(self):
        (made,) = setup(**self.settings).scorers
        made.scorer.load()
        return made


def test_each_text_goes_to_the_scorer_of_its_language():
    contents = [Content(text="a", language=tag) for tag in ("en", "de", "en-GB", "DE_at", "de")]
    scored = judged(contents, languages=TWO)
    assert [one.values["text.hate"] for one in scored] == [0.1, 0.9, 0.1, 0.9, 0.9]
    assert set(scored[0].values) == {"text.hate", "text.spam"}


def test_other_languages_are_missing_with_a_reason_or_go_to_the_default():
    assert said("fr", languages=TWO).missing == dict.fromkeys(
        ["text.hate", "text.spam"], "no scorer is set for the language `fr`, and no default"
    )
    assert "neither stated nor known" in said(None, languages=TWO).missing["text.hate"]
    assert said("fr", languages=TWO, default="high").values["text.hate"] == 0.9
    assert said(None, languages=TWO, default="high").values["text.hate"] == 0.9


def test_a_language_that_is_not_stated_may_be_detected():
    settings = {"languages": TWO, "detect": {"use": "text-language"}}
    german = "Das Treffen ist auf Donnerstag verschoben, bis dann."
    assert said(None, german, **settings).values["text.hate"] == 0.9
    assert said("en", german, **settings).values["text.hate"] == 0.1  # what is stated counts
    assert "neither stated nor known" in said(None, "12345", **settings).missing["text.hate"]
    unsure = said(None, german, **settings, min_confidence=1)
    assert "neither stated nor known" in unsure.missing["text.hate"]


@pytest.mark.parametrize("default", [None, "high"])
def test_a_detector_that_fails_is_no_language_that_is_not_known(default):
    settings = {"languages": {"en": "low"}, "detect": "lost", "default": default}
    reason = "the language is not detected: not loaded: RuntimeError: no library"
    assert said(None, **settings).missing == dict.fromkeys(["text.hate", "text.spam"], reason)
    assert said("en", **settings).values["text.hate"] == 0.1  # what states its language needs no detector


def test_what_fails_in_a_part_is_missing_with_its_reason_and_only_there():
    contents = [Content(text="a", language=tag) for tag in ("en", "de")]
    english, german = judged(contents, languages={"en": "low", "de": "broken"})
    assert english.values["text.hate"] == 0.1
    assert "boom" in german.missing["text.hate"]


def test_a_part_that_does_not_load_costs_its_language_only():
    (configured,) = setup(languages={"en": "low", "de": "absent"}).scorers
    configured.scorer.load()
    contents = [Content(text="a", language=tag) for tag in ("en", "de")]
    english, german = asyncio.run(Runner([configured]).run(contents))
    assert english.values["text.hate"] == 0.1
    assert "not loaded: RuntimeError: no weights" in german.missing["text.hate"]


def test_parts_are_loaded_once_and_with_the_whole():
    Absent.loads = 0
    (configured,) = setup(languages={"en": "present"}).scorers
    configured.scorer.load()
    asyncio.run(Runner([configured]).run([Content(text="a", language="en")]))
    assert Absent.loads == 1


def test_a_calibration_of_a_part_is_applied_once():
    halved = {"use": "high", "calibration": {"high.hate": [[0, 0], [1, 0.5]]}}
    row = said("en", languages={"en": halved})
    assert (row.values["text.hate"], row.values["text.spam"]) == (0.45, 0.9)


def test_outputs_are_probabilities_only_where_every_part_says_so():
    table = [[0, 0], [1, 0.5]]
    high = {"use": "high", "calibration": {"high.hate": table}}
    low = {"use": "low", "calibration": {"low.hate": table, "low.spam": table}}
    (configured,) = setup(languages={"en": low, "de": high}).scorers
    assert {name: output.probability for name, output in configured.outputs.items()} == {
        "text.hate": True,
        "text.spam": False,
    }
    assert all(output.calibration is None for output in configured.outputs.values())


def test_parts_of_one_prefix_and_of_several_levels_meet_under_the_common_one():
    assert set(said("en", languages={"en": "text-linear"}, prefix="a.b").values) == {
        f"a.b.{label}" for label in ("toxicity", "hate", "harassment", "violence", "self_harm", "spam")
    }


def test_evidence_of_a_part_is_told_under_the_common_name():
    (configured,) = setup(languages={"en": "text-linear"}, prefix="said").scorers
    content = Content(text="you are a stupid idiot", language="en")
    assert configured.scorer.evidence(content) == ()  # its part is not loaded
    configured.scorer.load()
    found = configured.scorer.evidence(content)
    assert "idiot" in {content.text[one.start : one.end] for one in found}
    assert {one.output for one in found} <= set(configured.outputs)
    assert configured.scorer.evidence(Content(text="idiot", language="de")) == ()


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"languages": {}}, "languages", "at least 1 item"),
        ({"languages": {"en": "low", "de-AT": "high"}}, "languages", "`de-AT` is no language"),
        (
            {"languages": {"english": "low"}},
            "languages",
            "`english` is no language: expected a primary subtag such as `de`",
        ),
        ({"languages": {"en": "lw"}}, "languages.en.use", "unknown scorer plugin `lw`: did you mean `low`?"),
        ({"languages": {"en": "low"}, "default": "hih"}, "default.use", "did you mean `high`?"),
        ({"languages": {"en": "low", "de": "other"}}, "languages.de", "differ in `text.spam`"),
        ({"languages": {"en": "low", "de": "flagged"}}, "languages.de", "differ in `text.hate`"),
        ({"languages": TWO, "detect": "low"}, "detect", "`low` tells no language: use `text-language`"),
    ],
)
def test_wrong_settings_are_problems_with_their_key(settings, key, message):
    (problem,) = setup(**settings).problems
    assert problem.key == key
    assert message in problem.message


@pytest.mark.parametrize(("tag", "expected"), [("de-AT", "de"), ("EN", "en"), ("zh_Hant_TW", "zh"), ("", "")])
def test_the_primary_subtag_counts(tag, expected):
    assert primary(tag) == expected
