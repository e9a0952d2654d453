"""TLS asks for the host's name though the connection goes to an address, and trusts nobody but the authorities named."""

import asyncio
import ssl

import pytest
import trustme

from scorers.deadline import within
from scorers.remote.client import Client
from scorers.remote.errors import RemoteError
from scorers.remote.settings import RemoteSettings
from scorers.scorer import SettingsError
from tests.scorers.remote.service import says, serving


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def folder(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "house.pem")
    return tmp_path


def encrypted(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def ask(service, folder, **settings):
    url = service.url.replace("http://127.0.0.1", "https://localhost")
    asked = Client(RemoteSettings(url=url, allow_private=True, attempts=1, **settings), folder)
    with within(5):
        return asyncio.run(asked.request("POST"))


def test_the_hosts_name_is_verified_at_a_pinned_address(authority, folder):
    with serving(lambda _: says({"ok": True}), tls=encrypted(authority, "localhost")) as service:
        assert ask(service, folder, ca_file="house.pem") == {"ok": True}
    assert service.asked[0].headers["host"].startswith("localhost:")


def test_a_certificate_for_another_name_is_not_trusted(authority, folder):
    with (
        serving(lambda _: says({}), tls=encrypted(authority, "other.example")) as service,
        pytest.raises(RemoteError, match="the service's certificate is not trusted: Hostname mismatch"),
    ):
        ask(service, folder, ca_file="house.pem")
    assert service.asked == []


def test_a_certificate_of_an_unknown_authority_is_not_trusted(authority, folder, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "house.pem"))  # the environment does not decide whom to trust
    with (
        serving(lambda _: says({}), tls=encrypted(authority, "localhost")) as service,
        pytest.raises(RemoteError, match="the service's certificate is not trusted: unable to get local issuer"),
    ):
        ask(service, folder)


@pytest.mark.parametrize("path", ["gone.pem", "../house.pem", "text.pem"])
def test_authorities_that_cannot_be_read_are_a_mistake_of_the_settings(folder, path):
    (folder / "text.pem").write_text("no certificate")
    (folder / "pack").mkdir()
    with pytest.raises(SettingsError, match="cannot be read as PEM certificates") as caught:
        Client(RemoteSettings(url="https://a.example", ca_file=path), folder / "pack" if "/" in path else folder)
    assert caught.value.key == "ca_file"
