import hashlib
import json
import math
import re
import shutil
import subprocess
import sys
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.builtin import text_features as features
from scorers.builtin.text_linear import LABELS, PLUGIN, TextLinear, TextLinearSettings, TextModel, shipped
from scorers.content import Content
from scorers.scorer import Missing
from scorers.values import to_micro

FOLDER = Path(str(shipped()))
CARD = (FOLDER / "card.md").read_text(encoding="utf-8")
MODEL = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))

# The same on every machine: a change here is a change of the model's version.
PINNED = {
    "": (19606, 26894, 20221, 24866, 4339, 2431),
    "you are a stupid idiot": (999875, 46765, 1000000, 140, 628, 487),
    "The library opens at nine and the bus stops in front of it. ": (2245, 901, 4204, 8568, 14626, 2590),
    "Du bist ein dummes Arschloch": (957385, 68544, 983849, 19667, 3883, 2050),
    "WINNER! Claim your free prize, call 09061701461 now": (12671, 3980, 18592, 19816, 2158, 1000000),
    "I will kill you \U0001f52a @bob https://a.b": (130429, 563850, 3998, 999949, 20184, 65902),
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0645\u0631\u062d\u0628\u0627": (19606, 26894, 20221, 24866, 4339, 2431),
    "bonjour " * 300 + "shut up": (64759, 80040, 57681, 58910, 2656, 8402),
}
BLAND = "The library opens at nine and the bus stops in front of it. "
RUDE = "you are a stupid idiot"

any_text = st.text(
    st.characters() | st.sampled_from("aeiou stn !?'\u2019@#\u200b\U0001f595\u0301\u0939\u093f"), max_size=60
)


@pytest.fixture(scope="module")
def model():
    return TextModel(shipped())


def scorer(**settings):
    made = PLUGIN.create(TextLinearSettings(**settings), Path())
    made.load()
    return made


@pytest.fixture(scope="module")
def loaded():
    return scorer()


def micro(model, text):
    return dict(zip(model.labels, map(to_micro, model.score(text)), strict=True))


@pytest.mark.parametrize("text", PINNED, ids=lambda text: ascii(text[:30]))
def test_scores_are_the_same_everywhere(model, text):
    assert tuple(micro(model, text).values()) == PINNED[text]


def test_the_card_speaks_of_the_file_that_ships():
    digest = hashlib.sha256((FOLDER / "model.npz").read_bytes()).hexdigest()
    assert MODEL["sha256"] == digest
    assert f"SHA-256 `{digest}`" in CARD


def test_card_and_reference_name_what_they_must():
    reference = (Path(__file__).parents[2] / "docs/reference/scorers/text-linear.md").read_text(encoding="utf-8")
    assert [setting for setting in TextLinearSettings.model_fields if f"`{setting}`" not in reference] == []
    assert [output for output in PLUGIN.outputs if f"`{output}`" not in reference or f"`{output}`" not in CARD] == []
    assert [name for name in MODEL["data"] if f"`{name}`" not in CARD] == []


def test_the_weights_stay_small():
    assert (FOLDER / "model.npz").stat().st_size < 3_000_000


def test_the_plugin_says_what_the_model_says():
    assert tuple(MODEL["labels"]) == tuple(LABELS)
    assert MODEL["version"] == PLUGIN.version
    for label, said in MODEL["labels"].items():
        assert ("experimental" in PLUGIN.outputs[f"text.{label}"].description) == said["experimental"]
    assert (Path(__file__).parents[2] / PLUGIN.card).samefile(FOLDER / "card.md")


def test_the_card_has_the_scores_of_a_text_without_known_features(model):
    line = " | ".join(f"{score:.6f}" for score in model.score("\u1c50\u1c51"))
    assert f"| {line} |" in CARD
    assert max(model.score("")) < 0.05


def test_it_needs_neither_numpy_nor_the_training_packages():
    code = """
import sys
for name in ("numpy", "scipy", "sklearn", "pyarrow"):
    sys.modules[name] = None
from pathlib import Path
from scorers.builtin.text_linear import PLUGIN
from scorers.content import Content
scorer = PLUGIN.create(PLUGIN.settings(), Path())
scorer.load()
print(scorer.score([Content(text="you are a stupid idiot")])[0]["text.toxicity"] > 0.9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("name", ["model.npz", "model.json"])
def test_weights_that_were_changed_are_refused(tmp_path, name):
    for file in ("model.npz", "model.json"):
        shutil.copy(FOLDER / file, tmp_path / file)
    changed = (
        (tmp_path / name).read_bytes().replace(b"PK\x05\x06", b"PK\x05\x07").replace(b'"sha256": "', b'"sha256": "0')
    )
    (tmp_path / name).write_bytes(changed)
    with pytest.raises(ValueError, match=r"is not the file that `model\.json` describes"):
        TextModel(tmp_path)


def test_it_does_not_score_before_it_is_loaded():
    with pytest.raises(RuntimeError, match="before `load`"):
        PLUGIN.create(TextLinearSettings(), Path()).score([Content(text="x")])


@given(texts=st.lists(any_text, min_size=1, max_size=4))
def test_a_batch_is_its_members(loaded, texts):
    contents = [Content(text=text) for text in texts]
    assert loaded.score(contents) == [loaded.score([content])[0] for content in contents]


def test_memory_changes_nothing(model):
    texts = [RUDE, BLAND, "\u0939\u093f\u0928\u094d\u0926\u0940 @a www.b.c 12345"]
    fresh = [TextModel(shipped()).score(text) for text in texts]
    assert [model.score(text) for text in texts] == fresh == [model.score(text) for text in texts]


@given(text=any_text)
def test_every_text_has_scores_in_range(model, text):
    assert all(0 <= score <= 1 for score in model.score(text))


@pytest.mark.parametrize(
    ("label", "bad", "good"),
    [
        ("toxicity", RUDE, BLAND),
        ("harassment", RUDE, BLAND),
        ("hate", "those immigrants are vermin", "those immigrants are nurses"),
        ("violence", "I will kill you", "I will call you"),
        ("self_harm", "I want to kill myself and cut my wrists", "I want to cut the grass"),
        ("spam", "WINNER! Claim your free prize, call 09061701461 now", "I won the prize, call me"),
        ("toxicity", "Du bist ein dummes Arschloch", "Du bist ein guter Freund"),
    ],
)
def test_the_worse_text_scores_higher(model, label, bad, good):
    assert micro(model, bad)[label] > 500_000 > micro(model, good)[label]


SAME = {
    "case": "You are a STUPID Idiot",
    "full width": "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in RUDE),
    "invisible": "you are a stu\u200bpid id\u00adiot",
    "white space": " you\tare\n a  stupid idiot ",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_looks_make_no_difference(model, text):
    assert model.score(text) == model.score(RUDE)


@given(text=st.text(st.sampled_from("aeou \u00e4\u00e9\u00fc\u00f1\u1e69"), max_size=30))
def test_composed_and_combining_accents_are_the_same(model, text):
    assert model.score(unicodedata.normalize("NFD", text)) == model.score(unicodedata.normalize("NFC", text))


def test_repeating_a_word_adds_nothing_but_its_pair(model):
    assert model.score("zq zq") == model.score("zq zq zq zq")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don\u2019t", ["don't"]),
        ("see https://a.b/c?d or WWW.x.y", ["see", "<url>", "or", "<url>"]),
        ("@bob \uff20bob a@b", ["<user>", "<user>", "a", "<user>"]),
        ("2026 08-9", ["0000", "00", "-", "0"]),
        ("\U0001f469\u200d\U0001f680!", ["\U0001f469", "\U0001f680", "!"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u0e20\u0e32\u0e29\u0e32", ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e20\u0e32\u0e29\u0e32"]),
        ("&amp; &#128514;&#x1F602; &lt;3&nbsp;AT&T;x;", ["&", "\U0001f602", "\U0001f602", "<", "0", "at", "&", "t", ";", "x", ";"]),
        ("stra\u00dfe STRASSE", ["strasse", "strasse"]),
        ("a" * 200, ["a" * features.WORD_CHARS]),
    ],
)  # fmt: skip
def test_words(text, expected):
    assert [word for word in map(features.normalised, features.words(text)) if word] == expected


def test_grams_of_a_word():
    assert features.grams("ab") == ["ab\t", " ab", "ab ", " ab "]
    assert features.grams("") == []


@given(token=st.text(min_size=1))
def test_a_normalised_word_has_no_white_space_and_is_short(token):
    for word in map(features.normalised, features.words(token)):
        assert not re.search(r"\s", word)
        assert len(word) <= features.WORD_CHARS


@given(size=st.integers(0, 2000))
def test_windows_leave_nothing_out_and_overlap_by_half(size):
    spans = [list(window) for window in features.windows(range(size))]
    assert sorted({item for span in spans for item in span}) == list(range(size))
    assert all(len(span) <= features.WINDOW for span in spans)
    assert all(second[0] <= first[-1] + 1 - features.WINDOW // 2 for first, second in pairwise(spans))


@pytest.mark.parametrize("before", [0, 25, 26, 60, 500])
def test_a_rude_line_in_a_long_text_is_found(model, before):
    text = BLAND * before + RUDE + ". " + BLAND * 60
    assert micro(model, text)["toxicity"] > 10 * micro(model, BLAND * 60)["toxicity"]


def test_what_lies_beyond_the_limit_is_not_read(model):
    text = (BLAND * 2000)[: features.MAX_CHARS]
    assert len(text) == features.MAX_CHARS
    assert model.score(text + RUDE) == model.score(text)
    assert model.score(text[:-100] + " " + RUDE) != model.score(text)


def test_the_logistic_curve_rises_and_is_logistic(model):
    steps = [step / 7 for step in range(-140, 141)]
    found = [model._probability(step) for step in steps]
    assert found == sorted(found)
    assert all(abs(p - 1 / (1 + math.exp(-x))) < 2e-5 for p, x in zip(found, steps, strict=True))


FOREIGN = "mujhe yeh kitaab bahut pasand aayi"


def test_a_text_of_unknown_words_is_missing_where_the_settings_say_so():
    strict = scorer(min_known_words=0.5)
    known, unknown, empty = strict.score([Content(text=text) for text in (BLAND, FOREIGN, "\U0001f642!")])
    assert isinstance(unknown, Missing)
    assert re.fullmatch(r"training met \d+% of the words, `min_known_words` asks for 50%", unknown.reason)
    assert known == scorer().score([Content(text=BLAND)])[0]
    assert "text.toxicity" in empty
    assert "text.toxicity" in scorer().score([Content(text=FOREIGN)])[0]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_the_share_of_known_words_is_a_share(share):
    with pytest.raises(ValueError, match="min_known_words"):
        TextLinearSettings(min_known_words=share)


def test_evidence_names_the_words(loaded):
    text = "Hello\u200b there. " + RUDE + ", I said"
    found = loaded.evidence(Content(text=text))
    spoken = {text[reason.start : reason.end] for reason in found if reason.output == "text.toxicity"}
    assert {"stupid", "idiot"} <= spoken
    assert {reason.output for reason in found} <= set(PLUGIN.outputs)
    assert all(re.fullmatch(r"\+\d+\.\d\d log-odds", reason.note) for reason in found)


def test_a_bland_text_has_no_evidence(loaded):
    assert loaded.evidence(Content(text=BLAND)) == ()


@given(text=any_text, label=st.sampled_from(list(LABELS)))
def test_evidence_lies_in_the_text_and_adds_up(model, text, label):
    reasons = model.reasons(text, label)
    assert all(0 <= start < end <= len(text) and weight > 0 for weight, start, end in reasons)
    assert reasons == sorted(reasons, key=lambda reason: -reason[0])


def test_outputs_are_declared_without_loading():
    assert isinstance(PLUGIN.create(TextLinearSettings(), Path()), TextLinear)
    assert list(PLUGIN.outputs) == [f"text.{label}" for label in LABELS]
