"""ISO 3166-1, CLDR and `structure.yaml` -> `data/tree.yaml`, and the regimes -> the table in the docs.

    python -m regions.generate

A development tool: it needs pycountry (the codes of ISO 3166-1) and Babel (names and languages of CLDR), which the
running engine does not.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from regions.plain_yaml import parse
from regions.region import GLOBAL
from regions.table import with_table

_DATA = Path(__file__).parent / "data"
_PAGE = Path(__file__).parents[1] / "docs" / "reference" / "regions.md"
_OFFICIAL = ("official", "de_facto_official")
_HEADER = """\
# Written by `python -m regions.generate`, do not edit: the shape is in structure.yaml, codes are ISO 3166-1 alpha-2 (as
# listed by pycountry), English names and official languages are CLDR's (as packed by Babel; Unicode License v3).
"""


def sources() -> dict[str, str]:
    """What the tree is made from, with versions: the same ones give the same file."""
    from babel.core import get_global  # noqa: PLC0415 - a development dependency

    return {"babel": version("babel"), "cldr": str(get_global("cldr")["version"]), "pycountry": version("pycountry")}


def tree_yaml() -> str:
    """The text of `data/tree.yaml`, one line a region."""
    shape = parse((_DATA / "structure.yaml").read_text("utf-8"))
    codes = (*_iso_codes(), *shape["members"])
    parents = _parents(shape)
    regions = {code: _entry(code, parents.get(code, GLOBAL), shape["languages"]) for code in sorted(codes)}
    aliases = _aliases(codes) | shape["aliases"]
    sections = (("regions", regions), ("groups", shape["groups"]), ("aliases", dict(sorted(aliases.items()))))
    return f"{_HEADER}sources: {_flow(sources())}\n" + "".join(_section(*section) for section in sections)


def _parents(shape: dict[str, Any]) -> dict[str, str]:
    below = [*shape["members"].items(), *shape["territories"].items()]
    return {code: parent for parent, children in below for code in children}


def _iso_codes() -> tuple[str, ...]:
    import pycountry  # noqa: PLC0415 - a development dependency

    return tuple(country.alpha_2 for country in pycountry.countries)


def _entry(code: str, parent: str, stated: dict[str, list[str]]) -> dict[str, Any]:
    from babel import Locale  # noqa: PLC0415 - a development dependency

    name = Locale("en").territories[code]
    return {"parent": parent, "name": name, "languages": stated.get(code) or _languages(code)}


def _languages(code: str) -> list[str]:
    """The official languages by speakers; where there is none, the one most spoken; of an empty land, none."""
    from babel.core import get_global  # noqa: PLC0415 - a development dependency

    spoken = get_global("territory_languages")[code]
    ranked = sorted(spoken, key=lambda tag: (-spoken[tag]["population_percent"], tag))
    official = [tag for tag in ranked if spoken[tag]["official_status"] in _OFFICIAL]
    return [tag.replace("_", "-") for tag in official or ranked[:1] if tag != "und"]


def _aliases(codes: tuple[str, ...]) -> dict[str, str]:
    """Alpha-3 and superseded codes that CLDR maps to exactly one region: `DEU`, `UK`."""
    from babel.core import get_global  # noqa: PLC0415 - a development dependency

    found = get_global("territory_aliases").items()
    return {
        old: new[0] for old, new in found if old.isalpha() and len(new) == 1 and new[0] in codes and old not in codes
    }


def _section(title: str, entries: dict[str, Any]) -> str:
    return f"{title}:\n" + "".join(f"  {_scalar(key)}: {_flow(value)}\n" for key, value in entries.items())


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(text: str) -> str:
    """The text bare where YAML reads it back as itself, in any reader: `NO` is quoted for those of YAML 1.1."""
    plain = text.replace("-", "").isalpha() and text.lower() not in {
        "no",
        "on",
        "yes",
        "off",
        "y",
        "n",
        "true",
        "false",
        "null",
    }
    return text if plain else json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Writes the tree, and the table into the docs where the checkout has them."""
    (_DATA / "tree.yaml").write_text(tree_yaml(), "utf-8")
    if _PAGE.exists():
        _PAGE.write_text(with_table(_PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"wrote {_DATA / 'tree.yaml'} and the table of {_PAGE}\n")


if __name__ == "__main__":
    main()
