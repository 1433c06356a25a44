"""jqengine: a job is a request with a time on it.

Nothing is exported from here and nothing inside imports it, so that every
module can be imported alone.  Applications import :mod:`jqengine.client`;
operators run ``twistd -n jobqueue`` and ``jobqueue``.
"""
