"""What a manifest may say of a service, and that a secret which stands there is refused without being told."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from scorers.registry import Registry
from scorers.remote.settings import RemoteSettings
from scorers.scorer import Cost, Plugin, Score, Scorer


class Asks(Scorer):
    def __init__(self, settings, folder):
        self.outputs = {"text.asked": Score()}

    def score(self, batch):
        return [{"text.asked": 0.0} for _ in batch]


ASKS = Plugin("asks", "1", "MIT", Cost.REMOTE, {"text.asked": Score()}, Asks, settings=RemoteSettings)
URL = "https://service.example/v1"


def problems(**settings):
    return Registry.of([ASKS]).configure({"it": {"use": "asks", "url": URL, **settings}}, Path()).problems


def test_the_ordinary_case():
    assert problems() == ()
    assert problems(key_env="OPENAI_API_KEY", concurrency=2, breaker={"failures": 3}) == ()
    assert problems(url="http://localhost:8000", allow_private=True) == ()
    assert RemoteSettings(url="https://service.example/v1/").url == URL


KEYS = [
    *("sk-proj-abcDEF123", "AIzaSyA1234567890abcdefghijklmnopqrstuv", "0123456789abcdef0123456789abcdef"),
    *("AKIAIOSFODNN7EXAMPLE", "openai_api_key", "Bearer abc", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", ""),
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("setting", ["key_env", "proxy_env"])
def test_a_literal_key_is_refused_and_not_told(setting, key):
    (problem,) = problems(**{setting: key})
    assert problem.key == setting
    assert "expected the name of an environment variable such as `SERVICE_API_KEY`" in problem.message
    assert not key or key not in problem.message


@pytest.mark.parametrize("setting", ["key", "api_key", "token", "headers"])
def test_there_is_no_setting_for_a_literal_key(setting):
    (problem,) = problems(**{setting: "sk-proj-abcDEF123"})
    assert problem.message.startswith(f"unknown setting `{setting}`")
    assert "sk-proj" not in problem.message


@pytest.mark.parametrize(
    "url",
    [
        *("https://user:sk-secret@a.example", "https://sk-secret@a.example", "https://a.example/?key=sk-secret"),
        *("https://a.example/#sk-secret", "ftp://sk-secret.example", "sk-secret", "https://", "https://[sk-secret"),
        *(
            "https://a.example:99999/sk-secret",
            "https://a b/sk-secret",
            "https://a.example/\nsk-secret",
            "file:///sk-secret",
        ),
    ],
)
def test_a_url_that_is_none_or_may_hold_a_secret_is_refused_and_not_told(url):
    (problem,) = problems(url=url)
    assert problem.key == "url"
    assert "expected a URL" in problem.message
    assert "sk-secret" not in problem.message


def test_a_public_service_is_asked_over_tls():
    (problem,) = problems(url="http://service.example")
    assert problem.message == ("`url` is `http`: expected `https`, or `allow_private: true` for a server of your own")


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        RemoteSettings(url=URL).url = "https://other.example"
