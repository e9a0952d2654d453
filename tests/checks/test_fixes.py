"""A fix, once applied, leaves neither its finding nor another error behind."""

from __future__ import annotations

import pytest

from policy_dsl.diagnostics import Diagnostic
from tests.checks.packs import GOLDEN, Checked, check, check_folder

FOLDERS = sorted(
    [*(GOLDEN / "checks").glob("*/bad"), *(path for path in (GOLDEN / "mistakes").iterdir() if path.is_dir())]
)


def fixed(checked: Checked, found: Diagnostic) -> dict[str, str]:
    """The rule files with one fix applied."""
    assert found.fix is not None
    texts = {path: source.text for path, source in checked.pack.sources.items() if path.endswith(".limen")}
    span = found.fix.span
    texts[span.path] = texts[span.path][: span.start] + found.fix.text + texts[span.path][span.end :]
    return texts


def fixable() -> list[object]:
    found = [(folder, check_folder(folder)) for folder in FOLDERS if not (folder / "limen.yaml").exists()]
    return [
        pytest.param(
            checked, finding, id=f"{folder.parent.name if folder.name == 'bad' else folder.name}:{finding.code}"
        )
        for folder, checked in found
        for finding in checked.compiled.diagnostics
        if finding.fix
    ]


@pytest.mark.parametrize(("checked", "finding"), fixable())
def test_a_fix_mends(checked: Checked, finding: Diagnostic) -> None:
    after = check(fixed(checked, finding))
    assert len(after.of(finding.code)) < len(checked.of(finding.code))
    assert len(after.errors) < len(checked.errors)


def test_several_displaced_rungs_are_mended_together() -> None:
    text = """policy p {
  severity P2
  thresholds on text.hate { remove >= 0.95  reduce >= 0.8 }
  region DE {
    thresholds on text.hate { remove >= 0.9  reduce >= 0.7 }
  }
  region FR { thresholds on text.hate { remove >= 0.9 } }
  for content.surface in [live, ad] {
    thresholds on text.hate { remove >= 0.8  reduce >= 0.6 }
    for content.language in [hi] { thresholds on text.hate { remove >= 0.7 } }
  }
}
"""
    checked = check(text)
    assert set(checked.errors) == {"LIM152"}
    for _ in range(10):
        if not checked.errors:
            break
        checked = check(fixed(checked, checked.of("LIM152")[0]))
    assert checked.errors == []
    text = checked.pack.sources["p.limen"].text
    assert "\n    for content.surface in [ad, live] { thresholds on text.hate { remove >= 0.8 } }\n" in text
    assert "{ remove >= 0.9 } for content.surface in [ad, live] {" in text
