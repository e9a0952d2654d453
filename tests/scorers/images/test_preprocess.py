"""A preprocessor_config.json is followed step by step, or refused."""

import json

import numpy as np
import pytest
from PIL import Image

from scorers.images.preprocess import PreprocessingError, cropped, preprocessing, read_preprocessing, resized
from tests.scorers.images.drawn import gradient
from tests.scorers.images.tiny import PREPROCESSOR

PICTURE = np.asarray(gradient(48, 32))
CLIP = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16}, "do_center_crop": True,
        "crop_size": {"height": 12, "width": 12}, "resample": 3, "image_mean": [0.48, 0.46, 0.41],
        "image_std": [0.27, 0.26, 0.28]}  # fmt: skip


def but(**changes):
    return {key: value for key, value in (PREPROCESSOR | changes).items() if value is not ...}


def test_a_square_is_rescaled_and_normalised():
    prepare = preprocessing(PREPROCESSOR)
    small = np.asarray(gradient(48, 32).resize((8, 8), Image.Resampling.BILINEAR), np.float64)
    expected = ((small / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    tensor = prepare(PICTURE)
    assert tensor.shape == prepare.shape == (3, 8, 8)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    assert np.abs(tensor - expected).max() < 1e-6


def test_the_shorter_edge_and_a_crop():
    prepare = preprocessing(CLIP)
    small = gradient(48, 32).resize((24, 16), Image.Resampling.BICUBIC)
    expected = np.asarray(small, np.float64)[2:14, 6:18] / 255
    expected = (expected - [0.48, 0.46, 0.41]) / [0.27, 0.26, 0.28]
    assert prepare.shape == (3, 12, 12)
    assert np.abs(prepare(PICTURE) - expected.transpose(2, 0, 1)).max() < 1e-6


@pytest.mark.parametrize(("kind", "square"), [("ViTFeatureExtractor", True), ("CLIPFeatureExtractor", False)])
def test_a_size_of_one_number_is_read_as_its_processor_does(kind, square):
    config = but(
        image_processor_type=..., feature_extractor_type=kind, size=16, do_center_crop=not square, crop_size=16
    )
    prepare = preprocessing(config)
    assert (prepare.size, prepare.shortest) == (((16, 16), None) if square else (None, 16))


@pytest.mark.parametrize(
    ("edge", "size", "shortest", "crop"), [(224, None, 256, (224, 224)), (384, (384, 384), None, None)]
)
def test_convnext_crops_small_and_warps_large(edge, size, shortest, crop):
    config = but(image_processor_type="ConvNextImageProcessor", size={"shortest_edge": edge}, crop_pct=0.875)
    prepare = preprocessing(config)
    assert (prepare.size, prepare.shortest, prepare.crop) == (size, shortest, crop)


def test_steps_may_be_left_out():
    plain = preprocessing(but(do_rescale=False, do_normalize=False, image_mean=..., image_std=...))
    assert plain(np.full((9, 9, 3), 77, np.uint8)).tolist() == np.full((3, 8, 8), 77).tolist()
    turned = preprocessing(but(do_flip_channel_order=True))(PICTURE)
    assert np.array_equal(turned[::-1], preprocessing(PREPROCESSOR)(PICTURE))
    uncropped = preprocessing(but(do_resize=False, do_center_crop=True, crop_size=8))
    assert uncropped.shape == (3, 8, 8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40_000), (40_000, 1), (7, 3), (300, 5)])
@pytest.mark.parametrize("config", [PREPROCESSOR, CLIP])
def test_every_shape_is_prepared_in_little_memory(shape, config):
    prepare = preprocessing(config)
    tensor = prepare(np.zeros((*shape, 3), np.uint8))
    assert tensor.shape == prepare.shape
    assert max(prepare._resized(np.zeros((*shape, 3), np.uint8)).shape) <= 8 * 16


def test_a_crop_larger_than_the_picture_is_padded_with_black():
    ones = np.ones((3, 2, 3), np.uint8)
    padded = cropped(ones, 4, 5)
    assert padded.shape == (4, 5, 3)
    assert padded[:, :, 0].tolist() == [[0, 0, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 1, 1, 0]]
    assert cropped(PICTURE, 32, 48) is not None
    assert np.array_equal(cropped(PICTURE, 2, 2), PICTURE[15:17, 23:25])


def test_resizing_is_pillows():
    assert np.array_equal(
        resized(PICTURE, 5, 7, 1), np.asarray(gradient(48, 32).resize((7, 5), Image.Resampling.LANCZOS))
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"do_pad": True}, "`do_pad` is true: this step is not known"),
        ({"rescale_offset": True}, "`rescale_offset` is true"),
        ({"crop_pct": 0.9}, "`crop_pct` is known for ConvNext processors only"),
        ({"size": 224, "image_processor_type": "PoolFormerImageProcessor"}, "write `height` and `width`"),
        ({"size": ...}, "`size` is null, expected `height` and `width`, or `shortest_edge`"),
        ({"size": {"longest_edge": 8}}, '`size` is {"longest_edge": 8}'),
        ({"size": {"height": 0, "width": 8}}, "a side of 0 pixels, expected a whole number from 1 to 4096"),
        ({"size": {"height": 8, "width": 99_999}}, "a side of 99999 pixels"),
        ({"size": {"shortest_edge": 8}}, "the size of what the model sees is open"),
        ({"do_resize": False}, "the size of what the model sees is open"),
        ({"do_center_crop": True}, "`crop_size` is null"),
        ({"resample": 9}, "`resample` is 9, expected one of 0 \\(nearest\\)"),
        ({"resample": []}, "unexpected form"),
        ({"image_mean": [0.5]}, "`image_mean` is \\[0.5\\], expected three numbers"),
        ({"image_std": [0.5, 0, 0.5]}, "`image_std` has a 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused(changes, message, tmp_path):
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(but(**changes)))
    with pytest.raises(PreprocessingError, match=message):
        read_preprocessing(path)


@pytest.mark.parametrize(("text", "message"), [("{", "is no JSON"), ("[]", "is list, expected an object")])
def test_a_file_that_is_none_is_refused(text, message, tmp_path):
    path = tmp_path / "preprocessor_config.json"
    path.write_text(text)
    with pytest.raises(PreprocessingError, match=message):
        read_preprocessing(path)
