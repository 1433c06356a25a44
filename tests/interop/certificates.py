"""Certificates for the tests: an authority, an engine, an operator, a submitter."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]

BEGIN = datetime.datetime(2020, 1, 1)
END = datetime.datetime(2099, 1, 1)


def write_all(folder: Path) -> None:
    """Write ``ca.pem``, ``engine.pem``, ``operator.pem``, ``submitter.pem``, ``foreign.pem``."""
    authority, other = _signed("An authority"), _signed("Another authority")
    (folder / "roots").mkdir()
    for path in (folder / "ca.pem", folder / "roots/ca.pem"):
        path.write_bytes(authority[0].public_bytes(serialization.Encoding.PEM))
    _write(folder / "engine.pem", _signed("127.0.0.1", authority))
    _write(folder / "operator.pem", _signed("An operator", authority, unit="operate"))
    _write(folder / "submitter.pem", _signed("A submitter", authority, unit="sales"))
    _write(folder / "foreign.pem", _signed("A stranger", other, unit="operate"))


def _signed(name: str, issuer: Signed | None = None, unit: str | None = None) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if unit is not None:
        names.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    subject = x509.Name(names)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key if issuer is None else issuer[1], hashes.SHA256())
    )
    return certificate, key


def _write(path: Path, signed: Signed) -> None:
    certificate, key = signed
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
