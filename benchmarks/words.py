"""Made-up posts: Zipf-distributed words, some of them English, so that tokenizers and models have something to do."""

import string

KNOWN = [
    *("the", "a", "to", "and", "of", "you", "is", "that", "it", "for", "are", "what", "not", "we", "all", "out", "up"),
    *("your", "they", "people", "have", "this", "be", "so", "stupid", "love", "free", "call", "win", "now", "day"),
]


def made_up(chance, number, shortest=8, longest=24):
    """Return `number` posts of `shortest` to `longest` words, most of them nearer to the shortest."""
    words = KNOWN + ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 7))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    sizes = (int(chance.triangular(shortest, longest + 1, shortest)) for _ in range(number))
    return [" ".join(chance.choices(words, weights, k=size)).capitalize() + "." for size in sizes]
