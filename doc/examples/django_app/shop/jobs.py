"""A job's user in Django: who ``REMOTE_USER`` names, and nobody new.

The engine sets ``REMOTE_USER`` in jobs only; no client can send it.
"""

from django.contrib.auth.backends import RemoteUserBackend
from django.contrib.auth.middleware import PersistentRemoteUserMiddleware


class JobUserMiddleware(PersistentRemoteUserMiddleware):
    """Logs the job's user in for the length of its request.

    The persistent kind, because the ordinary one would log people out whose
    requests carry no ``REMOTE_USER``.
    """


class JobUserBackend(RemoteUserBackend):
    """A crontab names users that exist; a misspelled one must not make another."""

    create_unknown_user = False
