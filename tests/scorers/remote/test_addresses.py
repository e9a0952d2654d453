"""Which addresses are connected to, however they are written, and that no other one is."""

import asyncio
import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.deadline import within
from scorers.remote.addresses import addresses, refused
from scorers.remote.client import Client
from scorers.remote.errors import RemoteError
from scorers.remote.settings import RemoteSettings
from tests.scorers.remote.service import says, serving

METADATA = [
    *("169.254.169.254", "169.254.170.2", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
]
HOUSE = [
    *("127.0.0.1", "127.255.1.2", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::7f00:1", "2002:7f00:1::"),
]
NEVER = [
    *("0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1", "fe80::1", "fe80::1%eth0", "240.0.0.1"),
    *("192.0.2.1", "198.18.0.1", "2001:db8::1", "64:ff9b:1::1", "::ffff:0.0.0.0", "2001::1", "::7f00:1"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1", "100.128.0.1"]


def allowed(address, *, private):
    return not refused(ipaddress.ip_address(address), private=private)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address):
    assert allowed(address, private=False)
    assert allowed(address, private=True)


@pytest.mark.parametrize("address", HOUSE)
def test_the_houses_own_addresses_are_open_on_request(address):
    assert not allowed(address, private=False)
    assert allowed(address, private=True)


@pytest.mark.parametrize("address", [*METADATA, *NEVER])
def test_some_addresses_are_never_open(address):
    assert not allowed(address, private=False)
    assert not allowed(address, private=True)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_judged_as_itself(address):
    for written in (f"::ffff:{address}", f"64:ff9b::{address}"):
        inner = ipaddress.ip_address(written)
        for private in (False, True):
            assert bool(refused(inner, private=private)) == bool(refused(address, private=private))


@given(st.ip_addresses())
def test_what_is_closed_to_private_use_is_closed_to_all(address):
    if refused(address, private=True):
        assert refused(address, private=False)


def told(url, **settings):
    asked = Client(RemoteSettings(url=url, **settings))
    with within(5), pytest.raises(RemoteError) as caught:
        asyncio.run(asked.request("POST"))
    return str(caught.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "017700000001", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_a_loopback_address_is_refused_however_it_is_written(host):
    with serving(lambda _: says({})) as service:
        port = service.url.rpartition(":")[2]
        assert "a private or loopback address: set `allow_private`" in told(f"https://{host}:{port}")
    assert service.connections == 0


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"])
def test_metadata_services_are_refused_even_in_the_house(host):
    for private in (False, True):
        assert "an address of metadata services" in told(f"https://{host}", allow_private=private)


def test_without_encryption_only_the_house_is_reached():
    assert "a public address, which `http` would reach unencrypted" in told("http://8.8.8.8", allow_private=True)


@pytest.fixture
def resolver(monkeypatch):
    """Stand in for the name service: what it answers, in turn, and how often it was asked."""

    def answering(*answers):
        left, seen = list(answers), []

        def resolve(host, port, *_):
            seen.append(host)
            given = left.pop(0) if len(left) > 1 else left[0]
            if not given:
                raise socket.gaierror(8, "no such host")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in given]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return seen

    return answering


def resolved(host, **how):
    return asyncio.run(addresses(host, 443, **{"private": False, "plain": False, **how}))


def test_of_several_addresses_those_that_are_open_remain(resolver):
    resolver(["169.254.169.254", "8.8.8.8", "10.0.0.1", "8.8.8.8", "1.1.1.1"])
    assert resolved("mixed.example") == ("8.8.8.8", "1.1.1.1")
    assert resolved("mixed.example", private=True, plain=True) == ("10.0.0.1",)


def test_a_host_without_an_address(resolver):
    resolver([])
    with pytest.raises(RemoteError, match=r"`gone\.example` has no address"):
        resolved("gone.example")


def test_a_name_that_changes_its_address_after_the_check_leads_nowhere_else(resolver):
    """A second look-up would give another address: there is none, and the connection goes where the check looked."""
    with serving(lambda _: says({"ok": True})) as service:
        url = service.url.replace("127.0.0.1", "rebinding.example")
        seen = resolver(["127.0.0.1"], ["169.254.169.254"])
        asked = Client(RemoteSettings(url=url, allow_private=True))
        with within(5):
            assert asyncio.run(asked.request("POST")) == {"ok": True}
            assert seen == ["rebinding.example"]
            with pytest.raises(RemoteError, match="an address of metadata services"):
                asyncio.run(asked.request("POST"))
    assert service.asked[0].headers["host"] == url.removeprefix("http://")


def test_a_name_is_looked_up_once_for_all_who_ask(resolver):
    async def many(asked):
        return await asyncio.gather(*(asked.request("POST") for _ in range(5)))

    with serving(lambda _: says({"ok": True})) as service, within(5):
        seen = resolver(["127.0.0.1"])
        url = service.url.replace("127.0.0.1", "house.example")
        assert asyncio.run(many(Client(RemoteSettings(url=url, allow_private=True)))) == [{"ok": True}] * 5
    assert seen == ["house.example"]


def test_a_host_that_is_down_at_one_address_is_reached_at_another(resolver):
    with serving(lambda _: says({"ok": True})) as service:
        resolver(["127.0.0.2", "127.0.0.1"])  # the service listens at one of them only
        asked = Client(RemoteSettings(url=service.url.replace("127.0.0.1", "two.example"), allow_private=True))
        with within(5):
            assert asyncio.run(asked.request("POST")) == {"ok": True}


def test_a_service_at_an_ipv6_address():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with serving(lambda _: says({"ok": True}), "::1") as service, within(5):
            assert asyncio.run(Client(RemoteSettings(url=service.url, allow_private=True)).request("POST"))
    except OSError:
        pytest.skip("no IPv6 loopback here")
