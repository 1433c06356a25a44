"""Twisted's own tests of its WSGI resource, with ours in the place of theirs.

Not collected by pytest: trial runs it, in a process of its own.
"""

from twisted.trial.unittest import TestCase
from twisted.web.test import test_wsgi

from jqengine.app.resource import WSGIResource

test_wsgi.WSGIResource = WSGIResource

globals().update(
    (name, value)
    for name, value in vars(test_wsgi).items()
    if isinstance(value, type) and issubclass(value, TestCase)
)
