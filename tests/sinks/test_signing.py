"""Signatures as the Standard Webhooks specification wants them."""

from __future__ import annotations

import base64
import json

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from jqengine.errors import ConfigurationError
from jqengine.sinks.signing import keys_of, signature_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_the_example_of_the_specification() -> None:
    headers = signature_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', keys_of(SECRET)
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_several_secrets_sign_together_while_one_replaces_the_other() -> None:
    headers = signature_headers("a", 1614265330, b"{}", keys_of(f"{SECRET} \n{OTHER}"))
    signatures = headers["webhook-signature"].split(" ")
    assert len(set(signatures)) == 2
    for secret in (SECRET, OTHER):
        alone = signature_headers("a", 1614265330, b"{}", keys_of(secret))
        assert alone["webhook-signature"] in signatures


def test_without_a_secret_there_is_no_signature() -> None:
    assert signature_headers("a", 5, b"{}", ()) == {"webhook-id": "a", "webhook-timestamp": "5"}


def test_a_changed_body_does_not_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = int(time.time())
    headers = signature_headers("a", now, b'{"a":1}', keys_of(OTHER))
    assert Webhook(OTHER).verify(b'{"a":1}', headers) == json.loads('{"a":1}')
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(b'{"a":2}', headers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # no prefix
        "whsec_",
        "whsec_c2hvcnQ=",  # too short
        "whsec_***",
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        f"{SECRET} hunter2",
    ],
)
def test_a_malformed_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        keys_of(text)
    for word in text.split():
        assert word not in str(caught.value) or word == "whsec_"
