"""A host's name -> the addresses at which it may be reached: private ones only on request, metadata services never."""

import ipaddress
import socket
from collections.abc import Sequence
from typing import TypeAlias

from scorers.remote.errors import RemoteError
from scorers.threads import in_thread

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# What `allow_private` opens: RFC 1918, loopback, shared address space (RFC 6598) and unique local addresses (RFC 4193).
_HOUSE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10", "::1/128", "fc00::/7"),
    )
)
# Where clouds answer questions about a machine's identity and keys: AWS, Google, Azure, Oracle, Alibaba.
_METADATA = tuple(
    map(
        ipaddress.ip_network,
        ("169.254.0.0/16", "fd00:ec2::/32", "168.63.129.16/32", "192.0.0.192/32", "100.100.100.200/32"),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")  # what IANA gives out; `is_global` alone lets more through


def embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for (mapped, 6to4, NAT64), or the address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def refused(address: Address, *, private: bool) -> str:
    """Return why this address must not be connected to, `` if it may; `private`: whether the house's own may be."""
    real = embedded(address)
    if any(real in network for network in _METADATA if network.version == real.version):
        return "an address of metadata services"
    if any(real in network for network in _HOUSE if network.version == real.version):
        return "" if private else "a private or loopback address: set `allow_private` if it is a server of your own"
    if real.is_multicast or not real.is_global or (real.version == 6 and real not in _GLOBAL_IPV6):
        return "no public address"
    return ""


def is_house(address: Address) -> bool:
    """Say whether the address lies in a private or loopback network."""
    real = embedded(address)
    return any(real in network for network in _HOUSE if network.version == real.version)


async def addresses(host: str, port: int, *, private: bool, plain: bool) -> tuple[str, ...]:
    """Return the addresses of `host` that may be connected to, in the resolver's order.

    `plain`: without encryption, for which only the house's own addresses serve. Raises RemoteError if none is left.
    """
    found = await _resolved(host, port)
    reasons = [(address, _reason(address, private=private, plain=plain)) for address in found]
    allowed = tuple(str(address) for address, reason in reasons if not reason)
    if not allowed:
        address, reason = reasons[0]
        raise RemoteError(f"refused to connect: `{host}` is {address}, {reason}")
    return allowed


def _reason(address: Address, *, private: bool, plain: bool) -> str:
    if reason := refused(address, private=private):
        return reason
    return "a public address, which `http` would reach unencrypted" if plain and not is_house(address) else ""


async def _resolved(host: str, port: int) -> Sequence[Address]:
    """Ask the resolver in a daemon thread: one that hangs must not keep the event loop from ending."""
    _, answer = in_thread(socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    try:
        found = await answer
    except (OSError, UnicodeError) as error:
        raise RemoteError(f"`{host}` has no address", faulty=True, again="always") from error
    return [ipaddress.ip_address(name) for name in dict.fromkeys(str(entry[4][0]) for entry in found)]
