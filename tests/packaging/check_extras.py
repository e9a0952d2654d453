"""Resolves the extras as pip does and fails where both ONNX runtimes would be installed, or either by an extra that may not.

`onnxruntime` and `onnxruntime-gpu` own the same module and overwrite each other without a word.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

RUNTIMES = {"onnxruntime", "onnxruntime-gpu"}
EXPECTED = {"scorers": set(), "all": {"onnxruntime"}, "all-gpu": {"onnxruntime-gpu"}}
FORBIDDEN = {"torch"}  # gigabytes that nothing here needs


def resolved(extra: str) -> set[str]:
    """The distributions that `pip install limen[extra]` would install, in an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        subprocess.run([*pip, "--dry-run", "--ignore-installed", "--report", str(report), f".[{extra}]"], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {item["metadata"]["name"].lower().replace("_", "-") for item in found}


def main() -> int:
    wrong = 0
    for extra, expected in EXPECTED.items():
        found = resolved(extra)
        runtimes, heavy = found & RUNTIMES, found & FORBIDDEN
        fine = runtimes == expected and not heavy
        wrong += not fine
        told = ", ".join(sorted(runtimes | heavy)) or "no runtime"
        print(
            f"limen[{extra}]: {len(found)} distributions, {told}: {'fine' if fine else f'expected {sorted(expected)}'}"
        )
    return min(wrong, 1)


if __name__ == "__main__":
    raise SystemExit(main())
