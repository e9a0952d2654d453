"""The manifest's page: its example loads and uses every key, its tables tell every key and type."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from engine.load import load_pack
from policy_dsl.manifest import EnforcementSpec, InputSpec, Manifest, RouteSpec, SeveritySpec
from tests.docs.pages import DOCS, cells, snippets

PAGE = DOCS / "reference" / "manifest.md"
EXAMPLE = snippets(PAGE, "yaml")[0].text


def test_the_example_loads_and_has_every_key(tmp_path: Path) -> None:
    (tmp_path / "limen.yaml").write_text(EXAMPLE, encoding="utf-8")
    policy = 'policy p { title "t" owner "o" severity legal thresholds on image.nudity { remove >= 0.9 } }'
    (tmp_path / "p.limen").write_text(policy, encoding="utf-8")
    found = load_pack(tmp_path)
    assert [d.message for d in found.compiled.diagnostics if d.severity == "error"] == []
    assert set(yaml.safe_load(EXAMPLE)) == set(Manifest.model_fields)
    assert {"text.hate", "keywords.spam.count"} <= set(found.env.inputs)


def test_the_table_tells_every_key() -> None:
    assert cells(PAGE, "# The manifest") == set(Manifest.model_fields)


@pytest.mark.parametrize(
    ("heading", "specs"),
    [("## Enforcements, routes, sanctions", (EnforcementSpec, RouteSpec)), ("## Severities", (SeveritySpec,))],
)
def test_a_section_tells_its_keys(heading: str, specs: tuple[type[BaseModel], ...]) -> None:
    assert cells(PAGE, heading) == {field for spec in specs for field in spec.model_fields}


def test_an_input_is_told_in_full() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Inputs\n")[2]
    assert cells(PAGE, "## Inputs") - {"type"} == set(get_args(InputSpec.model_fields["type"].annotation))
    assert [key for key in InputSpec.model_fields if f"`{key}" not in section] == []
