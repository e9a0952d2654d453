"""The three sentences: from the numbers, and honest where there are none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.report.answer import answer
from simulator.result import ALL, Bounds, Changed, Compared, Estimate, Load, Metric, Refused
from tests.simulator.report.example import ROWS, example, wilson


def timed(result):
    """With times that tell something."""
    return replace(result, no_signal=("region",))


def said(result):
    return [sentence.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-") for sentence in answer(result)]


def test_the_three_sentences_of_the_example():
    changes, quality, cost = said(timed(example()))
    assert changes == (
        "B instead of A changes the decision on 412 of 24,783 rows (1.66 %, 95 % interval 1.51 to 1.83 %): 392 become "
        "stricter, 8 more lenient, 12 change only in who reviews them or what else follows, most often from `allow` to "
        "`reduce` (388)."
    )
    assert quality == (
        "For `hate`, precision goes from 58.0 % to 50.4 % (-7.6 pp, -9.8 to -5.5) and recall goes from 35.8 % to 44.8 % (+9.0 pp, "
        "+7.2 to +10.7), every row being labelled; 1 more labelled policy is in the table."
    )
    assert cost == (
        "Reviewers get 120 items a day instead of 105 (+15), of which B misses the deadline of `P1` for 12.4 % (A: 3.1 %); "
        "beware: “labels of `harassment` are not missing at random”."
    )


def test_no_change_is_told_with_what_it_could_still_be():
    none = wilson(0, ROWS)
    assert said(replace(example(), changed=(Changed(ALL, ROWS, none, none, none),)))[0] == (
        "B decides all 24,783 rows as A does; at most 0.015 % (95 % interval) of such rows would change."
    )


def test_changes_that_missing_scores_leave_open_are_no_point():
    open_ = Bounds(0.01, 0.2, "manski", ROWS, "4,700 rows lack `text.hate`")
    sentence = said(replace(example(), changed=(Changed(ALL, ROWS, open_, open_, open_),)))[0]
    assert (
        sentence
        == "How many of the 24,783 decisions change is not identified, it is 1 to 20 %: 4,700 rows lack `text.hate`."
    )


def test_an_empty_log_has_no_answer():
    refused = Refused("no row")
    empty = replace(
        timed(example()), changed=(Changed(ALL, 0, refused, refused, refused),), labels=(), load=(), assumptions=()
    )
    assert said(empty) == [
        "There is no answer: the log holds no row that could be decided again.",
        "Whether B is right more often than A is not identified: no row has a label.",
        "No row goes to review under A or B; no assumption is known to fail.",
    ]


def test_quality_without_identification_says_so_and_gives_no_point():
    between = Bounds(-0.3, 0.2, "manski", ROWS, "12,402 rows were never reviewed")
    unknown = Metric(ALL, "hate", "precision", "bounds", Compared(between, between, between))
    sentence = said(replace(example(), quality=(unknown,)))[1]
    assert "the change in precision is not identified (-30 to +20 pp: 12,402 rows were never reviewed)" in sentence
    assert "goes from" not in sentence


def test_a_refused_figure_is_told_with_its_reason():
    none = Refused("the effective sample size is 2.1, at least 30 are needed")
    refused = Metric(ALL, "hate", "precision", "ipw", Compared(none, none, none))
    assert (
        "there is no figure for the precision (the effective sample size is 2.1, at least 30 are needed)"
        in said(replace(example(), quality=(refused,)))[1]
    )


def test_a_figure_of_every_row_is_preferred_to_one_of_the_labelled_rows():
    one = Compared(wilson(10, 20), wilson(10, 20), Estimate(0.0, -0.1, 0.1, "paired", 20))
    other = Compared(wilson(16, 20), wilson(16, 20), Estimate(0.0, -0.1, 0.1, "paired", 20))
    both = (Metric(ALL, "hate", "precision", "labelled", one), Metric(ALL, "hate", "precision", "ipw", other))
    sentence = said(replace(example(), quality=both))[1]
    assert "80 % to 80 % (no clear change: 0 pp, -10 to +10), over all rows by the chance of a label" in sentence


def test_the_policy_that_changes_most_is_told_though_only_its_reviews_do():
    result = example()
    tables = tuple(t for t in result.transitions if t.policy is None)
    reviews = replace(result.counts[-2], policy="harassment", what="route", name="review", a=10, b=5_000)
    quality = tuple(m for m in result.quality if m.policy == "harassment")
    more = replace(result, transitions=tables, counts=(*result.counts, reviews), quality=quality)
    assert said(more)[1].startswith("For `harassment`, ")


def test_a_policy_whose_quality_differs_is_told_before_one_whose_reviews_do():
    result = example()
    same = wilson(10, 20)
    stays = Metric(ALL, "harassment", "precision", "all", Compared(same, same, Estimate(0.0, 0.0, 0.0, "exact", 20)))
    reviews = replace(result.counts[-2], policy="harassment", what="route", name="review", a=10, b=5_000)
    quality = (stays, *(m for m in result.quality if m.policy == "hate"))
    assert said(replace(result, counts=(*result.counts, reviews), quality=quality))[1].startswith("For `hate`, ")


def test_what_stays_is_told_as_that():
    same = wilson(10, 20)
    both = Compared(same, same, Estimate(0.0, 0.0, 0.0, "exact", 20))
    metrics = tuple(Metric(ALL, "hate", name, "all", both) for name in ("precision", "recall"))
    sentence = said(replace(example(), quality=metrics))[1]
    assert sentence.startswith("For `hate`, precision stays at 50 % and recall stays at 50 %, every row being labelled")


def test_changes_of_reviews_alone_are_told_as_that():
    none = wilson(0, ROWS)
    sentence = said(replace(example(), changed=(Changed(ALL, ROWS, wilson(9, ROWS), none, none),)))[0]
    assert "9 of 24,783 rows" in sentence
    assert "all of them only in who reviews them or what else follows" in sentence
    assert "0 become stricter" not in sentence


def test_rows_that_cannot_be_decided_are_told():
    result = example()
    some = said(replace(result, run=replace(result.run, replayed=ROWS - 12)))[0]
    assert some.endswith("(388); 12 of the rows cannot be decided.")
    none = said(replace(result, run=replace(result.run, replayed=0)))[0]
    assert none == "There is no answer: none of the log's 24,783 rows can be decided."
    _, quality, cost = said(timed(replace(result, run=replace(result.run, replayed=0))))
    assert quality == "Whether B is right more often than A is not identified: no row can be decided."
    assert cost.startswith("How many items a day reviewers get cannot be told (no row can be decided); ")
    nothing = replace(result, run=replace(result.run, rows=0, replayed=0), load=(), assumptions=(), no_signal=())
    assert said(nothing)[2] == "No row goes to review under A or B."


def test_a_review_load_that_is_refused_is_told_with_its_reason():
    none = Refused("the log covers less than a day")
    load = tuple(replace(row, figure=Compared(none, none, none)) for row in example().load)
    assert said(replace(timed(example()), load=load))[2].startswith(
        "How many items a day reviewers get cannot be told (the log covers less than a day); "
    )


def test_times_without_information_give_no_items_a_day():
    assert said(example())[2].startswith(
        "How many items a day reviewers get cannot be told (`at` holds no information), `review` gets 2,654 of its rows "
        "instead of 2,210 and `escalate` gets 61 of its rows; "
    )


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        (54.3, 54.3, "Reviewers get 54 items a day under A and under B"),
        (0.4, 0.4, "Reviewers get 0.4 items a day under A and under B"),
        (54.3, 54.6, "Reviewers get 54.6 items a day instead of 54.3 (+0.3)"),
        (1054.3, 1040.1, "Reviewers get 1,040 items a day instead of 1,054 (-14)"),
    ],
)
def test_a_change_of_the_load_is_not_rounded_away(a, b, sentence):
    counted = Compared(*(Estimate(x, x, x, "exact", 9) for x in (a, b, b - a)))
    load = (Load(None, "all", "items_per_day", "counted", counted),)
    assert said(replace(timed(example()), load=load))[2].startswith(f"{sentence}; ")


def test_why_nothing_is_identified_is_said_once():
    between = Bounds(-0.3, 0.2, "manski", ROWS, "12,402 rows were never reviewed")
    names = ("precision", "recall")
    unknown = tuple(Metric(ALL, "hate", name, "bounds", Compared(between, between, between)) for name in names)
    assert said(replace(example(), quality=unknown))[1].startswith(
        "For `hate`, the changes in precision (-30 to +20 pp) and recall (-30 to +20 pp) are not identified: 12,402 rows were never reviewed"
    )


def test_too_few_authors_leave_the_count_of_the_log():
    refused = Refused("`1.0` authors are behind this, in effect; `10` are needed", ROWS, 1.0)
    sentence = said(replace(example(), changed=(Changed(ALL, ROWS, refused, refused, refused),)))[0]
    assert sentence == (
        "B instead of A changes the enforcement of 408 of 24,783 rows; what that is of other rows cannot be told: `1.0` authors are "
        "behind this, in effect; `10` are needed."
    )
