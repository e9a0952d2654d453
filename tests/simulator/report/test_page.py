"""The page: complete, alone, well formed; and no text of a log becomes a part of it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from simulator.report.page import html
from simulator.report.text import summary
from simulator.result import ALL, Compared, Estimate, Metric, Result, Slice, Transitions
from tests.simulator.report.example import HOSTILE, example, hostile, metric

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Collects the elements and texts; fails where one is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def read(result: Result) -> Reader:
    reader = Reader()
    reader.feed(html(result))
    reader.close()
    assert not reader.open
    return reader


def least() -> Result:
    return Result(example().run, ("allow",))


@pytest.mark.parametrize("result", [example(), hostile(), least()], ids=["example", "hostile", "least"])
def test_every_page_is_well_formed_and_needs_nothing_else(result):
    reader = read(result)
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    for _, attributes in reader.tags:
        assert not {name for name in attributes if name.startswith("on") or name in {"src", "srcset", "xlink:href"}}
        assert (attributes.get("href") or "#").startswith("#")
    styles = html(result).split("<style>")[1].split("</style>")[0]
    assert "url(" not in styles
    assert "@import" not in styles


def test_hostile_texts_change_no_element():
    kept = [tag for tag, _ in read(example()).tags]
    spoiled = [tag for tag, _ in read(hostile()).tags]
    assert set(spoiled) == set(kept)
    assert html(hostile()).count("<script") == 0
    assert {char for char in html(hostile()) if not char.isprintable()} <= {"\n", "\N{NO-BREAK SPACE}"}


def test_hostile_texts_are_shown_as_they_are():
    assert 'alert("x")</script>\\u202e\\u0000&{{ 7*7 }}' in "".join(read(hostile()).words)
    assert HOSTILE not in summary(hostile())


def test_links_within_the_page_lead_somewhere():
    reader = read(example())
    ids = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    assert {attributes["href"].removeprefix("#") for tag, attributes in reader.tags if tag == "a"} <= ids


def test_ids_are_unique():
    found = [attributes["id"] for _, attributes in read(example()).tags if "id" in attributes]
    assert len(found) == len(set(found))


def test_the_same_result_gives_the_same_page():
    assert html(example()) == html(example())


def test_everything_that_reproduces_the_run_is_there():
    text, run = " ".join(read(example()).words), example().run
    for needed in (
        run.command,
        run.a.digest,
        run.b.digest,
        run.files[0].digest,
        str(run.seed),
        run.limen,
        "95 %",
        "wilson",
    ):
        assert needed in text


def test_what_is_not_identified_or_refused_is_said_in_the_tables():
    text = " ".join(read(example()).words)
    assert "not identified" in text
    assert "no figure" in text
    assert "nobody looked here: no label" in text
    assert "12,402 rows below 0.3 were never reviewed" in text
    assert "no figure: no row has a label of spam" in text.replace("  ", " ")


def test_red_assumptions_come_first():
    page = html(example())
    places = [page.index(words) for words in ("■ beware", "▲ mind", "● sound")]
    assert places == sorted(places)


def test_caveats_stand_before_the_figures():
    page = html(example())
    assert page.index("the word lists were not run") < page.index('id="decisions"')


def test_columns_without_information_are_told_where_they_would_mislead():
    page = html(example())
    assert (
        page.count("hold no information: what differs between their values comes from the rules or from chance.") == 1
    )
    assert (
        page.count(
            "region holds no information in this log: what differs between its values comes from the rules or from chance."
        )
        == 1
    )
    assert (
        page.count(
            "region holds no information in this log: a gap between its values comes from the rules or from chance."
        )
        == 1
    )
    assert page.count("at holds no information in this log: neither drift nor its absence means anything.") == 1
    assert "no information" not in html(replace(example(), no_signal=()))


def test_rows_left_open_are_no_stricter_decision():
    table = Transitions(
        example().transitions[0].slice, None, ("allow", "remove", "undetermined"), ((5, 1, 2), (1, 5, 0), (0, 0, 1))
    )
    page = html(replace(example(), transitions=(table,)))
    assert [page.count(f'<td class="{kind} ') for kind in ("stricter", "lenient", "open", "same")] == [1, 1, 2, 2]


def test_the_summary_tells_the_answer_the_doubts_and_the_data():
    text = summary(example())
    assert text.startswith("A community-standards against B with changes, 24,783 rows\n")
    assert all(len(line) <= 110 for line in text.splitlines())
    for needed in (
        "not identified (8 to 71)",
        "[beware]",
        "Mind: the word lists",
        "12 rows of hate: NaN instead of a score",
    ):
        assert needed in text


def test_what_no_row_gets_is_a_sentence_and_no_row():
    result = example()
    none = replace(result.counts[0], name="block", a=0, b=0)
    page = html(replace(result, counts=(*result.counts, none)))
    assert page.count("block</th>") == 0
    assert "No row is known to get block under A or B." in page  # some are left open


def test_slices_too_small_to_tell_are_counted_not_shown():
    result = example()
    tiny = replace(result.changed[1], slice=Slice("language", "hy"), rows=2)
    page = html(replace(result, changed=(*result.changed, tiny)))
    assert "language hy" not in page
    assert "1 slice has fewer than 30 rows" in page


def test_one_queue_of_one_tier_is_told_once():
    result = example()
    one = [
        replace(row, queue=queue, tier=tier)
        for row in result.load[:1]
        for queue in (None, "general")
        for tier in ("all", "P1")
    ]
    page = html(replace(result, load=tuple(one)))
    assert page.count("items a day</th>") + page.count("items a day<small>") == 1
    assert "All queues" not in page


def test_packs_of_one_name_are_told_apart():
    run = example().run
    b = replace(run.b, name=run.a.name)
    assert "A community-standards against B community-standards with 2 changes" in summary(
        replace(example(), run=replace(run, b=b))
    )
    other = replace(b, source="HEAD~1:policies", changes=())
    page = " ".join(read(replace(example(), run=replace(run, b=other))).words)
    assert "community-standards (HEAD~1:policies)" in page


def test_slices_of_a_dimension_without_information_come_last():
    page = html(example())
    assert page.index("<th>language en</th>") < page.index("<th>region DE<small")
    page = html(replace(example(), no_signal=()))
    assert page.index("<th>region DE</th>") < page.index("<th>language en</th>")


def test_slices_where_b_is_no_worse_are_not_among_the_worst():
    result = example()
    better = metric("hate", "precision", (20, 100), (80, 100), part=Slice("region", "ZZ"))
    alike = metric("hate", "recall", (20, 100), (20, 100), part=Slice("region", "YY"))
    worse = metric("hate", "false_positive_rate", (1, 100), (90, 100), part=Slice("region", "XX"))
    text = html(replace(result, quality=(*result.quality, better, alike, worse)))
    assert "region ZZ" not in text
    assert "region YY" not in text
    assert text.index("region XX") < text.index("hate: precision")


def test_estimates_of_one_metric_stand_in_one_row():
    result = example()
    ways = tuple(
        replace(metric("harassment", "false_positive_rate", a, (30, 100)), basis=basis)
        for basis, a in (("ipw", (10, 100)), ("snipw", (11, 100)), ("dr", (12, 100)))
    )
    reader = read(replace(result, quality=(*result.quality, *ways)))
    text = " ".join(" ".join(reader.words).split())
    assert "all rows, doubly robust; by the chance of a label (IPW): 10.0 % to 30.0 %".replace(
        ".0", ""
    ) in text.replace(".0", "").replace("\N{NO-BREAK SPACE}", " ")


def test_policies_whose_quality_stays_are_a_line_each():
    result = example()
    same = metric("terror", "precision", (20, 100), (20, 100)).figure.a
    both = Compared(same, same, Estimate(0.0, 0.0, 0.0, "exact", 100))
    stays = tuple(
        Metric(Slice(), "terror", name, "all", both) for name in ("precision", "recall", "false_positive_rate")
    )
    page = html(replace(result, quality=(*result.quality, *stays)))
    settled = page.split("Policies whose quality stays")[1].split("</table>")[0]
    assert settled.count("<tr>") == 2
    assert settled.count("20") >= 3
    assert "Policies whose quality stays" not in html(result)


def test_a_gap_that_both_sides_have_is_one_row_and_real_ones_are_all_shown():
    result = example()
    real, chance, _ = result.fairness
    many = [replace(chance, policy=f"p{i}", side=side) for i in range(20) for side in ("a", "b")]
    page = html(replace(result, no_signal=(), fairness=(*many, *(replace(real, policy=f"r{i}") for i in range(11)))))
    gaps = page.split("Gaps between groups")[1].split("</section>")[0]
    assert gaps.count("<strong>real</strong>") == 11
    assert "20 more, which may be chance" in gaps
    page = html(replace(result, fairness=tuple(many[:4])))
    assert page.count('<span class="a">A</span> and <span class="b">B</span>') == 2


def test_a_matrix_in_which_nothing_moves_is_a_sentence():
    result = example()
    still = tuple(replace(t, names=("allow",), counts=((5,),)) for t in result.transitions)
    page = html(replace(result, transitions=still))
    assert "No row gets another enforcement." in page
    assert 'class="heat"' not in page


def test_what_is_left_open_is_not_told_to_stay():
    result = example()
    names = ("allow", "reduce", "undetermined")
    still = tuple(Transitions(ALL, policy, names, ((5, 0, 0), (0, 1, 0), (0, 0, 4))) for policy in (None, "hate"))
    left = [c for c in result.counts if c.policy == "hate" and c.slice == ALL][:1]
    open_ = [replace(one, name="undetermined", a=4, b=4) for one in left]
    never = replace(result.counts[0], name="remove", a=0, b=0)
    text = " ".join(" ".join(read(replace(result, transitions=still, counts=(*open_, never))).words).split())
    for wrong in ("No row gets another enforcement", "Nothing changes in hate", "No row gets remove"):
        assert wrong not in text
    sure = tuple(replace(t, names=("allow", "reduce", "remove")) for t in still)
    text = " ".join(" ".join(read(replace(result, transitions=sure, counts=(never,))).words).split())
    assert "No row gets another enforcement" in text
    assert "No row gets remove" in text
