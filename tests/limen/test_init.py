"""What `limen init` writes: a pack that passes everything, a workflow that runs it, and no name that is not a placeholder."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.limen.packs import Run


@pytest.fixture
def repository(run: Run, tmp_path: Path) -> Path:
    assert run("init", tmp_path / "mine")[0] == 0
    return tmp_path / "mine"


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_it_is_clean_in_every_way(run: Run, repository: Path) -> None:
    policies = repository / "policies"
    assert run("check", policies, "--strict") == (0, f"{policies}: 1 policy, no errors\n", "")
    assert run("check", policies, "--format", "json")[1].count('"code"') == 0
    assert run("fmt", "--check", policies) == (0, "", "")
    status, out, _ = run("test", policies, "--coverage")
    assert (status, out.splitlines()[0].split(", ")[1]) == (0, "0 failed")


def test_the_workflow_and_the_hooks_run_commands_that_there_are(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    workflow = yaml.safe_load((repository / ".github/workflows/policies.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["policies"]["steps"] if "run" in step]
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    commands = [step for step in steps if step.startswith("limen ")]
    commands += [
        f"{hook['entry']} policies/spam.limen" if hook.get("pass_filenames", True) else hook["entry"] for hook in hooks
    ]
    readme = (repository / "README.md").read_text(encoding="utf-8")
    commands += [line.partition("#")[0].strip() for line in re.findall(r"^    (limen .*)$", readme, re.MULTILINE)]
    (repository / "posts.jsonl").write_text('{"region": "DE", "text": "hello"}\n', encoding="utf-8")
    assert len(commands) >= 8
    for command in commands:
        assert run(*shlex.split(command)[1:])[0] == 0, command


def test_who_and_where_are_placeholders(repository: Path) -> None:
    found = texts(repository)
    assert "PLACEHOLDER" in found["CODEOWNERS"]
    assert "PLACEHOLDER" in found["README.md"]
    assert "PLACEHOLDER" in found["policies/spam.limen"]
    for path, text in found.items():
        assert not re.search(r"[\w.]+@[\w-]+\.\w+", text), f"{path} names an address"
        handles = re.findall(r"(?<![\w/])@([\w/-]+)", text)
        assert all(handle.startswith("PLACEHOLDER") for handle in handles), f"{path} names somebody: {handles}"
        assert not re.search(r"https?://", text), f"{path} names a host"
    owners = [line for line in found["CODEOWNERS"].splitlines() if line and not line.startswith("#")]
    assert owners == [], "a line without a name would ask a team that does not exist"


def test_a_folder_that_git_has_begun_will_do(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    status, out, _ = run("init", folder)
    assert status == 0
    assert f"limen test '{folder / 'policies'}'" in out


@pytest.mark.parametrize(
    ("name", "told"),
    [("file", "exists and is not empty"), ("file/x", "not a directory"), ("full", "exists and is not empty")],
)
def test_nothing_that_is_there_is_touched(run: Run, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".hidden").touch()
    before = sorted(tmp_path.rglob("*"))
    status, out, err = run("init", tmp_path / name)
    assert (status, out) == (2, "")
    assert told in err
    assert sorted(tmp_path.rglob("*")) == before
