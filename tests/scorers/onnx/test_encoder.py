from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.onnx import session as sessions
from scorers.onnx.binding import run_bound
from scorers.onnx.encoder import MOST_CPU, MOST_CUDA, Encoder, first, mean
from scorers.onnx.lengths import BUCKETS, Tokens, batches, bucket, padded
from scorers.onnx.runtime import CUDA, ModelUnavailableError
from scorers.onnx.session import OnnxModel
from scorers.onnx.tokens import Tokenizer, spread
from tests.scorers.onnx.tiny import WEIGHTS, dynamic_int8, moody, plain, tokenizer


def rows(*lengths):
    return [Tokens(tuple(4 + (place * 7 + n) % 90 for place in range(n)), (0,) * n) for n in lengths]


def encoder(tmp_path, model):
    (tmp_path / "model.onnx").write_bytes(model)
    return Encoder.open(OnnxModel.open(tmp_path / "model.onnx", "cpu", 1), "logits", first, limit=64)


@given(st.integers(1, 2000))
def test_a_bucket_is_the_smallest_that_holds_a_length(length):
    size = bucket(length)
    assert size >= length
    assert size == length or all(not length <= other < size for other in BUCKETS)


@given(st.lists(st.integers(1, 600), max_size=60), st.integers(1, 20))
def test_batches_hold_every_row_once_and_pad_by_its_own_length_alone(lengths, most):
    found = list(batches(lengths, most, 512))
    assert sorted(index for _, indices in found for index in indices) == list(range(len(lengths)))
    for size, indices in found:
        assert 1 <= len(indices) <= most
        assert {size} == {max(lengths[i], min(bucket(lengths[i]), 512)) for i in indices}


def test_rows_are_padded_on_the_right_and_masked():
    arrays = padded([Tokens((5, 6), (0, 1)), Tokens((7,), (0,))], 4, 9)
    assert arrays["input_ids"].tolist() == [[5, 6, 9, 9], [7, 9, 9, 9]]
    assert arrays["attention_mask"].tolist() == [[1, 1, 0, 0], [1, 0, 0, 0]]
    assert arrays["token_type_ids"].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_the_mean_leaves_padding_out():
    assert mean(np.array([[1.0, 2], [3, 4], [100, 100]], np.float32), 2).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        (plain(), None, MOST_CPU),  # rows share a run; whether one may be alone in it is the kernel's affair
        (moody(alone=True), 2, MOST_CPU),  # a row alone runs beside a copy of itself
        (moody(alone=False), 1, 1),  # whatever shares a run changes it
        (dynamic_int8(), 1, 1),
    ],
)
def test_a_vector_does_not_depend_on_its_neighbours(tmp_path, model, least, most):
    found = encoder(tmp_path, model)
    assert found.most == most
    assert least in {None, found.least}
    asked = rows(*range(3, 40), 8, 8, 8)
    together = found.run(asked)
    for row, vector in zip(asked, together, strict=True):
        assert found.run([row])[0].tolist() == vector.tolist()
    assert [vector.tolist() for vector in found.run(asked[::-1])] == [vector.tolist() for vector in together[::-1]]


def test_dynamic_int8_in_one_run_would_depend_on_the_neighbours(tmp_path):
    """The reason for running rows one by one: without it, a neighbour of large values coarsens everybody's."""
    found = encoder(tmp_path, dynamic_int8())
    asked = [Tokens((4,), (0,)), Tokens((5,) * 50, (0,) * 50)]
    arrays = padded(asked, 56, 0)
    (beside,) = found.model.run(arrays, ["logits"])
    assert found.run(asked)[0].tolist() != beside[0].tolist()


def test_on_cuda_every_run_has_one_size(tmp_path, monkeypatch):
    """The path that CUDA takes, IO binding included, run on the CPU: the same code but for the name of the device."""
    (tmp_path / "model.onnx").write_bytes(moody(alone=False))
    model = replace(OnnxModel.open(tmp_path / "model.onnx", "cpu"), provider=CUDA)
    sizes = []

    def bound(module, session, fed, names):
        sizes.append(len(fed["input_ids"]))
        return run_bound(module, session, fed, names, "cpu")

    monkeypatch.setattr(sessions, "run_bound", bound)
    found = Encoder.open(model, "logits", first, limit=64)
    asked = rows(*range(3, 40), *[8] * 40)
    together = found.run(asked)
    assert set(sizes) == {MOST_CUDA}
    assert [found.run([row])[0].tolist() for row in asked] == [vector.tolist() for vector in together]


def test_vectors_come_in_order(tmp_path):
    asked = rows(30, 3, 9, 3, 17)
    expected = [WEIGHTS[list(row.ids)].sum(axis=0) for row in asked]
    np.testing.assert_allclose(encoder(tmp_path, plain()).run(asked), expected, rtol=1e-5)
    assert encoder(tmp_path, plain()).run([]) == []


@pytest.fixture
def tokens(tmp_path):
    tokenizer().save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_a_long_text_is_read_in_overlapping_windows(tokens):
    cut = Tokenizer.open(tokens, 6, 2, 99)
    (windows,) = cut.windows(["nice rude spam very nice rude spam"])
    assert [window.ids for window in windows] == [(2, 4, 5, 6, 7, 3), (2, 6, 7, 4, 5, 3), (2, 4, 5, 6, 3)]
    assert cut.windows(["rude", ""]) == [(Tokens((2, 5, 3), (0, 0, 0)),), (Tokens((2, 3), (0, 0)),)]


def test_of_too_many_windows_the_first_the_last_and_some_between_are_read(tokens):
    (windows,) = Tokenizer.open(tokens, 3, 0, 3).windows(["nice " * 10 + "rude " * 11 + "spam"])
    assert [window.ids[1] for window in windows] == [4, 5, 6]
    assert spread([1, 2, 3], 1) == [1]
    assert spread([1, 2, 3, 4, 5], 3) == [1, 3, 5]


def test_a_lone_surrogate_is_read_as_an_unknown_character(tokens):
    assert Tokenizer.open(tokens, 6, 2, 9).windows(["rude \ud800"])[0][0].ids == (2, 5, 1, 3)


def test_a_tokenizer_that_is_missing_or_none_is_refused(tmp_path):
    with pytest.raises(ModelUnavailableError, match=r"save a fast tokenizer there"):
        Tokenizer.open(tmp_path / "tokenizer.json", 6, 2, 9)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailableError, match="is no tokenizer"):
        Tokenizer.open(tmp_path / "tokenizer.json", 6, 2, 9)


def test_a_stride_that_leaves_no_room_is_refused(tokens):
    with pytest.raises(ModelUnavailableError, match="`stride` is 4, expected 0 to 3"):
        Tokenizer.open(tokens, 6, 4, 9)
