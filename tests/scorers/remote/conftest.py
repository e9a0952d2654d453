"""Waits between attempts are short here; that they are drawn as promised is tested by itself."""

import pytest

from scorers.remote import retries


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retries, "BASE_SECONDS", 0.001)
