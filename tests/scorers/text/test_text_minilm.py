import hashlib
import json
import os
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from limen.testing import ORDINARY, ScorerContract
from scorers.builtin import text_minilm
from scorers.builtin.text_linear import LABELS
from scorers.builtin.text_minilm import DIMENSION, PLUGIN, Embedder, Heads, plain, shipped
from scorers.content import Content
from scorers.onnx.runtime import ModelUnavailableError
from scorers.registry import Registry
from scorers.values import to_micro

pytest.importorskip("onnxruntime", reason="the extra `cpu` or `gpu`")
HEADS = json.loads((shipped() / "heads.json").read_text(encoding="utf-8"))
TEXTS = (
    "you are a stupid idiot",
    "The library opens at nine and the bus stops in front of it.",
    "WINNER! Claim your free prize, call 09061701461 now",
    "Du bist ein dummes Arschloch",
    "ok",
    "The library opens at nine. " * 24,
    "@ann see https://example.org &amp; tell me",
)


def setup(**settings):
    return Registry.of([PLUGIN]).configure({"it": {"use": "text-minilm", "device": "cpu", **settings}}, Path())


@pytest.fixture(scope="module")
def loaded():
    (configured,) = setup(threads=1).scorers
    configured.scorer.load()
    return configured


@pytest.fixture(scope="module")
def small():
    (configured,) = setup(threads=1, max_windows=1).scorers
    configured.scorer.load()
    return configured


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings = MappingProxyType({"device": "cpu", "threads": 1, "max_windows": 1})
    contents = (*ORDINARY[:4], *(Content(id=text[:8], text=text) for text in TEXTS[:3]))

    def make(self):
        return self.kept  # loading takes a second

    @pytest.fixture(autouse=True)
    def _keep(self, small):
        self.kept = small


def micro(row):
    return {name: to_micro(score) for name, score in row.items()}


def test_one_text_alone_and_in_a_padded_batch_has_the_same_micro_scores(loaded):
    scorer = loaded.scorer
    batch = [
        Content(text=text) for text in (*TEXTS, *TEXTS[::-1], *[f"{text} {n}" for n in range(5) for text in TEXTS])
    ]
    for content, row in zip(batch, scorer.score(batch), strict=True):
        (alone,) = scorer.score([content])
        assert micro(row) == micro(alone)


def test_scores_tell_texts_apart(loaded):
    rude, bland, spam = (row for row in loaded.scorer.score([Content(text=text) for text in TEXTS[:3]]))
    assert rude["text_minilm.harassment"] > 5 * bland["text_minilm.harassment"]
    assert rude["text_minilm.toxicity"] > 2 * bland["text_minilm.toxicity"]
    assert spam["text_minilm.spam"] > 0.5 > bland["text_minilm.spam"]


def test_embeddings_are_those_of_the_encoder():
    """All-MiniLM-L6-v2 with mean pooling, as sentence-transformers computes it: 0.7553 in float32 for the first pair."""
    embedder = Embedder.open("cpu", 1)
    texts = ["A man is eating food.", "A man is eating a piece of bread.", "The girl is carrying a baby."]
    vectors = np.array([windows[0] for windows in embedder.embed(texts)])
    assert vectors.shape == (3, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-9)
    assert vectors[0] @ vectors[1] == pytest.approx(0.7553, abs=0.01)
    assert vectors[0] @ vectors[2] < 0.1


def test_a_long_text_scores_as_its_worst_window_does(loaded):
    rude = TEXTS[0] + ". " + TEXTS[5]
    worst, bland = (
        row["text_minilm.harassment"] for row in loaded.scorer.score([Content(text=rude), Content(text=TEXTS[5])])
    )
    assert worst > bland


def test_a_prefix_puts_it_in_the_place_of_text_linear():
    assert list(setup(prefix="text").scorers[0].outputs) == [f"text.{label}" for label in LABELS]


def test_mentions_links_and_entities_are_written_alike():
    assert plain("@ann: http://a.b/c?d=1 &amp; www.e.f") == "@user: http & http"


def test_the_heads_fit_the_encoder_and_are_small():
    heads = Heads.read(HEADS)
    assert heads.labels == tuple(LABELS)
    assert HEADS["encoder"] == text_minilm.SHA256
    assert (shipped() / "heads.json").stat().st_size < 100_000
    with pytest.raises(ValueError, match="install limen again"):
        Heads.read({"labels": {"hate": {"weights": [0.0, 1.0], "intercept": 0}}})


def test_extreme_logits_are_probabilities():
    heads = Heads(("a", "b"), np.array([[1e9] * DIMENSION, [-1e9] * DIMENSION]), (0.0, 0.0))
    assert heads.score([np.ones(DIMENSION)]) == (1.0, pytest.approx(0, abs=1e-300))


def test_another_encoder_is_refused(monkeypatch):
    monkeypatch.setattr(text_minilm, "SHA256", "0" * 64)
    with pytest.raises(ModelUnavailableError, match="has the SHA-256 8199be6f699a"):
        Embedder.open("cpu")


def test_the_tokenizer_is_the_one_of_the_card():
    digest = hashlib.sha256((shipped() / "tokenizer.json").read_bytes()).hexdigest()
    assert digest in (shipped() / "card.md").read_text(encoding="utf-8")


def test_every_label_stands_on_the_card():
    card = (shipped() / "card.md").read_text(encoding="utf-8")
    assert all(f"**{label}**" in card for label in LABELS)
    assert HEADS["encoder"] in card


@pytest.mark.skipif("LIMEN_DATA" not in os.environ, reason="the labelled sets")
def test_real_tweets_are_ranked_as_the_card_says(loaded):
    """Of 60 tweets called neither hateful nor offensive and 60 others, nearly all pairs are in order (the card: 0.94)."""
    path = Path(os.environ["LIMEN_DATA"]) / "text" / "davidson.parquet"
    rows = pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
    sides = [[row["tweet"] for row in rows if (row["class_name"] == "neither") is side][:60] for side in (True, False)]
    fine, rude = (
        [row["text_minilm.toxicity"] for row in loaded.scorer.score([Content(text=text) for text in side])]
        for side in sides
    )
    assert np.mean([low < high for low in fine for high in rude]) > 0.85
