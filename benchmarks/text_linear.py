"""How many short posts a second the `text-linear` scorer judges, and how long one post takes, in one run.

    python benchmarks/text_linear.py [--posts 10000] [--rounds 3]

Posts are made up: Zipf-distributed words, a third of them known to the model, about 110 characters. With LIMEN_DATA set they are
tweets instead. `cold` has an empty memory of words, `warm` has met them; where scikit-learn is installed, a plain TF-IDF
pipeline over the same kinds of n-grams stands beside it, so that the ratio means something on any machine. Times are
processor time, so that a busy machine matters less.
"""

import argparse
import os
import random
import string
import time
from collections.abc import Callable
from pathlib import Path

from scorers.builtin.text_linear import PLUGIN, TextLinearSettings
from scorers.content import Content

KNOWN = [
    *("the", "a", "to", "and", "of", "you", "is", "that", "it", "for", "are", "what"),
    *("your", "they", "people", "have", "this", "be", "so", "stupid", "love", "free", "call", "win"),
]


def made_up(chance: random.Random, number: int) -> list[str]:
    words = KNOWN + ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return [" ".join(chance.choices(words, weights, k=chance.randint(8, 24))).capitalize() + "." for _ in range(number)]


def posts(number: int) -> list[str]:
    if folder := os.environ.get("LIMEN_DATA"):
        import pyarrow.parquet as pq  # noqa: PLC0415

        column = pq.read_table(Path(folder) / "text" / "davidson.parquet", columns=["tweet"])["tweet"]
        return [str(tweet) for tweet in column.to_pylist()[:number]]
    return made_up(random.Random(7), number)


def best(run: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)


def pipeline(texts: list[str]) -> Callable[[], object] | None:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
        from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
        from sklearn.pipeline import make_pipeline, make_union  # noqa: PLC0415
    except ImportError:
        return None
    union = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2), TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2)
    )
    model = make_pipeline(union, OneVsRestClassifier(LogisticRegression(max_iter=20, tol=1.0)))
    model.fit(texts, [index % 6 for index in range(len(texts))])
    return lambda: model.predict_proba(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts = posts(options.posts)
    contents = [Content(text=text) for text in texts]
    scorer = PLUGIN.create(TextLinearSettings(), Path())
    load = best(scorer.load, options.rounds)
    print(f"{len(texts)} posts of {sum(map(len, texts)) / len(texts):.0f} characters; load {load * 1000:.0f} ms")

    def cold() -> None:
        scorer.load()
        scorer.score(contents)

    times = {"cold": best(cold, options.rounds) - load, "warm": best(lambda: scorer.score(contents), options.rounds)}
    times["one by one"] = best(lambda: [scorer.score([content]) for content in contents], options.rounds)
    if plain := pipeline(texts[:2000]):
        times["scikit-learn"] = best(plain, options.rounds) * len(texts) / min(2000, len(texts))
    for name, seconds in times.items():
        rate, each = len(texts) / seconds, 1e6 * seconds / len(texts)
        print(f"{name:<12} {rate:>8.0f} posts per cpu second {each:>6.0f} us a post  x{times['warm'] / seconds:.2f}")
    long = [Content(text=" ".join(texts)[:1_000_000])]
    print(f"one text of {len(long[0].text or ''):,} characters: {1000 * best(lambda: scorer.score(long), 3):.0f} ms")


if __name__ == "__main__":
    main()
