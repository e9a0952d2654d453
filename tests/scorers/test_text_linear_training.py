import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")
metrics = pytest.importorskip("sklearn.metrics")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from scorers.builtin.text_linear import LABELS, TextModel, shipped  # noqa: E402
from scorers.train import data, evaluate, text_linear  # noqa: E402
from scorers.train.statistics import areas, proportion, table  # noqa: E402

CARD = Path(str(shipped())) / "card.md"
REAL = os.environ.get("LIMEN_DATA")

RAW = {
    "davidson": {"tweet": "a &amp; b", "class_name": "neither"},
    "toxic_spans_civil": {
        "comment_text": "t", "n_raters": 3, "n_not_toxic": 2, "n_identity_based_attack": 0, "n_insult": 1, "n_threat": 2,
    },
    "germeval2018_de": {"text": "ja|LBR|nein", "fine": "ABUSE", "split": "train"},
    "hatemoji_build": {"text": "t", "type": "derogation", "label_gold": 1, "matched_text": "u"},
    "openai_moderation_a": {"prompt": "t", "S": 0, "S3": 0, "H": 0, "HR": 1, "V": None, "SH": 0},
    "sms_spam_a": {"label": "ham", "text": "t"},
}  # fmt: skip


def read(source, **changes):
    return data.SETS[source](RAW[source] | changes)


@pytest.mark.parametrize(
    ("source", "changes", "labels"),
    [
        ("davidson", {}, {"toxicity": 0, "hate": 0}),
        ("davidson", {"class_name": "offensive_language"}, {"toxicity": 1, "hate": 0}),
        ("davidson", {"class_name": "hate_speech"}, {"toxicity": 1, "hate": 1}),
        ("toxic_spans_civil", {}, {"toxicity": 0, "hate": 0, "harassment": None, "violence": 1}),
        ("toxic_spans_civil", {"n_not_toxic": 1, "n_insult": 0}, {"toxicity": 1, "hate": 0, "harassment": 0, "violence": 1}),
        ("toxic_spans_civil", {"n_raters": 4}, {"toxicity": None, "hate": 0, "harassment": None, "violence": None}),
        ("germeval2018_de", {}, {"toxicity": 1, "hate": 1, "harassment": None}),
        ("germeval2018_de", {"fine": "INSULT"}, {"toxicity": 1, "hate": 0, "harassment": 1}),
        ("germeval2018_de", {"fine": "OTHER"}, {"toxicity": 0, "hate": 0, "harassment": 0}),
        ("hatemoji_build", {}, {"hate": 1, "violence": 0}),
        ("hatemoji_build", {"type": "threateninglanguage"}, {"hate": 1, "violence": 1}),
        ("hatemoji_build", {"type": "none", "label_gold": 0}, {"hate": 0, "violence": None}),
        ("openai_moderation_a", {}, {"toxicity": 1, "hate": 0, "harassment": 1, "violence": None, "self_harm": 0}),
        ("openai_moderation_a", {"HR": 0}, {"toxicity": None, "hate": 0, "harassment": 0, "violence": None, "self_harm": 0}),
        ("sms_spam_a", {}, {"spam": 0}),
        ("sms_spam_a", {"label": "spam"}, {"spam": 1}),
    ],
)  # fmt: skip
def test_what_a_set_says(source, changes, labels):
    assert dict(read(source, **changes).labels) == labels


@pytest.mark.parametrize("changes", [{"S": 1}, {"S": None}, {"S3": 1}, {"prompt": None}])
def test_texts_not_marked_as_harmless_to_keep_are_left_out(changes):
    assert read("openai_moderation_a", **changes) is None


@pytest.mark.parametrize(
    ("source", "changes", "lacks"),
    [
        ("sms_spam_a", {}, {"toxicity", "hate", "harassment", "violence", "self_harm"}),
        ("sms_spam_a", {"label": "spam"}, set()),
        ("davidson", {}, set()),
        ("openai_moderation_a", {}, set()),
        ("toxic_spans_civil", {}, {"spam", "self_harm"}),
        ("toxic_spans_civil", {"comment_text": "after the suicide of his friend"}, {"spam"}),
        ("germeval2018_de", {"text": "ich will mich umbringen"}, {"spam"}),
    ],
)
def test_what_a_text_plausibly_lacks(source, changes, lacks):
    assert read(source, **changes).plausible == lacks


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RT @a: what a day it is!", "What a day it is https://t.co/x"),
        ("you won 1000 pounds now", "You won 250 pounds now!!"),
        ("I love my cat \U0001f600", "I love my cat \U0001f622"),
    ],
)
def test_near_duplicates_are_one_group(one, other):
    assert data.group_of(one) == data.group_of(other)


def test_short_texts_are_groups_of_their_own():
    assert data.group_of("ok 1") != data.group_of("ok \U0001f600")


def made_up(folder):
    """Write sets of nonsense words in which `zorb` is rude, `gleep` is hateful, and so on; HateCheck and probes too."""
    chance = random.Random(3)
    nonsense = ["".join(chance.choices("bdfgklmnprst", k=2)) + chance.choice("aeiou") + "n" for _ in range(120)]

    def text(word=""):
        return " ".join([*chance.choices(nonsense, k=8), *([word] * bool(word)), *chance.choices(nonsense, k=2)])

    def each(make):
        return [make(index) for index in range(60)]

    sets = {
        "davidson": each(lambda i: [
            {"tweet": text(), "class_name": "neither"},
            {"tweet": text("zorb"), "class_name": "offensive_language"},
            {"tweet": text("gleep"), "class_name": "hate_speech"},
        ][i % 3]),
        "toxic_spans_civil": each(lambda i: RAW["toxic_spans_civil"] | [
            {"comment_text": text("snark"), "n_not_toxic": 0, "n_insult": 3, "n_threat": 0},
            {"comment_text": text("smite"), "n_insult": 0, "n_threat": 3},
            {"comment_text": text(), "n_insult": 0, "n_threat": 0},
        ][i % 3]),
        "germeval2018_de": each(lambda i: {
            "text": text(["", "zorb", "snark", "gleep"][i % 4]), "fine": ["OTHER", "PROFANITY", "INSULT", "ABUSE"][i % 4],
            "split": "test" if i % 5 == 0 else "train",
        }),
        "hatemoji_build": each(lambda i: {
            "text": text(["", "gleep", "smite"][i % 3]), "type": ["none", "derogation", "threateninglanguage"][i % 3],
            "label_gold": int(i % 3 > 0), "matched_text": text(),
        }),
        "openai_moderation_a": each(lambda i: {
            "prompt": text(["", "mourn"][i % 2]), "S": 0, "S3": 0, "H": 0, "HR": 0, "V": 0, "SH": i % 2,
        }),
        "sms_spam_a": each(lambda i: {"text": text(["", "prize"][i % 2]), "label": ["ham", "spam"][i % 2]}),
        data.PROBE: [
            {"Text": f"i {verb} {term}", "Label": label}
            for term in ("gnome", "tall elf")
            for verb, label in (("am", "NOT_BAD"), ("zorb", "BAD"), ("see", "NOT_BAD"))
        ],
    }  # fmt: skip
    for name in data.CHALLENGE.values():
        sets[name] = each(lambda i: {
            "test_case": text(["", "gleep", "smite gleep"][i % 3]), "label_gold": ["non-hateful", "hateful", "hateful"][i % 3],
            "functionality": ["ident_neutral_nh", "slur_h", "threat_dir_h"][i % 3],
        })  # fmt: skip
    (folder / "text").mkdir()
    for name, rows in sets.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / "text" / f"{name}.parquet")
    return sets


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    sets = made_up(folder)
    out = tmp_path_factory.mktemp("model")
    assert text_linear.main(["--data", str(folder), "--out", str(out)]) == 0
    return folder, sets, out


def test_nothing_held_out_is_trained_on(world):
    folder, sets, _ = world
    found = data.rows(folder)
    held = {row.group for row in found if row.held_out}
    assert held
    assert held.isdisjoint(row.group for row in found if not row.held_out)
    assert len({data.canonical(row.text) for row in found}) == len(found)
    tests = {row["text"] for row in sets["germeval2018_de"] if row["split"] == "test"}
    assert {row.text for row in found if row.source == "germeval2018_de" and row.held_out} == tests


def test_challenge_texts_and_repetitions_are_left_out(world, tmp_path):
    folder, sets, _ = world
    (tmp_path / "text").mkdir()
    for path in (folder / "text").iterdir():
        (tmp_path / "text" / path.name).write_bytes(path.read_bytes())
    leaked = sets[data.CHALLENGE["pt"]][0]["test_case"]
    again = sets["davidson"][0]["tweet"]
    more = [*sets["sms_spam_a"], {"text": leaked.upper(), "label": "ham"}, {"text": again, "label": "ham"}]
    pq.write_table(pa.Table.from_pylist(more), tmp_path / "text" / "sms_spam_a.parquet")
    assert [row.text for row in data.rows(tmp_path)] == [row.text for row in data.rows(folder)]


def test_training_twice_gives_the_same_bytes(world, tmp_path):
    folder, _, out = world
    command = [sys.executable, "-m", "scorers.train.text_linear", "--data", str(folder), "--out", str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "12345"})
    for name in ("model.npz", "model.json"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.parametrize(
    ("label", "word"),
    list(zip(LABELS, ["zorb", "gleep", "snark", "smite", "mourn", "prize"], strict=True)),
)
def test_the_weights_learn_the_labels(world, label, word):
    model = TextModel(world[2])
    index = model.labels.index(label)
    assert model.score(f"dukan fonen {word} gapon")[index] > 3 * model.score("dukan fonen gapon")[index]


def test_scoring_computes_what_training_fitted(world):
    folder, _, out = world
    learnt = [row for row in data.rows(folder) if not row.held_out]
    counted = [text_linear.features(row.text) for row in learnt]
    names, squares = text_linear.vocabulary(counted)
    head = text_linear.fit(text_linear.matrix(counted, names, squares), learnt, "hate")
    logits = text_linear.matrix(counted, names, squares) @ head.weights * head.slope + head.intercept
    model = TextModel(out)
    found = [model.score(row.text)[model.labels.index("hate")] for row in learnt]
    assert np.allclose(found, 1 / (1 + np.exp(-logits)), atol=3e-4)
    outside = np.isfinite(head.folded)
    spread = np.std(np.log(head.folded[outside] / (1 - head.folded[outside])))
    assert spread == pytest.approx(np.std(logits[outside]), rel=0.3)


def test_yes_and_no_of_a_source_weigh_the_same(world):
    learnt = data.rows(world[0])
    weight, yes = text_linear.weights(learnt, "toxicity")
    for source in ("davidson", "toxic_spans_civil", "germeval2018_de"):
        own = np.array([row.source == source and "toxicity" in row.labels for row in learnt])
        assert weight[own & yes].sum() == pytest.approx(weight[own & ~yes].sum())
    labelled = np.array(["toxicity" in row.labels for row in learnt])
    assert weight[~labelled].sum() == pytest.approx(text_linear.PLAUSIBLE_SHARE * weight[labelled].sum())


def test_calibrated_scores_mean_their_share_at_the_reference_prevalence():
    rng = np.random.default_rng(5)
    yes = rng.random(40_000) < 0.5
    raw = rng.normal(np.where(yes, 1.0, -1.0), 1.0)
    slope, intercept = text_linear.platt(raw, yes, np.ones(len(yes)))
    # two unit normals two apart: log-odds 2x, shifted by the prior log-odds of one in ten
    assert slope == pytest.approx(2, abs=0.05)
    assert intercept == pytest.approx(np.log(1 / 9), abs=0.05)


def test_the_lowest_precise_score():
    scores, yes = np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, True, False, True])
    assert text_linear.precise_from(scores, yes, 0.6) == 0.2
    assert text_linear.precise_from(scores, yes) == 0.4
    assert text_linear.precise_from(scores, ~yes, 0.9) is None


def test_figures_of_a_folder_go_into_a_card(world, tmp_path):
    folder = world[0]
    card = tmp_path / "card.md"
    card.write_text(f"before\n{evaluate.BEGIN}\nstale\n{evaluate.END}\nafter\n")
    printed = []
    assert evaluate.main(["--data", str(folder), "--card", str(card)], printed.append) == 0
    written = card.read_text()
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "".join(printed).strip() in written
    assert "stale" not in written
    assert "| threat_dir_h |" in written
    assert "| tall elf |" in written


def test_a_card_without_markers_is_refused(world, tmp_path, capsys):
    card = tmp_path / "card.md"
    card.write_text("no markers")
    assert evaluate.main(["--data", str(world[0]), "--card", str(card)], lambda _: None) == 2
    assert "lacks the markers" in capsys.readouterr().err


@pytest.mark.parametrize("command", [evaluate.main, lambda options: text_linear.main([*options, "--out", "nowhere"])])
def test_a_folder_without_the_sets_is_told(tmp_path, capsys, command):
    assert command(["--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "parquet" in told
    assert "Traceback" not in told


@given(rows=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_areas_are_those_of_scikit_learn(rows):
    scores, yes = np.array([score / 5 for score, _ in rows]), np.array([truth for _, truth in rows])
    assume(yes.any() and not yes.all())
    roc, precision = areas(scores, yes, resamples=20)
    assert roc.value == pytest.approx(metrics.roc_auc_score(yes, scores))
    assert precision.value == pytest.approx(metrics.average_precision_score(yes, scores))
    assert roc.low <= roc.high
    assert 0 <= precision.low <= precision.high <= 1


def test_areas_need_both_sides():
    with pytest.raises(ValueError, match="at least one yes and one no"):
        areas(np.array([0.1, 0.2]), np.array([True, True]))


def test_wilson_interval():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263
    found = proportion(81, 263)
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.308, 0.2553, 0.3662)
    assert proportion(0, 0) is None


def test_table():
    assert table(["a", "b"], [[1, None]]) == ["| a | b |", "| --- | --- |", "| 1 | - |"]


@pytest.mark.skipif(not REAL, reason="LIMEN_DATA is not set")
def test_the_card_says_what_the_evaluation_says():
    model, card = TextModel(shipped()), CARD.read_text(encoding="utf-8")
    suite = evaluate.Suite.read(model, Path(REAL), "en")
    (line,) = table(evaluate.LANGUAGE_HEAD, [suite.line("en")])[2:]
    assert line in card
    for threshold in evaluate.sizes(json.loads((CARD.parent / "model.json").read_text(encoding="utf-8"))):
        assert threshold in card


@pytest.mark.skipif(not REAL, reason="LIMEN_DATA is not set")
def test_the_sets_are_those_that_the_weights_come_from():
    assert data.digests(Path(REAL)) == json.loads((CARD.parent / "model.json").read_text(encoding="utf-8"))["data"]
