"""The pages on remote scorers: their manifests configure, and their Python runs."""

import asyncio
from pathlib import Path

import pytest
import yaml

from scorers.deadline import within
from scorers.registry import Registry
from scorers.remote.errors import RemoteError
from tests.docs.pages import DOCS, run_python, snippets

FOLDER = DOCS / "reference" / "scorers"
NAMES = ("remote", "openai-moderation", "perspective", "azure-content-safety", "kserve", "hma", "llm-judge")


@pytest.mark.parametrize("name", NAMES)
def test_the_manifests_of_a_page_configure(name, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "advertising.md").write_text("no advertising")
    blocks = snippets(FOLDER / f"{name}.md", "yaml")
    assert blocks
    for block in blocks:
        entries = yaml.safe_load(block.text)["scorers"]
        setup = Registry.installed().configure(entries, tmp_path)
        assert [problem for problem in setup.problems if problem.severity == "error"] == []
        assert {scorer.name for scorer in setup.scorers} == set(entries)
        assert name == "remote" or {scorer.plugin.name for scorer in setup.scorers} == {name}


def test_the_python_of_the_shared_page_runs(monkeypatch):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    names = run_python(FOLDER / "remote.md", str)
    with within(1), pytest.raises(RemoteError, match="`JUDGE_KEY` is not set"):
        asyncio.run(names["judged"]("a"))


def test_the_figures_of_the_shared_page_are_the_codes():
    from scorers.remote import lifetime, retries, transport
    from scorers.remote.client import budget
    from scorers.remote.settings import RemoteSettings

    page = Path(FOLDER / "remote.md").read_text(encoding="utf-8")
    settings = RemoteSettings(url="https://a.example")
    for name, written in {
        "concurrency": f"in each event loop; {settings.concurrency} unless stated",
        "attempts": f"attempts for one request; {settings.attempts} unless stated",
        "size": f"{settings.max_response_bytes:,} unless stated",
        "breaker": f"`failures` ({settings.breaker.failures}), `window_s` ({settings.breaker.window_s:g})",
        "cooldown": f"`cooldown_s` ({settings.breaker.cooldown_s:g})",
        "idle": f"after {lifetime.IDLE_SECONDS:g} idle seconds",
        "addresses": f"kept for {transport.ADDRESSES_SECONDS:g} seconds",
        "cap": f"at most {retries.CAP_SECONDS:g} s (full jitter)",
        "budget": f"between {1000 * (0.1 - budget(0.1)):.0f} and {1000 * (60 - budget(60.0)):.0f} ms",
    }.items():
        assert written in page, name
