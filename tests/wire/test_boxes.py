"""Boxes: what is packed is read, in whatever pieces it comes, and nothing else is."""

from __future__ import annotations

import random
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.protocols import amp

from jqengine.wire.boxes import LARGEST_BOX, MOST_KEYS, BadBox, BoxReader, pack_box

boxes = st.dictionaries(
    st.binary(min_size=1, max_size=255), st.binary(max_size=300), min_size=1, max_size=8
)


@given(st.lists(boxes, max_size=5), st.integers(0, 2**32))
def test_boxes_come_back_in_whatever_pieces(sent: list[dict[bytes, bytes]], seed: int) -> None:
    data = b"".join(pack_box(box) for box in sent)
    reader, found, cuts = BoxReader(), [], random.Random(seed)
    while data:
        size = cuts.randint(1, 40)
        found += reader.feed(data[:size])
        data = data[size:]
    assert found == sent
    assert not reader.unfinished


@given(boxes)
def test_twisted_reads_what_is_packed_and_packs_what_is_read(box: dict[bytes, bytes]) -> None:
    assert amp.parse(BytesIO(pack_box(box))) == [box]
    assert BoxReader().feed(amp.AmpBox(box).serialize()) == [box]


def test_an_unfinished_box_is_seen_from_its_first_byte() -> None:
    reader = BoxReader()
    data = pack_box({b"key": b"value"})
    assert not reader.unfinished
    for end in range(1, len(data)):
        assert reader.feed(data[end - 1 : end]) == []
        assert reader.unfinished
    assert reader.feed(data[-1:]) == [{b"key": b"value"}]
    assert not reader.unfinished


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00\x00", "an empty box"),
        (b"\x01\x00", "a key of 256 bytes"),
        (b"\xff\xff" + b"x" * 100, "a key of 65535 bytes"),
        (b"".join(b"\x00\x02%02x\x00\x00" % n for n in range(MOST_KEYS + 1)), "keys"),
        (
            b"".join(b"\x00\x01%c\xff\xff" % n + b"x" * 65535 for n in b"abc"),
            f"more than {LARGEST_BOX} bytes",
        ),
    ],
)
def test_what_is_no_box_or_too_large_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadBox, match=why):
        BoxReader().feed(data)


def test_a_box_too_large_is_refused_before_its_value_comes() -> None:
    reader = BoxReader(largest=100)
    with pytest.raises(BadBox):
        reader.feed(b"\x00\x01k\xff\xff")


@pytest.mark.parametrize("box", [{b"": b"v"}, {b"k" * 256: b"v"}, {b"k": b"v" * 65536}])
def test_what_does_not_fit_is_not_packed(box: dict[bytes, bytes]) -> None:
    with pytest.raises(BadBox):
        pack_box(box)
