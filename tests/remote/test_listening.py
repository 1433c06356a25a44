"""Where clients may come in, and where the engine refuses to let anybody."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactor

from jqengine.errors import ConfigurationError
from jqengine.remote.listening import Access, WithTLS, amp_endpoint, located
from tests.client.conftest import short_path
from tests.interop.certificates import write_all

OPEN = Access(secrets={})
SECRET = Access(secrets={"operate": b"sixteen letters!"})

__all__ = ["short_path"]


@pytest.mark.parametrize(
    "text", ["tcp:7000", "tcp:7000:interface=127.0.0.1", "ssl:7000", "systemd:domain=INET:index=0"]
)
def test_nobody_is_let_in_without_credentials(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        amp_endpoint(MemoryReactor(), text, OPEN)
    assert str(caught.value) == (
        f"--amp {text}: anybody could schedule jobs there;"
        " expected --amp-secret-file, or --amp-certificate and --amp-client-ca"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("unix:", "expected unix:PATH or unix:PATH:mode=600"),
        ("unix:/a:mode=rwx", "expected unix:PATH or unix:PATH:mode=600"),
        ("unix:/a:lockfile=0", "expected unix:PATH or unix:PATH:mode=600"),
        ("unix:/" + "x" * 107, "the path of a socket has at most 107 bytes"),
        ("nonsense:1", "Unknown endpoint type: 'nonsense'"),
        ("tcp:eighty", "eighty"),
    ],
)
def test_an_endpoint_that_is_none(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^--amp {text[:20]}") as caught:
        amp_endpoint(MemoryReactor(), text, SECRET)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_opens_tcp() -> None:
    amp_endpoint(MemoryReactor(), "tcp:7000", SECRET)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unix:amp.sock", "unix:/srv/amp.sock"),
        ("unix:/run/amp.sock:mode=660", "unix:/run/amp.sock:mode=660"),
        ("run/amp.sock", "unix:/srv/run/amp.sock"),
        ("/srv/a:b/amp.sock", r"unix:/srv/a\:b/amp.sock"),
        (r"unix:a\:b", r"unix:/srv/a\:b"),
        ("tcp:7000:interface=127.0.0.1", "tcp:7000:interface=127.0.0.1"),
    ],
)
def test_paths_are_read_from_where_the_engine_was_started(text: str, expected: str) -> None:
    assert located(text, "/srv") == expected


def test_certificates(tmp_path: Path) -> None:
    write_all(tmp_path)
    both = Access(
        secrets={},
        certificate=str(tmp_path / "engine.pem"),
        client_authority=str(tmp_path / "ca.pem"),
    )
    assert isinstance(amp_endpoint(MemoryReactor(), "tcp:7000", both), WithTLS)


@pytest.mark.parametrize(
    ("certificate", "authority", "why"),
    [
        (None, "ca.pem", "--amp-client-ca: expected the engine's own --amp-certificate, too"),
        ("missing.pem", "ca.pem", "--amp-certificate: cannot read .*: No such file"),
        ("ca.pem", "ca.pem", "--amp-certificate: .* holds no certificate with its key in PEM"),
        ("empty.pem", "ca.pem", "--amp-certificate: .* holds no certificate with its key"),
        ("engine.pem", "empty.pem", "--amp-client-ca: .* holds no certificate in PEM"),
        ("engine.pem", "broken.pem", "--amp-client-ca: .* holds no certificate in PEM"),
    ],
)
def test_certificates_that_are_none(
    certificate: str | None, authority: str, why: str, tmp_path: Path
) -> None:
    write_all(tmp_path)
    (tmp_path / "empty.pem").touch()
    (tmp_path / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"
    )
    access = Access(
        secrets={},
        certificate=certificate and str(tmp_path / certificate),
        client_authority=str(tmp_path / authority),
    )
    with pytest.raises(ConfigurationError, match=why):
        amp_endpoint(MemoryReactor(), "tcp:7000", access)


@pytest.fixture
def factory() -> Factory:
    factory = Factory.forProtocol(Protocol)
    factory.noisy = False
    return factory


async def _listen(path: Path, factory: Factory) -> Any:
    from twisted.internet import reactor

    return await amp_endpoint(reactor, f"unix:{path}", OPEN).listen(factory)


@ensureDeferred
async def test_a_socket_is_for_its_user_alone(short_path: Path, factory: Factory) -> None:
    path = short_path / "amp.sock"
    before = os.umask(0)
    try:
        port = await _listen(path, factory)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await port.stopListening()
    assert not path.exists()


@ensureDeferred
async def test_the_socket_of_a_killed_engine_is_replaced(
    short_path: Path, factory: Factory
) -> None:
    path = short_path / "amp.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    port = await _listen(path, factory)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    await port.stopListening()


@ensureDeferred
async def test_an_engine_that_listens_keeps_its_socket(short_path: Path, factory: Factory) -> None:
    path = short_path / "amp.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(CannotListenError, match="another engine listens there"):
            await _listen(path, factory)
    path.unlink()
    path.write_text("precious")
    with pytest.raises(CannotListenError, match="a file that is no socket is there"):
        await _listen(path, factory)
    assert path.read_text() == "precious"
