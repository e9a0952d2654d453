import logging
import os
import threading
import time

import pytest

from scorers.watched import Watched


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("old")
    return path


def watched(file, every=0.0):
    return Watched("list", [file], lambda: file.read_text().upper(), every)


def test_what_changed_is_made_anew(file):
    it = watched(file)
    assert it.value == "OLD"
    assert not it.refresh()
    file.write_text("new")
    assert it.value == "OLD"
    assert it.refresh()
    assert it.value == "NEW"
    assert not it.refresh()


def test_a_file_of_the_same_content_is_not_made_again(file):
    made = []
    it = Watched("list", [file], lambda: made.append(file.read_text()))
    file.touch()
    assert not it.refresh()
    assert made == ["old"]


def test_a_rename_over_the_file_with_the_old_times_is_seen(file):
    it = watched(file)
    other = file.with_name("other")
    other.write_text("new")
    there = file.stat()
    os.utime(other, ns=(there.st_atime_ns, there.st_mtime_ns))
    other.replace(file)
    assert it.refresh()
    assert it.value == "NEW"


def test_what_cannot_be_made_leaves_the_old_one_and_is_told_once(file, caplog):
    it = watched(file)
    file.unlink()
    with caplog.at_level(logging.WARNING, "limen"):
        assert not it.refresh()
        assert not it.refresh()
    (record,) = caplog.records
    assert record.getMessage().startswith("`list` stays as it was: ")
    assert it.value == "OLD"
    assert "No such file" in it.failure
    file.write_text("new")
    assert it.refresh()
    assert (it.value, it.failure) == ("NEW", "")


def test_a_failure_ends_when_the_old_content_is_back(file):
    it = watched(file)
    file.unlink()
    it.refresh()
    file.write_text("old")
    assert it.refresh()
    assert it.failure == ""


def test_a_file_without_a_byte_is_taken_for_half_written(file):
    it = watched(file)
    file.write_text("")
    assert not it.refresh()
    assert it.failure == "`list.txt` is empty now; to empty a list, leave a comment or a header in it"
    assert it.value == "OLD"


def test_a_file_that_changes_while_it_is_read_is_read_later(file):
    it = watched(file)
    it._make = lambda: (file.write_text(file.read_text() + "!"), "TORN")[1]
    file.write_text("new")
    assert not it.refresh()
    assert "changed while it was read" in it.failure
    assert it.value == "OLD"


def test_a_change_during_the_first_reading_is_seen_by_the_next(file):
    reads = []

    def make():
        reads.append(file.read_text())
        if len(reads) == 1:
            file.write_text("written meanwhile")
        return reads[-1]

    it = Watched("list", [file], make)
    assert it.value == "old"
    assert it.refresh()
    assert it.value == "written meanwhile"


def test_the_old_value_serves_while_the_new_one_is_made(file):
    it = watched(file)
    begun, go_on = threading.Event(), threading.Event()

    def slowly():
        begun.set()
        assert go_on.wait(10)
        return "NEW"

    it._make = slowly
    file.write_text("new")
    thread = threading.Thread(target=it.refresh)
    thread.start()
    assert begun.wait(10)
    assert it.value == "OLD"
    assert not it.refresh()  # one at a time
    go_on.set()
    thread.join(10)
    assert it.value == "NEW"


def test_it_looks_by_itself_when_it_is_time_to(file):
    it = watched(file, every=0.01)
    file.write_text("new")
    end = time.monotonic() + 10
    while it.value == "OLD" and time.monotonic() < end:
        it.look()
        time.sleep(0.005)
    assert it.value == "NEW"


@pytest.mark.parametrize("every", [0.0, 3600.0])
def test_it_does_not_look_before(file, every, monkeypatch):
    it = watched(file, every)
    monkeypatch.setattr(it, "refresh", lambda: pytest.fail("it looked"))
    it.look()


def test_what_is_made_on_purpose_may_raise(file):
    it = watched(file)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        it.remake()
    assert it.value == "OLD"
    file.write_text("new")
    it.remake()
    assert it.value == "NEW"
