"""Logs of which some rows were reviewed, by a chance that is known: estimates for all rows, bounds, and gaps between regions."""

from dataclasses import replace

import numpy as np

from benchmarks.covered.rows import APPROXIMATE, AT_LEAST, between, broken, told
from simulator.fairness import gaps
from simulator.labels import Sample, difference, estimated, outcome_model, solve
from simulator.quality import Judge, metrics

BANDS, REGIONS = 6, 4
BAND = np.arange(BANDS * REGIONS) % BANDS
REGION = np.arange(BANDS * REGIONS) // BANDS
ACTS_A, ACTS_B = BAND >= 4, BAND >= 3
A, B = (metrics(acts) for acts in (ACTS_A, ACTS_B))
WORDS = {"precision": "precision", "recall": "recall", "false_positive_rate": "false-positive rate", "f_beta": "F1"}
METHODS = {"ipw": "IPW", "snipw": "self-normalised", "dr": "doubly robust"}


class Log:
    """Bands of a score, the higher the more often a violation and the more often reviewed, with chances that differ in a band, too."""

    def __init__(self, rng, rows):
        self.shares = rng.dirichlet([30, 12, 6, 4, 4, 4])
        self.rates = np.array([0.01, 0.04, 0.15, 0.4, 0.7, 0.9]) * rng.uniform(0.7, 1.1, BANDS)
        self.band = rng.choice(BANDS, rows, p=self.shares)
        self.region = rng.choice(REGIONS, rows, p=[0.5, 0.3, 0.15, 0.05])
        self.label = 1 + (rng.random(rows) < self.rates[self.band])
        chance = np.array([0.1, 0.15, 0.3, 0.5, 0.6, 0.9])[self.band]
        self.propensity = chance * rng.uniform(0.5, 1, rows)
        self.reviewed = rng.random(rows) < self.propensity

    def sample(self, reviewed=None, region=None):
        reviewed = self.reviewed if reviewed is None else reviewed
        cell = self.band + BANDS * (self.region if region is None else region)
        label = np.where(reviewed, self.label, 0)

        def sums(values):
            return np.bincount(cell * 3 + label, values, minlength=3 * len(BAND)).reshape(-1, 3)

        rows = sums(np.ones(len(cell))).astype(np.int64)
        weight = np.where(reviewed, 1 / self.propensity, 0)
        return Sample(rows, rows * 1.0, rows * 1.0, rows[:, 1:], sums(weight)[:, 1:], sums(weight**2)[:, 1:])

    def truth(self, ratio):
        """Of the traffic that the log is drawn from."""
        rows = np.stack((1 - self.rates, self.rates), axis=1) * self.shares[:, None]
        return (rows * ratio.numerator[:BANDS]).sum() / (rows * ratio.denominator[:BANDS]).sum()


def of_chances(rng, logs):
    made = [Log(rng, int(rows)) for rows in between(rng, 8000, 40_000, logs)]
    samples = [log.sample() for log in made]
    models = [outcome_model(sample, BAND, REGION) for sample in samples]
    for name in A:
        true_a, true_b = (np.array([log.truth(side[name]) for log in made]) for side in (A, B))
        for method, words in METHODS.items():
            both = list(zip(samples, models, strict=True))
            figures = [estimated(sample, B[name], method, model) for sample, model in both]
            yield told(f"{WORDS[name]} from reviews: {words}", APPROXIMATE, figures, true_b)
            if method == "snipw":
                yield told(
                    "the same, held against the log's own unmasked labels", AT_LEAST, figures, unmasked(made, name)
                )
            figures = [difference(sample, A[name], B[name], method, model) for sample, model in both]
            yield told(f"{WORDS[name]} from reviews, B - A: {words}", APPROXIMATE, figures, true_b - true_a)


def unmasked(made, name):
    return [value(log.sample(np.ones(len(log.band), bool)).counted(), B[name]) for log in made]


def of_bounds(rng, logs):
    """A band at which nobody looks; then reviews whose chance nobody knows, and which look at violations more often."""
    made = [Log(rng, int(rows)) for rows in between(rng, 3000, 20_000, logs)]
    for name in ("precision", "recall"):
        true = unmasked(made, name)
        figures = [judge(log.sample(log.reviewed & (log.band != 3))).figure(B[name], "snipw") for log in made]
        yield told(f"{name}, nobody looks at a band: bounds with estimates", AT_LEAST, figures, true)
        figures = [judge(unknown(log, rng)).figure(B[name], "bounds") for log in made]
        yield told(f"{name}, chances unknown: bounds", AT_LEAST, figures, true)


def judge(sample):
    return Judge.of(sample, ACTS_A, ACTS_B)


def value(sample, ratio):
    return solve(sample, ratio, "snipw").value


def unknown(log, rng):
    sample = log.sample(rng.random(len(log.band)) < np.where(log.label == 2, 0.6, 0.2))
    return replace(sample, drawn=sample.drawn * 0, weight=sample.weight * 0, weight_squares=sample.weight_squares * 0)


def of_regions(rng, logs):
    """Regions dealt out anew: whatever is flagged is chance. By three metrics at once."""
    ratios = {name: ratio for name, ratio in B.items() if name != "f_beta"}
    flags = {"counted": [], "weighted": []}
    for rows in between(rng, 2000, 20_000, logs):
        log = Log(rng, int(rows))
        region = rng.permutation(log.region)
        for kind, reviewed in (("counted", np.ones(len(region), bool)), ("weighted", log.reviewed)):
            found = gaps(log.sample(reviewed, region), ACTS_B, REGION, "ABCD", ratios)
            flags[kind].append(any(each.flagged for each in found))
    for kind, fired in flags.items():
        yield broken(f"a worst gap is flagged over permuted regions, {kind}", fired, 0.05)


SCENARIOS = (of_chances, of_bounds, of_regions)
