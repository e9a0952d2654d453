"""The client against real servers that answer well, badly, slowly or not at all."""

import asyncio
import contextlib
import gc
import json
import logging
import time

import pytest

from scorers.deadline import within
from scorers.remote.breaker import Breaker
from scorers.remote.client import Client, Key, budget
from scorers.remote.errors import RemoteError
from scorers.remote.settings import BreakerSettings, RemoteSettings
from tests.scorers.remote.service import drips, floods, hangs, html, resets, says, serving, slowly

GOOD = says({"ok": True})
BOUND = 10.0  # a service that never ends must be cut off long before it; nothing here is timed


def client(service, **settings):
    return Client(RemoteSettings(url=service.url, allow_private=True, **settings))


def ask(asked, seconds=5.0, **request):
    with within(seconds):
        return asyncio.run(asked.request("POST", "judge", json={"text": "a"}, **request))


def failure(asked, seconds=5.0, **request):
    with pytest.raises(RemoteError) as caught:
        ask(asked, seconds, **request)
    return str(caught.value)


def in_turn(*answers):
    """Answer with these, one after the other, and with the last for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_what_is_asked_and_what_is_answered():
    with serving(lambda _: GOOD) as service:
        assert ask(client(service), params={"v": "1"}) == {"ok": True}
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.query, asked.json) == ("POST", "/judge", {"v": "1"}, {"text": "a"})
    assert asked.headers["host"] == service.url.removeprefix("http://")
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["authorization"] is None


def test_the_key_is_shown_as_the_service_wants_it(monkeypatch):
    monkeypatch.setenv("SERVICE_KEY", " sesame \n")
    with serving(lambda _: GOOD) as service:
        settings = RemoteSettings(url=service.url, allow_private=True, key_env="SERVICE_KEY")
        ask(Client(settings))
        ask(Client(settings, key=Key("x-api-key", "")))
    assert service.asked[0].headers["authorization"] == "Bearer sesame"
    assert (service.asked[1].headers["x-api-key"], service.asked[1].headers["authorization"]) == ("sesame", None)


@pytest.mark.parametrize("value", [None, "", " ", "a\nb", "schlüssel"])
def test_a_key_that_is_none_is_told_by_its_variable(monkeypatch, value):
    monkeypatch.delenv("SERVICE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("SERVICE_KEY", value)
    unasked = Client(RemoteSettings(url="https://service.invalid", key_env="SERVICE_KEY"))
    with pytest.raises(RemoteError, match=r"the environment variable `SERVICE_KEY` (is not set|holds characters)"):
        unasked.load()
    assert "SERVICE_KEY" in failure(unasked)


def test_what_is_no_unicode_becomes_a_question_mark():
    with serving(lambda _: GOOD) as service:
        asyncio.run(client(service).request("POST", json={"text": "a\ud800b\u0000c"}))
    assert service.asked[0].json == {"text": "a?b\u0000c"}


def test_a_form_with_a_file():
    with serving(in_turn(says({}, 503), GOOD)) as service:
        files = {"file": ("a.wav", b"\x00\x01sound", "audio/wav")}
        answer = asyncio.run(client(service).request("POST", data={"model": "m"}, files=files))
    assert answer == {"ok": True}
    for asked in service.asked:  # the second attempt is as complete as the first
        assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert b"\x00\x01sound" in asked.body
        assert b'name="model"' in asked.body


@pytest.mark.parametrize(
    ("answer", "reason", "attempts"),
    [
        (html(), "the service answered with text/html, expected JSON: is `url` right?", 1),
        (html(502), "the service answered 502 after 3 attempts", 3),
        (says(b"{", kind="application/json"), "the service's answer is no JSON, though it says so", 1),
        (says(b"[" * 100_000), "the service's answer is no JSON, though it says so", 1),
        (says(b"9" * 10_000), "the service's answer is no JSON, though it says so", 1),
        (says(b"", 204, ""), "the service answered with no known kind of content, expected JSON: is `url` right?", 1),
        (says({"error": {"code": "invalid_api_key"}}, 401), "(invalid_api_key): does it want a key (`key_env`)?", 1),
        (says({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, 400), "answered 400 (INVALID_ARGUMENT)", 1),
        (says({"error": "free text"}, 404), "the service answered 404", 1),
        (says({}, 500), "the service answered 500 after 3 attempts", 3),
        (says({}, 503), "the service answered 503 after 3 attempts", 3),
        (says({}, content_encoding="gzip"), "a compressed body, which was not asked for", 1),
        (resets, "the connection broke off before the answer was complete after 3 attempts", 3),
        (floods, "the answer is larger than 1000000 bytes (`max_response_bytes`)", 1),
    ],
)
def test_a_bad_answer_is_told_in_one_line(answer, reason, attempts):
    with serving(lambda _: answer) as service:
        told = failure(client(service))
        assert reason in told
        assert "\n" not in told
    assert len(service.asked) == attempts


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "http://[::ffff:127.0.0.1]:1/", "/elsewhere"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status, target):
    with serving(lambda _: says({}, status, location=target)) as service:
        told = failure(client(service))
    assert told == f"the service answered {status}, a redirect, and none is followed: give `url` as it is"
    assert len(service.asked) == 1


def test_a_service_that_recovers_is_asked_again():
    with serving(in_turn(says({}, 500), resets, GOOD)) as service:
        assert ask(client(service)) == {"ok": True}
    assert len(service.asked) == 3


@pytest.mark.parametrize(("answer", "attempts"), [(says({}, 500), 1), (resets, 1), (says({}, 503), 3)])
def test_what_was_perhaps_worked_on_is_not_repeated_where_that_does_harm(answer, attempts):
    with serving(lambda _: answer) as service:
        failure(client(service), idempotent=False)
    assert len(service.asked) == attempts


def test_nobody_listens():
    with serving(lambda _: GOOD) as service:
        pass
    assert failure(client(service)) == "cannot connect to the service after 3 attempts"


def test_what_the_service_asks_to_wait_is_waited():
    with serving(in_turn(says({}, 429, retry_after_ms="300"), GOOD)) as service:
        before = time.monotonic()
        assert ask(client(service)) == {"ok": True}
        assert time.monotonic() - before >= 0.3


def test_a_wait_beyond_the_deadline_is_not_begun():
    with serving(lambda _: says({}, 429, retry_after="3600")) as service:
        told = failure(client(service), seconds=20)
    assert told.startswith("the service answered 429, and asks to wait 3600 s; 1")
    assert len(service.asked) == 1


@pytest.mark.parametrize("slow", [drips, hangs])
def test_the_deadline_ends_it_however_the_service_is_slow(slow):
    with serving(lambda _: GOOD) as service:
        service.answer = lambda _: slow(service)
        before = time.monotonic()
        told = failure(client(service), seconds=0.4)
        assert time.monotonic() - before < BOUND
    assert told == "no complete answer within the time there was"


def test_attempts_together_keep_the_deadline(monkeypatch):
    monkeypatch.setattr("scorers.remote.retries.BASE_SECONDS", 1000.0)
    with serving(lambda _: says({}, 503)) as service:
        before = time.monotonic()
        failure(client(service, attempts=10), seconds=0.4)
        assert time.monotonic() - before < BOUND


def test_with_no_time_left_nothing_is_asked():
    with serving(lambda _: GOOD) as service:
        asked = client(service)
        assert "no time was left" in failure(asked, seconds=0)
        assert asked.breaker.state == "closed"
    assert service.asked == []


def test_the_answer_comes_before_the_callers_time_is_over():
    for left in (0.001, 0.05, 1.0, 10.0, 600.0):
        assert 0 <= budget(left) < left
    assert budget(600.0) == 599.75
    assert budget(0.0) == 0.0


def together(asked, count):
    async def many():
        return await asyncio.gather(
            *(asked.request("POST", json={"n": n}) for n in range(count)), return_exceptions=True
        )

    return asyncio.run(many())


def test_only_so_many_requests_are_under_way():
    with serving(lambda _: slowly(0.02, GOOD)) as service:
        assert together(client(service, concurrency=2), 8) == [{"ok": True}] * 8
    assert service.most_under_way <= 2


def test_who_finds_no_place_in_time_is_told():
    with serving(lambda _: GOOD) as service:
        service.answer = lambda _: hangs(service)
        with within(0.3):
            reasons = sorted(map(str, together(client(service, concurrency=1), 2)))
    assert reasons == [
        "no complete answer within the time there was",
        "the limit of concurrent requests, 1 (`concurrency`), was reached, and none of them ended in time",
    ]
    assert len(service.asked) == 1


def test_a_caller_who_goes_leaves_his_place():
    async def gone_and_again(asked, service):
        task = asyncio.create_task(asked.request("POST"))
        await asyncio.to_thread(service.has_been_asked.wait, BOUND)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        service.answer = lambda _: GOOD
        return await asked.request("POST")

    with serving(lambda _: GOOD) as service:
        service.answer = lambda _: hangs(service)
        assert asyncio.run(gone_and_again(client(service, concurrency=1), service)) == {"ok": True}


def no_connection_left(service):
    until = time.monotonic() + BOUND
    while service.open_connections and time.monotonic() < until:
        time.sleep(0.005)
    return service.open_connections == 0


def test_a_loop_keeps_its_connection_and_closes_it_at_its_end():
    async def several(asked):
        return [await asked.request("POST") for _ in range(5)]

    with serving(lambda _: GOOD) as service:
        asked = client(service)
        for loops in (1, 2, 3):
            asyncio.run(several(asked))
            assert service.connections == loops
            assert no_connection_left(service)
        gc.collect()  # a socket that was not closed would warn now, and warnings are errors
        assert len(asked._here) == 1


def test_connections_can_be_closed_by_hand():
    async def closed(service):
        asked = client(service)
        await asked.request("POST")
        await asked.aclose()
        await asked.aclose()
        gone = await asyncio.to_thread(no_connection_left, service)
        return gone, await asked.request("POST")

    with serving(lambda _: GOOD) as service:
        assert asyncio.run(closed(service)) == (True, {"ok": True})


def test_a_client_that_is_dropped_just_before_its_loop_ends_leaves_nothing_open():
    with serving(lambda _: GOOD) as service:
        assert together(client(service), 4) == [{"ok": True}] * 4
        assert asyncio.run(client(service).request("POST")) == {"ok": True}
        gc.collect()
        assert no_connection_left(service)


@pytest.mark.parametrize("kept", [True, False])
def test_idle_connections_are_closed_though_the_loop_goes_on(monkeypatch, kept):
    monkeypatch.setattr("scorers.remote.lifetime.IDLE_SECONDS", 0.05)

    async def idle(service):
        asked = client(service)
        await asyncio.gather(*(asked.request("POST") for _ in range(3)))
        seen = asked if kept else None
        del asked
        closed = await asyncio.to_thread(no_connection_left, service)
        return closed, seen is None or await seen.request("POST") == {"ok": True}

    with serving(lambda _: GOOD) as service:
        assert asyncio.run(idle(service)) == (True, True)


def test_what_is_in_use_is_not_idle(monkeypatch):
    monkeypatch.setattr("scorers.remote.lifetime.IDLE_SECONDS", 0.02)
    with serving(lambda _: slowly(0.3, GOOD)) as service:
        assert ask(client(service, attempts=1)) == {"ok": True}


def test_cookies_and_proxies_of_the_environment_are_not_used(monkeypatch):
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    with serving(lambda _: says({}, set_cookie="a=b; Path=/")) as service:
        asked = client(service)
        assert (ask(asked), ask(asked)) == ({}, {})
    assert [one.headers["cookie"] for one in service.asked] == [None, None]


def test_a_proxy_is_used_where_it_is_named(monkeypatch):
    with serving(lambda _: GOOD) as proxy:
        monkeypatch.setenv("HOUSE_PROXY", proxy.url)
        settings = RemoteSettings(url="http://judge.invalid/v1", allow_private=True, proxy_env="HOUSE_PROXY")
        assert ask(Client(settings)) == {"ok": True}
    assert proxy.asked[0].headers["host"] == "judge.invalid"


@pytest.mark.parametrize("value", ["nonsense", "socks5://127.0.0.1:1", "http://"])
def test_a_proxy_that_is_none_is_told_by_its_variable(monkeypatch, value):
    monkeypatch.setenv("HOUSE_PROXY", value)
    told = failure(Client(RemoteSettings(url="https://judge.invalid", proxy_env="HOUSE_PROXY")))
    assert told == "the environment variable `HOUSE_PROXY` holds no URL of an HTTP proxy"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_an_endpoint_that_keeps_failing_is_left_alone_and_tried_again():
    with serving(lambda _: says({}, 500)) as service:
        asked = client(service, attempts=1)
        clock = Clock()
        asked.breaker = Breaker(BreakerSettings(failures=3, window_s=60, cooldown_s=10), clock)
        for _ in range(3):
            assert failure(asked) == "the service answered 500"
        assert failure(asked) == (
            "not asked, for the service keeps failing (the service answered 500); it is tried again in 10 s"
        )
        assert len(service.asked) == 3

        clock.now = 10.0
        assert failure(asked) == "the service answered 500"
        assert asked.breaker.state == "open"
        clock.now = 20.0
        service.answer = lambda _: GOOD
        assert ask(asked) == {"ok": True}
        assert asked.breaker.state == "closed"


def test_who_would_be_refused_does_not_wait_for_a_place():
    async def second_while_the_first_hangs(asked, service):
        first = asyncio.create_task(asked.request("POST"))
        await asyncio.to_thread(service.has_been_asked.wait, BOUND)
        with contextlib.suppress(RemoteError), asked.breaker.attempt():
            raise RemoteError("it failed", faulty=True)
        second = await asyncio.gather(asked.request("POST"), return_exceptions=True)
        still = not first.done()
        service.stopping.set()
        await asyncio.gather(first, return_exceptions=True)
        return str(second[0]), still

    with serving(lambda _: GOOD) as service, within(BOUND):
        service.answer = lambda _: hangs(service)
        asked = client(service, concurrency=1, attempts=1, breaker=BreakerSettings(failures=1))
        told, still = asyncio.run(second_while_the_first_hangs(asked, service))
    assert told.startswith("not asked, for the service keeps failing (it failed)")
    assert still


@pytest.mark.parametrize("answer", [says({}, 400), says({}, 401), says({}, 429), GOOD])
def test_a_refusal_of_one_request_says_nothing_against_the_endpoint(answer):
    with serving(lambda _: answer) as service:
        asked = client(service, attempts=1, breaker=BreakerSettings(failures=1))
        for _ in range(3):
            with contextlib.suppress(RemoteError):
                ask(asked)
        assert len(service.asked) == 3


SECRET = "sk-Zx81_VerySecret.Value"


def echoing(asked):
    """Put the key wherever an answer has room."""
    key = asked.headers["authorization"]
    return {"error": {"code": key, "status": SECRET, "type": SECRET, "message": f"bad key {key}"}}


SPITEFUL = {
    "in the error": lambda asked: says(echoing(asked), 401),
    "in the type": lambda asked: says(b"{}", 200, f"text/{SECRET}"),
    "in the location": lambda asked: says(echoing(asked), 307, location=f"https://{SECRET}.invalid/"),
    "in a header": lambda asked: says(echoing(asked), 429, retry_after=SECRET),
    "in the reason": lambda asked: says(SECRET.encode(), 500),
    "in no JSON": lambda asked: says(SECRET.encode(), 200),
    "in half an answer": lambda _: resets,
}


@pytest.mark.parametrize("spite", SPITEFUL)
def test_a_secret_is_never_told(monkeypatch, caplog, capsys, spite):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "httpcore")  # at DEBUG it logs a response's headers, and here they hold the key
    monkeypatch.setenv("SERVICE_KEY", SECRET)
    with serving(SPITEFUL[spite]) as service:
        asked = client(service, key_env="SERVICE_KEY")
        with pytest.raises(RemoteError) as caught:
            ask(asked)
    error = caught.value
    seen = [str(error), repr(error), str(error.__cause__), repr(asked), repr(asked.settings), repr(vars(asked))]
    seen += [asked.settings.model_dump_json(), caplog.text, *capsys.readouterr()]
    assert SECRET.lower() not in json.dumps(seen).lower()
    assert service.asked[0].headers["authorization"] == f"Bearer {SECRET}"


def test_the_log_of_the_library_below_shows_no_secret_of_ours(monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SERVICE_KEY", SECRET)
    with serving(lambda _: GOOD) as service:
        ask(client(service, key_env="SERVICE_KEY"))
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert SECRET not in caplog.text
