"""Where output goes: what must not be destroyed, what cannot be written, who has stopped reading, who watches."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.limen.packs import Run

LIMEN = [sys.executable, "-m", "limen"]
HOME = Path(__file__).parents[2]
RECORD = '{"id": 1, "region": "DE", "modalities": []}\n'


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_text(RECORD, encoding="utf-8")
    return path


def test_the_input_is_never_overwritten(run: Run, pack: Path, records: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(records)
    for output in (records, link):
        status, out, err = run("decide", "--pack", pack, "--input", records, "--output", output)
        assert (status, out) == (2, "")
        assert err == f"limen: `{output}` is the input, too: writing would destroy it, name another output\n"
    assert records.read_text(encoding="utf-8") == RECORD


def test_an_output_stays_as_it_is_where_the_input_cannot_be_read(run: Run, pack: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    assert run("decide", "--pack", pack, "--input", tmp_path / "none", "--output", kept)[0] == 2
    assert kept.read_text(encoding="utf-8") == "mine"


def test_a_bundle_never_overwrites_the_pack(run: Run, pack: Path) -> None:
    before = (pack / "insults.limen").read_text(encoding="utf-8")
    status, _, err = run("bundle", pack, "--output", pack / "insults.limen")
    assert status == 2
    assert "is a file of the pack" in err
    assert (pack / "insults.limen").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none/out", "no such file or directory"),
        (".", "is a directory"),
        pytest.param(
            "/dev/full",
            "no space left on device",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux"),
        ),
    ],
)
def test_an_output_that_cannot_be_written(
    run: Run, pack: Path, records: Path, tmp_path: Path, name: str, told: str
) -> None:
    for command in (["decide", "--pack", pack, "--input", records], ["bundle", pack]):
        status, _, err = run(*command, "--output", tmp_path / name)
        assert status == 2
        assert err == f"limen: cannot write `{tmp_path / name}`: {told}\n"


def limen(*args: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [*LIMEN, *map(str, args)]
    return subprocess.run(command, cwd=HOME, timeout=120, check=False, **{"capture_output": True, **options})  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
def test_a_full_disk_behind_standard_output(pack: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = limen("check", pack, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, b"limen: no space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="POSIX shells")
@pytest.mark.parametrize(("redirection", "status"), [(">&- 2>&- <&-", 0), ("2>&- /none", 2)])
def test_closed_streams_are_no_fault(pack: Path, redirection: str, status: int) -> None:
    line = f'"$@" {redirection}' if "/none" not in redirection else '"$@"/none 2>&-'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *LIMEN, "check", str(pack)], cwd=HOME, capture_output=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (status, b"")


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
def test_a_reader_that_stops_ends_it_in_silence(pack: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(RECORD * 3_000, encoding="utf-8")
    command = [*LIMEN, "decide", "--pack", str(pack), "--input", str(many)]
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_an_interrupt_is_one_line(pack: Path) -> None:
    command = [*LIMEN, "decide", "--pack", str(pack), "--input", "-"]
    pipe = subprocess.PIPE

    def interruptible() -> None:
        signal.signal(
            signal.SIGINT, signal.SIG_DFL
        )  # what runs in the background of a shell inherits that it is ignored

    with subprocess.Popen(command, cwd=HOME, stdin=pipe, stdout=pipe, stderr=pipe, preexec_fn=interruptible) as process:  # noqa: PLW1509  (no threads here)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(RECORD.encode() * 100)  # more than the output's buffer holds: the command is at work
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"limen: interrupted\n"
        assert process.wait() == 130


def watched(command: list[str], **streams: int) -> bytes:
    """What a command writes to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=HOME, stderr=theirs, stdin=subprocess.DEVNULL, **streams) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                more = os.read(ours, 65_536)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not more:
                break
            seen += more
        process.wait()
    os.close(ours)
    return seen


@pytest.mark.skipif(os.name != "posix", reason="POSIX terminals")
def test_progress_is_shown_on_a_terminal_and_nowhere_else(pack: Path, records: Path, tmp_path: Path) -> None:
    command = [*LIMEN, "decide", "--pack", str(pack), "--input", str(records), "--output", str(tmp_path / "out")]
    assert b"100%" in watched(command)
    assert limen(*command[3:]).stderr == b""
    assert b"%" not in watched([*command[:-2], "--input", os.devnull], stdout=subprocess.DEVNULL), "no file to measure"


def test_output_is_utf_8_whatever_the_locale(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"id": "ü", "region": "DE", "modalities": []}\n', encoding="utf-8")
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = limen("decide", "--pack", pack, "--input", tmp_path / "posts.jsonl", env=env)
    assert json.loads(done.stdout.decode("utf-8"))["id"] == "ü"


def test_memory_does_not_grow_with_the_input(pack: Path, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_text(RECORD * 100, encoding="utf-8")
    large.write_text(RECORD * 10_000, encoding="utf-8")
    code = "import sys, resource; from limen.cli import main\ntry: main()\nexcept SystemExit: pass\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    peaks = []
    for path in (small, large):
        command = [sys.executable, "-c", code, "decide", "--pack", str(pack), "--input", str(path), "--trace", "none"]
        done = subprocess.run(command, cwd=HOME, capture_output=True, check=True, timeout=120)
        assert len(done.stdout.splitlines()) == len(path.read_text(encoding="utf-8").splitlines())
        peaks.append(int(done.stderr))
    assert peaks[1] < peaks[0] * 1.2
