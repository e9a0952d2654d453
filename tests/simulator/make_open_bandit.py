"""The log of the Open Bandit Dataset inside the wheel of `obp` -> `data/open_bandit.parquet`; run by hand, with network.

python -m pip download --no-deps obp==0.4.1 --dest FOLDER
python tests/simulator/make_open_bandit.py FOLDER/obp-0.4.1-py3-none-any.whl
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CAMPAIGNS = ("all", "men", "women")
TARGET = Path(__file__).parent / "data" / "open_bandit.parquet"


def columns(wheel: zipfile.ZipFile, campaign: str) -> pa.Table:
    """What Bernoulli Thompson sampling showed and with which chance, and how many items it chose from."""
    folder = f"obp/dataset/obd/bts/{campaign}"

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.TextIOWrapper(wheel.open(f"{folder}/{name}.csv"), "utf-8")))

    shown = rows(campaign)
    return pa.table(
        {
            "campaign": pa.array([campaign] * len(shown)).dictionary_encode(),
            "items": pa.array([len(rows("item_context"))] * len(shown), pa.int32()),
            "click": pa.array([row["click"] == "1" for row in shown]),
            "propensity": pa.array([float(row["propensity_score"]) for row in shown]),
        }
    )


def main(path: str) -> None:
    with zipfile.ZipFile(path) as wheel:
        table = pa.concat_tables([columns(wheel, campaign) for campaign in CAMPAIGNS], promote_options="default")
    TARGET.parent.mkdir(exist_ok=True)
    pq.write_table(table.unify_dictionaries(), TARGET, compression="zstd", compression_level=19)


if __name__ == "__main__":
    main(*sys.argv[1:])
