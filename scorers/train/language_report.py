"""Sentences in known languages -> how often `text-language` tells the right one, as Markdown.

`python -m scorers.train.language_report --data DIR` prints it, from HateCheck in six languages; its Hindi is romanised.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from scorers.builtin.text_language import LanguageSettings, TextLanguage
from scorers.onnx.runtime import ModelUnavailableError
from scorers.train.data import CHALLENGE, parquet
from scorers.train.statistics import proportion, table

OTHERS, SURE = 4, 0.5


def line(language: str, found: Sequence[tuple[str, float]]) -> list[object]:
    """Return a language's line: cases, share told rightly, what else was told, and how often wrong and yet sure."""
    wrong = Counter(told for told, _ in found if told != language)
    others = ", ".join(f"{told} {count / len(found):.1%}" for told, count in wrong.most_common(OTHERS))
    sure = sum(told != language and confidence >= SURE for told, confidence in found)
    right = proportion(len(found) - wrong.total(), len(found))
    return [language, len(found), right, others or None, proportion(sure, len(found))]


def report(folder: Path) -> str:
    """Return the table. Raises OSError where a set cannot be read, ModelUnavailableError without the library."""
    scorer = TextLanguage(LanguageSettings())
    scorer.load()
    lines = [
        line(language, [scorer.detected(case["test_case"]) for case in parquet(folder, name)])
        for language, name in CHALLENGE.items()
    ]
    head = ["language", "cases", "told rightly", "told instead", f"wrong with a confidence of {SURE} or more"]
    return "\n".join(table(head, lines))


def main(arguments: Sequence[str] | None = None, write: Callable[[str], object] = sys.stdout.write) -> int:
    """Run the command; the exit status is 0, or 2 where the data or the library is missing."""
    parser = argparse.ArgumentParser(prog="python -m scorers.train.language_report", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sets (`text/*.parquet`)")
    options = parser.parse_args(arguments)
    try:
        write(report(options.data) + "\n")
    except (OSError, ModelUnavailableError) as error:
        sys.stderr.write(f"no figures: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
