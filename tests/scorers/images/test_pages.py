"""The pages on the picture scorers: their manifests are taken, and taking them needs none of the extras' libraries."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import scorers
from scorers.registry import Registry
from tests.docs.pages import DOCS, snippets
from tests.scorers.images.tiny import CONFIG, classifier

PAGES = [DOCS / "reference" / "scorers" / f"{name}.md" for name in ("image-onnx", "image-text", "nudity")]
LABELS = {"id2label": {"0": "graphic violence", "1": "weapon", "2": "neither"}}


@pytest.fixture
def folder(tmp_path):
    classifier(tmp_path / "models" / "violence", config=CONFIG | LABELS)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_manifest_of_the_page_is_taken(page, folder):
    (block,) = snippets(page, "yaml")
    setup = Registry.installed().configure(yaml.safe_load(block.text)["scorers"], folder)
    assert setup.problems == ()
    assert page.stem in {scorer.plugin.name for scorer in setup.scorers}


CHECK = """
import json, sys
for name in ("numpy", "PIL", "onnxruntime", "rapidocr", "cv2"):
    sys.modules[name] = None
from pathlib import Path
from scorers.registry import Registry
registry = Registry.installed()
setup = registry.configure(json.loads(sys.argv[1]), Path(sys.argv[2]))
print([problem.message for problem in setup.problems], sorted(setup.outputs))
"""


def test_a_pack_is_checked_without_any_extra(folder):
    entries = {
        "nudity": "nudity",
        "text": {"use": "image-text", "judges": ["text-linear"], "together": "post_text"},
        "violence": {"use": "image-onnx", "model": "models/violence", "labels": {"weapon": "weapon"}},
    }
    command = [sys.executable, "-c", CHECK, json.dumps(entries), str(folder)]
    root = Path(scorers.__file__).parents[1]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[] ['image.nudity', 'image.weapon', 'image_text.found'")
    assert "'post_text.hate'" in done.stdout
