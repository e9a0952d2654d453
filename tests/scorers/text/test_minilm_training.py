import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra `calibration`")
pytest.importorskip("pyarrow", reason="the extra `calibration`")

from scorers.train import minilm, minilm_report
from scorers.train.data import Row
from scorers.train.minilm import cached, headed, sample
from scorers.train.text_linear import fit


def row(n, source="a", **labels):
    return Row(source, f"text {n}", labels, frozenset(), str(n), False)


def test_a_sample_takes_rare_rows_first_and_is_the_same_again():
    data = [row(n, "a", hate=int(n % 10 == 0), toxicity=1) for n in range(100)] + [row(n, "b") for n in range(3)]
    kept = sample(data, 20)
    assert kept == sample(data[::-1], 20)[::-1]
    assert [one.source for one in kept].count("a") == 20
    assert [one.source for one in kept].count("b") == 3
    assert sum(one.labels.get("hate", 0) for one in kept) >= 5
    assert sum(one.labels.get("hate", 0) for one in sample(data, 20, rare_first=False)) < 5


def test_embeddings_are_computed_once(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "_CHUNK", 2)
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return [[np.full(3, float(len(text)))] * (1 + (text == "long")) for text in texts]

    texts = ["a", "long", "ccc", "\ud800", "a"]
    first = cached(embed, tmp_path)(texts)
    again = cached(embed, tmp_path)([*texts[::-1], "new"])
    assert asked == [["a", "long"], ["ccc", "\ud800"], ["new"]]
    assert [len(windows) for windows in first] == [1, 2, 1, 1, 1]
    for one, other in zip(first, again[4::-1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_heads_hold_the_calibrated_regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4))
    data = [row(n, "ab"[n % 2], hate=int(x[n, 0] > 0)) for n in range(200)]
    head = fit(x, data, "hate", 1.0)
    told = headed(head, data, "hate", 3)
    assert told["experimental"]
    logit = x @ np.array(told["weights"]) + told["intercept"]
    expected = head.slope * (x @ head.weights) + head.intercept
    np.testing.assert_allclose(logit, expected, atol=1e-3)


@pytest.mark.parametrize("module", [minilm, minilm_report])
def test_data_that_is_not_there_is_told_without_a_traceback(module, tmp_path, capsys):
    out = ["--out", str(tmp_path)] if module is minilm else []
    assert module.main(["--data", str(tmp_path / "gone"), "--cache", str(tmp_path), *out]) == 2
    assert "parquet" in capsys.readouterr().err


def test_a_card_without_markers_is_refused_before_the_work(tmp_path, capsys):
    (tmp_path / "card.md").write_text("nothing")
    assert minilm_report.main(["--data", str(tmp_path), "--card", str(tmp_path / "card.md")]) == 2
    assert "lacks the markers" in capsys.readouterr().err
