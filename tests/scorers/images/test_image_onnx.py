"""`image-onnx` on a classifier that can be checked by hand: each label's logit is the mean of a channel, in [-1, 1]."""

import math
import shutil
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from limen.testing import PIXEL, ScorerContract
from scorers.builtin.image_onnx import PLUGIN
from scorers.content import Content, Media
from scorers.onnx.classifier import ClassifierError, Labels, read_labels, sigmoid, softmax
from scorers.onnx.runtime import ModelUnavailableError
from scorers.registry import Registry
from scorers.scorer import Missing
from tests.scorers.images.drawn import gradient, saved
from tests.scorers.images.tiny import CONFIG, FLOAT16, PREPROCESSOR, channel_means, classifier

FRAMES = [Image.new("RGB", (9, 9), colour) for colour in ("black", "red", "lime")]
ANIMATION = saved(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:])


def pictures(*data):
    return Content(images=tuple(Media(data=one) for one in data))


def plain(colour):
    return saved(Image.new("RGB", (9, 5), colour))


def made(folder, **entry):
    setup = Registry.of([PLUGIN]).configure({"it": {"use": "image-onnx", "model": "model", **entry}}, folder)
    assert not setup.problems, setup.problems
    return setup.scorers[0].scorer


def loaded(folder, **entry):
    scorer = made(folder, **entry)
    scorer.load()
    return scorer


def problem(folder, **entry):
    (one,) = Registry.of([PLUGIN]).configure({"it": {"use": "image-onnx", "model": "model", **entry}}, folder).problems
    return one


@pytest.fixture
def folder(tmp_path):
    classifier(tmp_path / "model")
    return tmp_path


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings: ClassVar = {"model": "model"}
    contents = (
        *ScorerContract.contents,
        Content(id="photo", images=(Media(data=saved(gradient(), "JPEG")),)),
        Content(id="animated", text="look", images=(Media(data=ANIMATION), Media(data=PIXEL))),
        Content(id="broken", images=(Media(data=PIXEL), Media(data=b"GIF89a"))),
    )

    @pytest.fixture(autouse=True)
    def _folder(self, folder):
        type(self).folder = folder


def test_each_label_has_its_score(folder):
    (row,) = loaded(folder).score([pictures(plain("red"))])
    assert row == pytest.approx({"image.red": sigmoid(1), "image.very_green": sigmoid(-1), "image.blue": sigmoid(-1)})


def test_softmax_where_one_label_holds(folder):
    classifier(folder / "model", config=CONFIG | {"problem_type": None})
    (row,) = loaded(folder).score([pictures(plain("red"))])
    high, low = math.exp(1), math.exp(-1)
    assert row["image.red"] == pytest.approx(high / (high + 2 * low))
    assert sum(row.values()) == pytest.approx(1)


def test_the_worst_of_several_images_counts(folder):
    (row,) = loaded(folder).score([pictures(plain("red"), plain("black"), plain("blue"))])
    assert row == pytest.approx({"image.red": sigmoid(1), "image.very_green": sigmoid(-1), "image.blue": sigmoid(1)})


def test_the_frames_of_an_animation_count_where_asked_for(folder):
    first, worst = (loaded(folder, frames=frames).score([pictures(ANIMATION)])[0] for frames in (1, 3))
    assert first["image.very_green"] == pytest.approx(sigmoid(-1), abs=1e-6)
    assert worst["image.very_green"] == worst["image.red"] == pytest.approx(sigmoid(1), abs=1e-6)


def test_one_image_that_cannot_be_seen_makes_all_missing(folder, tmp_path):
    scorer = loaded(folder)
    gone = Content(images=(Media(path=tmp_path / "gone.png"),))
    good, bad, absent = scorer.score([pictures(plain("red")), pictures(plain("red"), b"\x89PNG"), gone])
    assert set(good) == set(scorer.outputs)
    assert isinstance(bad, Missing)
    assert bad.reason.startswith("image 2: it is no image")
    assert absent == Missing("image 1: cannot be read: No such file or directory")


def test_limits_and_background_are_settings(folder):
    assert isinstance(loaded(folder, max_pixels=44).score([pictures(plain("red"))])[0], Missing)
    clear = pictures(saved(Image.new("RGBA", (4, 4), (0, 0, 0, 0))))
    (row,) = loaded(folder, background="#ff0000").score([clear])
    assert row["image.red"] == pytest.approx(sigmoid(1))


def test_labels_are_chosen_and_named(folder):
    scorer = made(folder, prefix="animals", labels={"Very Green": "frog"})
    assert list(scorer.outputs) == ["animals.frog"]
    scorer.load()
    (row,) = scorer.score([pictures(plain("lime"))])
    assert row == pytest.approx({"animals.frog": sigmoid(1)})


@pytest.mark.parametrize("size", [1, 4])
def test_a_batch_that_the_model_fixes_is_filled(tmp_path, size):
    classifier(tmp_path / "model", model=channel_means((size, 3, 8, 8)))
    scorer = loaded(tmp_path)
    colours = ["red", "lime", "blue", "white", "black"]
    rows = scorer.score([pictures(plain(colour)) for colour in colours])
    assert rows == [scorer.score([pictures(plain(colour))])[0] for colour in colours]
    assert len({tuple(row.values()) for row in rows}) == 5


def test_a_model_of_half_precision_is_fed(folder):
    (folder / "model" / "model_fp16.onnx").write_bytes(channel_means(kind=FLOAT16))
    (row,) = loaded(folder, precision="fp16").score([pictures(plain("red"))])
    assert row["image.red"] == pytest.approx(sigmoid(1), abs=1e-3)


def test_it_tells_what_it_runs_on(folder):
    assert loaded(folder, device="cpu").device == "cpu"
    with pytest.raises(RuntimeError, match="before `load`"):
        made(folder).score([pictures(plain("red"))])


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ({"model": "gone"}, "model", "there is no folder `gone`"),
        ({"model": ".."}, "model", "leaves the folder"),
        ({"labels": {"Rde": "red"}}, "labels", "unknown label `Rde`: did you mean `Red`?"),
        ({"labels": {"Red": "a", "blue": "a"}}, "labels", "two labels would be `a`"),
        ({"labels": {"Red": "No"}}, "labels.Red", "`No` is no name"),
        ({"background": "pink"}, "background", "`pink` is no colour: expected `white`, `black` or `#rrggbb`"),
        ({"max_pixels": 10**9}, "max_pixels", "less than or equal to 150000000"),
    ],
)
def test_settings_that_do_not_fit_are_told(folder, entry, key, message):
    told = problem(folder, **entry)
    assert told.key == key
    assert message in told.message


@pytest.mark.parametrize(
    ("file", "message"),
    [("config.json", "`config.json` of the model cannot be read: No such file or directory"),
     ("preprocessor_config.json", "`preprocessor_config.json` of the model cannot be read")],
)  # fmt: skip
def test_a_missing_file_is_told_when_the_pack_is_checked(folder, file, message):
    (folder / "model" / file).unlink()
    assert message in problem(folder).message
    (folder / "model" / file).write_text("{")
    assert "is no JSON" in problem(folder).message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "`config.json` has no `id2label`"),
        ({"id2label": {"1": "a", "2": "b"}}, "has the places 1, 2, expected 0 to 1"),
        ({"id2label": {"0": "Not Safe", "1": "not-safe"}}, "two labels would be `not_safe`: name each in `labels`"),
        ({"id2label": {"0": "\u732b"}}, "the label `\u732b` makes no name"),
        ({"id2label": {"0": "a"}, "problem_type": "regression"}, "`problem_type` is `regression`"),
    ],
)
def test_labels_that_cannot_be_used_are_told(tmp_path, config, message):
    classifier(tmp_path / "model", config=config)
    assert message in problem(tmp_path).message


def test_a_preprocessing_that_is_not_known_is_told(folder):
    classifier(folder / "model", preprocessor=PREPROCESSOR | {"do_pad": True})
    assert problem(folder).message == (
        "`preprocessor_config.json` of the model: `do_pad` is true: this step is not known, the model cannot be fed"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: (model / "model.onnx").unlink(), "has no `model.onnx`"),
        (lambda model: (model / "model.onnx").write_bytes(b"no model"), "`model.onnx` cannot be opened"),
        (lambda model: classifier(model, model=channel_means(("n", 3, 9, 9))), r"does not take pictures of shape \(3, 8, 8\)"),
        (lambda model: classifier(model, config={"id2label": {"0": "a", "1": "b"}}), r"gives \(3,\) for a picture, expected \(2,\)"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_run_is_told_when_it_is_loaded(folder, change, message):
    change(folder / "model")
    with pytest.raises(ModelUnavailableError, match=message):
        loaded(folder)


@pytest.mark.parametrize("extra", ["PIL.Image"])
def test_a_library_that_is_missing_names_the_command(folder, monkeypatch, extra):
    scorer = made(folder)
    monkeypatch.setitem(__import__("sys").modules, extra, None)
    with pytest.raises(ModelUnavailableError, match=r"run `pip install 'limen\[image\]'`"):
        scorer.load()


def test_labels_read_what_the_config_says(tmp_path):
    folder = classifier(tmp_path / "m", config={"id2label": {"0": "only"}})
    assert read_labels(folder / "config.json") == Labels(("only",), "sigmoid")
    assert read_labels(folder / "config.json", activation="none").scores([0.25]) == {"only": 0.25}
    shutil.rmtree(folder)
    with pytest.raises(OSError, match="No such file"):
        read_labels(folder / "config.json")


def test_activations_do_not_overflow():
    assert softmax([1e6, 0.0, -1e6]) == [1.0, 0.0, 0.0]
    assert [sigmoid(value) for value in (-1e6, 0.0, 1e6)] == [0.0, 0.5, 1.0]
    logits = np.array([0.3, -2.0, 1.5])
    assert softmax(logits) == pytest.approx(np.exp(logits) / np.exp(logits).sum())


def test_an_error_names_its_setting():
    assert ClassifierError("x", "labels").key == "labels"
