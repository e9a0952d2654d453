"""S8: one pack, one digest, whatever the order of files, the line ends, the machine's hash seed or the way it was loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from engine.engine import Engine
from scorers.registry import Registry
from tests.engine.packs import MANIFEST

ROOT = Path(__file__).parents[2]
FILES = {
    "nudity.limen": """policy nudity {
  severity P1
  score risk = max(image.c, 0.8 * text.a)
  thresholds on risk { remove >= 0.95  reduce and review >= 0.80  review >= 0.50 }
  region DE, AT { thresholds on risk { remove >= 0.90 } }
  region IN from 2026-03-01 { thresholds on risk { remove >= 0.85 } }
  for fact.surface in [live, ad] { thresholds on text.b { label >= 0.4 } }
  exception news { when fact.news then at most label and review }
  experiment e { unit fact.unit share 10% variant B { thresholds on risk { remove >= 0.7 } } }
  effects remove { notice = "nudity-\u00e9" tell = false }
  on missing image.c { review }
}
""",
    "deep/er/spam.limen": "policy spam {\n  severity P3\n  rule links { when fact.count >= 2 then reduce and strike }\n}\n",
    "all.limen": "adjust offender { when fact.flag then lower thresholds by 0.05 }\nconsequence c { on remove then strike }\nlet far = fact.count >= 2\n",
    "A.limen": "policy zeta { severity P2 rule r { when far && !fact.flag then review } }\n",
}
DIGEST = "import sys; from pathlib import Path; from engine.engine import Engine; print(Engine.load(Path(sys.argv[1])).digest)"
SHUFFLED = """
import os, random, sys
from pathlib import Path
order = random.Random(int(sys.argv[2]))
real = {"scandir": os.scandir, "listdir": os.listdir}
class Scan:
    def __init__(self, path):
        with real["scandir"](path) as found: self.entries = list(found)
        order.shuffle(self.entries)
    def __iter__(self): return iter(self.entries)
    def __next__(self): return self.entries.pop()
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def close(self): pass
os.scandir = lambda path=".": Scan(path)
os.listdir = lambda path=".": order.sample(found := real["listdir"](path), len(found))
"""


def write(root: Path, files: dict[str, str], newline: str = "\n") -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("\n", newline).encode())
    return root


@pytest.fixture
def manifest() -> str:
    return yaml.safe_dump(MANIFEST, sort_keys=False)


@pytest.fixture
def pack(tmp_path: Path, manifest: str) -> Path:
    return write(tmp_path / "pack", {"limen.yaml": manifest, **FILES})


def digest(root: Path) -> str:
    return Engine.load(root, registry=Registry.of(())).digest


def fresh(pack: Path, code: str, *args: str, **environment: str) -> str:
    """What a new process prints."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.run(
        [sys.executable, "-c", code, str(pack), *args], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_it_is_a_sha256(pack: Path) -> None:
    found = digest(pack)
    assert found.startswith("sha256:")
    assert len(found) == 71


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_the_hash_seed_does_not_show(pack: Path, seed: str) -> None:
    assert fresh(pack, DIGEST, PYTHONHASHSEED=seed) == digest(pack)


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_order_in_which_the_disk_lists_files_does_not_show(pack: Path, seed: str) -> None:
    assert fresh(pack, SHUFFLED + DIGEST, seed, PYTHONHASHSEED=seed) == digest(pack)


def test_the_order_in_which_files_were_written_does_not_show(pack: Path, tmp_path: Path, manifest: str) -> None:
    other = write(tmp_path / "other", dict(reversed({"limen.yaml": manifest, **FILES}.items())))
    assert digest(other) == digest(pack)


def test_line_ends_do_not_show(pack: Path, tmp_path: Path, manifest: str) -> None:
    other = write(tmp_path / "other", {"limen.yaml": manifest, **FILES}, newline="\r\n")
    assert digest(other) == digest(pack)


def test_a_byte_order_mark_does_not_show(pack: Path) -> None:
    before = digest(pack)
    path = pack / "A.limen"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert digest(pack) == before


def test_files_that_are_no_rules_do_not_show(pack: Path) -> None:
    before = digest(pack)
    write(
        pack,
        {"README.md": "x", ".git/hooks.limen": "policy broken {", "notes.txt": "policy p {", "x.limen.bak": "policy"},
    )
    assert digest(pack) == before


def test_where_the_pack_lies_does_not_show(pack: Path) -> None:
    before = digest(pack)
    moved = pack.rename(pack.parent / "elsewhere \u00fc")
    assert digest(moved) == before


CHANGES = (
    pytest.param("nudity.limen", "0.95", "0.950001", id="a threshold"),
    pytest.param("nudity.limen", "severity P1", "severity P2", id="a severity"),
    pytest.param("nudity.limen", "share 10%", "share 10.0001%", id="a share"),
    pytest.param("nudity.limen", "tell = false", "tell = true", id="an effect"),
    pytest.param("nudity.limen", "2026-03-01", "2026-03-02", id="a date"),
    pytest.param("all.limen", "fact.count >= 2", "fact.count >= 3", id="a let"),
    pytest.param("limen.yaml", "queue: general", "queue: other", id="a queue"),
)


@pytest.mark.parametrize(("name", "old", "new"), CHANGES)
def test_every_change_of_meaning_shows(pack: Path, name: str, old: str, new: str) -> None:
    before = digest(pack)
    path = pack / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert digest(pack) != before


def test_a_reloaded_pack_has_the_digest_of_a_fresh_one(pack: Path) -> None:
    """What was compiled before is used again: a change in one file must reach all that depends on it."""
    engine = Engine.load(pack, registry=Registry.of(()))
    for name, old, new in (case.values for case in CHANGES):
        path = pack / str(name)
        path.write_text(path.read_text(encoding="utf-8").replace(str(old), str(new), 1), encoding="utf-8")
        assert engine.reload()
        assert engine.digest == digest(pack)
    assert not engine.reload()
