"""Every link in the README and under docs/ leads to a file and a heading that exist, and every page is reached by some link."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, README, ROOT, anchors, links, pages

MAP = DOCS / "index.md"
each = pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()])


def goal(page: Path, target: str) -> tuple[Path, str]:
    path, _, anchor = target.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


@each
def test_its_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, anchor = goal(page, target)
        assert path.is_file(), target
        assert path.is_relative_to(ROOT), f"{target} leaves the repository"
        assert not anchor or anchor in anchors(path), target


def test_every_page_is_reached() -> None:
    reached, new = set(), {README}
    while new:
        reached |= new
        new = {goal(page, target)[0] for page in new for target in links(page)} - reached
        new = {path for path in new if path.suffix == ".md" and path.is_file()}
    assert set(pages()) <= reached


def test_the_map_lists_each_page_once() -> None:
    """But for the pages of single findings, which their index lists."""
    listed = sorted(goal(MAP, target)[0] for target in links(MAP))
    assert listed == [page for page in pages() if page not in (README, MAP) and not page.stem.startswith("LIM")]


def test_there_are_links_to_follow() -> None:
    """A pattern that no longer matches would pass everything."""
    assert len(links(README)) > 10
    assert any("#" in target for page in pages() for target in links(page))
