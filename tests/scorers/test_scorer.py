from types import MappingProxyType

import pytest

from scorers.builtin.keywords import PLUGIN
from scorers.content import Content, Modality
from scorers.scorer import Choice, Cost, Count, Flag, Kind, Plugin, Score, Scorer, Text, modalities


def test_outputs_say_their_type():
    assert (Score().kind, Score().minimum, Score().maximum) == (Kind.SCORE, 0, 1)
    assert Flag().kind is Kind.FLAG
    assert (Count(1, 5).minimum, Count(1, 5).maximum, Count().maximum) == (1, 5, None)
    assert Choice(["a", "b"]).values == ("a", "b")
    assert Text(modality="audio").modality is Modality.AUDIO


@pytest.mark.parametrize(
    "wrong", [lambda: Count(3, 2), lambda: Choice([]), lambda: Choice(["a", "a"]), lambda: Choice("ab")]
)
def test_an_output_without_values_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_an_unknown_modality_is_refused():
    with pytest.raises(ValueError, match="smell"):
        Score(modality="smell")


def test_an_output_applies_where_its_modality_is():
    assert Score(modality="text").applies_to(Content(text="a"))
    assert not Score(modality="image").applies_to(Content(text="a"))
    assert Flag().applies_to(Content())


def test_modalities_are_those_of_the_outputs():
    assert modalities({"a.b": Score(modality="image"), "a.c": Score(modality="text"), "a.d": Flag()}) == (
        "text",
        "image",
    )


def test_costs_are_ordered():
    assert sorted(Cost) == [Cost.LOOKUP, Cost.CPU_LIGHT, Cost.CPU, Cost.GPU, Cost.CPU_HEAVY, Cost.REMOTE]


@pytest.mark.parametrize("name", ["", "Text", "text_linear", "-a", "a--b", "a b"])
def test_a_plugin_name_is_words_and_hyphens(name):
    with pytest.raises(ValueError, match="no scorer name"):
        Plugin(name, "1", "MIT", Cost.CPU, {}, PLUGIN.create)


def test_the_defaults_of_a_scorer_do_nothing():
    class Silent(Scorer):
        outputs = MappingProxyType({"text.silence": Score(modality="text")})

        def score(self, batch):
            return [{"text.silence": 1.0} for _ in batch]

    silent = Silent()
    assert silent.load() is None
    assert silent.evidence(Content(text="a")) == ()
    assert silent.warnings == ()
    assert isinstance(silent, Scorer)


def test_identity_names_the_version():
    assert PLUGIN.identity == f"keywords@{PLUGIN.version}"
