"""How many short posts a second the `keywords` scorer judges, and what its disguise pass costs, in one run.

    python benchmarks/keywords.py [--posts 10000] [--terms 1000] [--rounds 3]

Posts are made up: Zipf-distributed words of a seeded vocabulary, about 110 characters, a tenth with a listed term as
written, a tenth with one in disguise, a tenth with an emoji or an accent. The best of the rounds is reported; posts and
lists are the same in each, so that ratios between lines mean something, and absolute rates are this machine's.
"""

import argparse
import random
import string
import time
from pathlib import Path

from scorers.builtin.keywords import PLUGIN, KeywordScorer, KeywordSettings
from scorers.content import Content

LEET = str.maketrans("oeast", "03457")


def words(chance: random.Random, number: int) -> list[str]:
    return ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9))) for _ in range(number)]


def disguise(chance: random.Random, term: str) -> str:
    ways = [
        ".".join,
        " ".join,
        lambda word: word.translate(LEET),
        lambda word: word[0] + word[1] * 4 + word[2:],
        lambda word: word.replace("a", "\u0430").replace("e", "\u0435").replace("o", "\u043e"),
    ]
    return chance.choice(ways)(term)


def make_posts(chance: random.Random, vocabulary: list[str], terms: list[str], number: int) -> list[Content]:
    weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]
    posts = []
    for index in range(number):
        post = chance.choices(vocabulary, weights, k=chance.randint(8, 24))
        match index % 10:
            case 0:
                post.insert(len(post) // 2, chance.choice(terms))
            case 1:
                post.insert(len(post) // 2, disguise(chance, chance.choice(terms)))
            case 2:
                post.append(chance.choice(["\U0001f600", "caf\u00e9"]))
        posts.append(Content(text=" ".join(post).capitalize() + "."))
    return posts


def best(scorer: KeywordScorer, posts: list[Content], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        scorer.score(posts)
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--terms", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    chance = random.Random(7)
    terms = words(chance, asked.terms)
    posts = make_posts(chance, words(chance, 20_000), terms, asked.posts)
    characters = sum(len(post.text or "") for post in posts) / len(posts)
    print(
        f"{PLUGIN.identity}: {len(posts)} posts of {characters:.0f} characters, {len(terms)} terms, best of {asked.rounds}"
    )
    for label, disguised in (("as written", False), ("and in disguise", True)):
        settings = KeywordSettings.model_validate({"lists": {"terms": {"terms": terms, "disguised": disguised}}})
        scorer = KeywordScorer(settings, Path())
        seconds = best(scorer, posts, asked.rounds)
        hits = sum(bool(row["keywords.terms.match"]) for row in scorer.score(posts) if isinstance(row, dict))
        print(f"{label:16} {len(posts) / seconds:9,.0f} posts/s   {hits} posts match")


if __name__ == "__main__":
    main()
