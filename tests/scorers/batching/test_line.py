"""The order in which contents are taken, and with whom they share a batch."""

from hypothesis import given
from hypothesis import strategies as st

from scorers.batching.item import Item
from scorers.batching.line import Line
from scorers.content import Content
from scorers.onnx.lengths import bucket
from scorers.scorer import Prepared


def item(order, *, severity=3, expires=10.0, size=1, alone=False):
    made = Item(Content(), None, 0, order, 0.0, expires, severity, alone=alone)
    made.prepared = Prepared(None, size)
    return made


def line_of(items):
    line = Line()
    for one in items:
        line.push(one)
    return line


def orders(items):
    return [one.order for one in items]


def test_the_most_severe_goes_first_then_the_soonest_then_the_oldest():
    line = line_of([item(0), item(1, expires=5.0), item(2, severity=1), item(3, severity=1, expires=2.0), item(4)])
    assert orders(line.take(10)) == [3, 2, 1, 0, 4]


def test_a_batch_holds_contents_of_about_one_size():
    line = line_of([item(0, size=20), item(1, size=240), item(2, size=18), item(3, size=250), item(4, size=24)])
    assert orders(line.take(10)) == [0, 2, 4]
    assert orders(line.take(10)) == [1, 3]


def test_the_bucket_of_the_most_urgent_goes_first_though_another_is_full():
    line = line_of([*(item(number, size=20) for number in range(5)), item(9, size=200, severity=0)])
    assert line.full(2)
    assert not line.full(6)
    assert orders(line.take(4, lambda item: True)) == [9]


def test_a_patient_one_lets_a_full_batch_of_its_severity_pass():
    line = line_of([item(0, size=200), *(item(number, size=20) for number in range(1, 5)), item(5, size=90)])
    assert orders(line.take(4, lambda item: True)) == [1, 2, 3, 4]
    assert orders(line.take(4, lambda item: True)) == [0]
    line = line_of([item(0, size=200), *(item(number, size=20) for number in range(1, 5))])
    assert orders(line.take(4, lambda item: False)) == [0]


def test_what_must_be_asked_about_alone_is_a_batch_of_its_own():
    line = line_of([item(0, alone=True), item(1, alone=True), item(2)])
    assert [orders(line.take(9)) for _ in range(3)] == [[0], [1], [2]]


def test_what_was_dropped_does_not_come():
    items = [item(number) for number in range(300)]
    line = line_of(items)
    line.drop(items[::3])
    line.drop(items[::3])
    assert (len(line), len(list(line))) == (200, 200)
    assert orders(line.take(300)) == [number for number in range(300) if number % 3]
    assert (len(line), line.take(3)) == (0, [])


def test_an_item_that_was_taken_is_not_dropped_too():
    items = [item(0), item(1)]
    line = line_of(items)
    line.take(1)
    line.drop(items)
    assert len(line) == 0


def test_an_item_that_waits_in_two_lines_leaves_each_by_itself():
    both = item(0)
    first, second = line_of([both]), line_of([both])
    assert (first.take(1), len(first), len(second)) == ([both], 0, 1)
    first.push(both)
    second.drop([both])
    assert (len(first), second.take(1)) == (1, [])
    assert (first.take(1), len(first)) == ([both], 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 600), st.booleans()), max_size=40), st.integers(1, 8))
def test_each_comes_once_and_none_overtakes_within_a_bucket(seen, size):
    items = [item(n, severity=severity, size=length, alone=alone) for n, (severity, length, alone) in enumerate(seen)]
    line, batches = line_of(items), []
    while batch := line.take(size):
        assert len(batch) <= size
        rest = list(line)
        assert all(batch[0].urgency <= one.urgency for one in rest)
        batches.append(batch)
    assert sorted(orders(one for batch in batches for one in batch)) == list(range(len(items)))
    for batch in batches:
        assert len({bucket(one.prepared.size) for one in batch}) == 1
