"""Secrets are named, never written: ``env:NAME`` or ``file:PATH``.

A URL, a settings file or a job is shown, logged and stored; a secret is not.
So each of them says only where the secret is kept.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass

from jqengine.errors import BadValue, ConfigurationError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept.

    :ivar kind: ``env`` or ``file``.
    :ivar name: the environment variable, or the file as the user named it.
    """

    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> SecretRef:
        """Read ``env:HOOK_SECRET`` or ``file:/run/secrets/hook``.

        :raises BadValue: it is neither.  The sentence does not repeat the
            text: it may be the secret itself, written in the wrong place.
        """
        kind, _, name = text.partition(":")
        if kind == "env" and _VARIABLE.fullmatch(name):
            return cls(kind, name)
        if kind == "file" and name and name.isprintable():
            return cls(kind, name)
        raise BadValue("a secret is named, not written; expected env:NAME or file:PATH")

    def read(self, environ: Mapping[str, str], directory: str) -> str:
        """The secret itself, without the white space around it.

        Blocks for as long as the file does.

        :param directory: where a relative file name starts.
        :raises ConfigurationError: there is no such variable or readable file,
            or it is empty.
        """
        text = self._from_file(directory) if self.kind == "file" else environ.get(self.name, "")
        if not text.strip():
            raise ConfigurationError(f"the secret {self} is not set")
        return text.strip()

    def _from_file(self, directory: str) -> str:
        try:
            with open(os.path.join(directory, self.name), encoding="utf-8") as file:
                return file.read(_LARGEST)
        except OSError as error:
            raise ConfigurationError(
                f"the secret {self} cannot be read: {error.strerror}"
            ) from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"the secret {self} is not text") from None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"
