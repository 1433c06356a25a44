"""``--smtp``: where mail goes and how well it is protected on the way."""

from __future__ import annotations

import pytest

from jqengine.errors import BadValue
from jqengine.secretref import SecretRef
from jqengine.smtpurl import Encryption, SMTPServer, parse_smtp_url


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://127.0.0.1:25", SMTPServer()),
        ("smtp://localhost", SMTPServer(host="localhost")),
        ("smtp://[::1]:2525/", SMTPServer(host="::1", port=2525)),
        (
            "smtp://mail.example.org",
            SMTPServer(host="mail.example.org", encryption=Encryption.REQUIRED),
        ),
        (
            "smtp://127.0.0.1?tls=required&ca=/etc/ca.pem",
            SMTPServer(encryption=Encryption.REQUIRED, authority="/etc/ca.pem"),
        ),
        (
            "smtp://mail.example.org:26?tls=off",
            SMTPServer(host="mail.example.org", port=26, encryption=Encryption.OFF),
        ),
        (
            "smtps://mail.example.org",
            SMTPServer(host="mail.example.org", port=465, encryption=Encryption.IMPLICIT),
        ),
        (
            "smtp://jobs%40example.org@mail.example.org:587?password=env:PW&from=jobs@example.org",
            SMTPServer(
                host="mail.example.org",
                port=587,
                encryption=Encryption.REQUIRED,
                user="jobs@example.org",
                password=SecretRef("env", "PW"),
                sender="jobs@example.org",
            ),
        ),
    ],
)
def test_what_a_url_says(text: str, server: SMTPServer) -> None:
    assert parse_smtp_url(text) == server


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a mail server; expected smtp://host:25"),
        ("mail.example.org", "is not a mail server"),
        ("http://mail.example.org", "is not a mail server"),
        ("smtp://host:25/path", "is not a mail server"),
        ("smtp://host:70000", "70000 is not a port"),
        ("smtp://host:0", "0 is not a port"),
        ("smtp://me:hunter2@host", "a password is named, not written"),
        ("smtp://me@host", "takes a user and a password= together"),
        ("smtp://host?password=env:PW", "takes a user and a password= together"),
        ("smtp://me@host?password=hunter2", "a secret is named, not written"),
        ("smtp://host?tls=maybe", "tls=maybe is none of required, opportunistic, off"),
        ("smtp://host?tls=implicit", "tls=implicit is none of"),
        ("smtp://host?tls=off&tls=off", "stands twice or empty"),
        ("smtp://host?ca=", "stands twice or empty"),
        ("smtp://host?timeout=3", "a mail server has no 'timeout'; there are tls, password"),
        ("smtps://host?tls=off", "it takes no tls="),
        ("smtp://me@host?password=env:PW&tls=off", "over TLS only"),
        ("smtp://me@host?password=env:PW&tls=opportunistic", "over TLS only"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_smtp_url(text)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
