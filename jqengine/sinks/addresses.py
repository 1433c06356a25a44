"""Which addresses of the network are anybody's, and which are private.  Pure.

The list is our own, made from the IANA special-purpose registries (RFC 6890
and its successors): ``ipaddress.is_global`` of Python 3.11 is wrong about
192.0.0.0/24, 64:ff9b::/96, 2002::/16 and fec0::/10.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_PRIVATE_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to itself
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, the metadata servers of clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)

_UNICAST_6 = IPv6Network("2000::/3")
"""All that is allocated to the public; what lies outside is special."""

_PRIVATE_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)

_HOLDING_4 = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    IPv6Network("64:ff9b::/96"),  # NAT64
)
"""The last 32 bits of these are an IPv4 address, which is the one that counts."""


def is_public(address: str) -> bool:
    """Whether a numeric *address* belongs to the public network.

    :raises ValueError: it is no address.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return _is_public_6(parsed)
    return _is_public_4(parsed)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _PRIVATE_4)


def _is_public_6(address: IPv6Address) -> bool:
    if any(address in network for network in _HOLDING_4):
        return _is_public_4(IPv4Address(address.packed[-4:]))
    return address in _UNICAST_6 and not any(address in network for network in _PRIVATE_6)
