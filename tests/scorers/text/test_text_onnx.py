"""`text-onnx` on a classifier that can be checked by hand: each word adds its row to the logits."""

import json
import shutil
from types import MappingProxyType

import pytest

from limen.testing import ORDINARY, ScorerContract
from scorers.builtin.text_onnx import PLUGIN, longest
from scorers.content import Content
from scorers.onnx.classifier import sigmoid, softmax
from scorers.onnx.runtime import ModelUnavailableError
from scorers.registry import Registry
from scorers.scorer import Prepared
from scorers.values import to_micro
from tests.scorers.images.tiny import channel_means
from tests.scorers.onnx.tiny import CONFIG, WEIGHTS, classifier, dynamic_int8, file, summed

ENDS = WEIGHTS[2] + WEIGHTS[3]


def setup(folder, **settings):
    return Registry.of([PLUGIN]).configure({"it": {"use": "text-onnx", "model": "m", **settings}}, folder)


def made(folder, **settings):
    (configured,) = setup(folder, **settings).scorers
    configured.scorer.load()
    return configured.scorer


def scored(folder, text, **settings):
    return made(folder, **settings).score([Content(text=text)])[0]


@pytest.fixture
def pack(tmp_path):
    classifier(tmp_path / "m")
    return tmp_path


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    classifier(folder / "m")
    classifier(folder / "int8", model=dynamic_int8(), name="model_int8.onnx")
    return folder


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings = MappingProxyType({"model": "m", "max_length": 16})

    @pytest.fixture(autouse=True)
    def _folder(self, shared):
        type(self).folder = shared


class TestContractOfDynamicInt8(ScorerContract):
    plugin = PLUGIN
    settings = MappingProxyType({"model": "int8", "precision": "int8", "max_length": 16})
    contents = (*ORDINARY, *(Content(id=word, text=word) for word in ("rude", "spam rude", "very very very rude")))

    @pytest.fixture(autouse=True)
    def _folder(self, shared):
        type(self).folder = shared


def test_several_labels_may_hold_at_once(pack):
    row = scored(pack, "Very RUDE")
    expected = WEIGHTS[7] + WEIGHTS[5] + ENDS
    assert list(row) == ["text.toxic", "text.severe_toxic", "text.spam"]
    assert row == {name: pytest.approx(sigmoid(x), abs=1e-7) for name, x in zip(row, expected.tolist(), strict=True)}


def test_one_label_holds_where_the_model_says_so(pack):
    classifier(pack / "m", {**CONFIG, "problem_type": "single_label_classification"})
    row = scored(pack, "rude")
    expected = softmax((WEIGHTS[5] + ENDS).tolist())
    assert list(row.values()) == [pytest.approx(x, abs=1e-7) for x in expected]


def test_labels_and_prefix_name_the_outputs(pack):
    row = scored(pack, "rude", prefix="mine.deep", labels={"spam": "advertising"})
    assert list(row) == ["mine.deep.advertising"]


def test_a_long_text_scores_as_its_worst_window_does(pack):
    words = ["nice"] * 40
    bland = scored(pack, " ".join(words), max_length=8, stride=2)
    words[30] = "rude"
    worse = scored(pack, " ".join(words), max_length=8, stride=2)
    assert worse["text.toxic"] > bland["text.toxic"]
    window = 5 * WEIGHTS[4] + WEIGHTS[5] + ENDS
    assert worse["text.toxic"] == pytest.approx(sigmoid(window.tolist()[0]), abs=1e-7)


def test_one_text_alone_and_in_a_padded_batch_has_the_same_micro_scores(shared):
    texts = ["rude", "very very rude spam", "nice " * 30, "spam " * 9, "x", "very " * 14] * 3
    for settings in ({"model": "m"}, {"model": "int8", "precision": "int8"}):
        scorer = made(shared, **settings)
        together = scorer.score([Content(text=text) for text in texts])
        for text, row in zip(texts, together, strict=True):
            (alone,) = scorer.score([Content(text=text)])
            assert {name: to_micro(score) for name, score in row.items()} == {
                name: to_micro(score) for name, score in alone.items()
            }


def test_tokenising_and_running_are_two_stages(pack):
    scorer = made(pack, max_length=8)
    short, long = scorer.prepare([Content(text="rude"), Content(text="nice " * 20)])
    assert isinstance(short, Prepared)
    assert (short.size, len(short.data)) == (8, 1)
    assert len(long.data) > 1
    assert list(scorer.infer([long, short])) == list(scorer.score([Content(text="nice " * 20), Content(text="rude")]))
    assert scorer.device == "cpu"


def test_the_model_may_lie_in_a_folder_of_its_exporter(pack):
    (pack / "m" / "model.onnx").unlink()
    classifier(pack / "m", name="onnx/model.onnx")
    assert scored(pack, "rude")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_position_embeddings": 64}, 64),
        ({"max_position_embeddings": 4096}, 512),
        ({"max_position_embeddings": 514, "model_type": "xlm-roberta", "pad_token_id": 1}, 512),
        ({"max_position_embeddings": 130, "model_type": "roberta"}, 128),
        ({}, 512),
    ],
)
def test_a_model_takes_as_many_tokens_as_it_has_positions(tmp_path, config, expected):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert longest(tmp_path / "config.json") == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "gone"}, "there is no folder `gone`"),
        ({"model": "../m"}, "leaves the folder"),
        ({"labels": {"Toxik": "toxic"}}, "unknown label `Toxik`: did you mean `Toxic`?"),
        ({"labels": {"Toxic": "Not A Name"}}, "`Not A Name` is no name"),
        ({"precision": "int4"}, "`precision`: input should be"),
        ({"max_windows": 0}, "`max_windows`: input should be greater than or equal to 1"),
    ],
)
def test_wrong_settings_are_problems(pack, settings, message):
    (problem,) = setup(pack, **settings).problems
    assert message in problem.message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "`config.json` of the model cannot be read: No such file"),
        ("{", "`config.json` is no JSON"),
        ("{}", "`config.json` has no `id2label`"),
        ('{"id2label": {"0": "a", "2": "b"}}', "has the places 0, 2, expected 0 to 1"),
        ('{"id2label": {"0": "a"}, "problem_type": "regression"}', "`problem_type` is `regression`"),
        ('{"id2label": {"0": "A b", "1": "a-b"}}', "two labels would be `a_b`"),
        ('{"id2label": {"0": "\u6709\u6bd2"}}', "makes no name"),
    ],
)
def test_a_config_that_cannot_be_followed_is_a_problem(pack, config, message):
    (pack / "m" / "config.json").unlink()
    if config is not None:
        (pack / "m" / "config.json").write_text(config)
    (problem,) = setup(pack).problems
    assert message in problem.message


def refuse_to_load(pack, message, **settings):
    with pytest.raises(ModelUnavailableError, match=message):
        made(pack, **settings)


def test_files_that_lack_keep_the_model_from_loading(pack):
    refuse_to_load(pack, r"has no `model_fp16\.onnx`: there is `model\.onnx` \(fp32\)", precision="fp16")
    (pack / "m" / "tokenizer.json").unlink()
    refuse_to_load(pack, "save a fast tokenizer there")
    shutil.rmtree(pack / "m")
    classifier(pack / "m")
    (pack / "m" / "model.onnx").unlink()
    refuse_to_load(pack, "no model is there")


def test_files_that_do_not_belong_together_keep_the_model_from_loading(pack):
    refuse_to_load(pack, "`max_length` is 65, but the model takes at most 64 tokens", max_length=65)
    classifier(pack / "m", {**CONFIG, "id2label": {"0": "a", "1": "b"}})
    refuse_to_load(pack, r"gives \(3,\) for a text, expected \(2,\), one value a label")
    classifier(pack / "m", model=channel_means())
    refuse_to_load(pack, "asks for pixel_values: expected attention_mask, input_ids, token_type_ids")
    classifier(pack / "m", model=file(*summed("logits")[:4]))
    refuse_to_load(pack, r"`model\.onnx` cannot be opened")


def test_a_scorer_asked_before_it_is_loaded_says_so(pack):
    (configured,) = setup(pack).scorers
    with pytest.raises(RuntimeError, match="before `load`"):
        configured.scorer.score([Content(text="rude")])
