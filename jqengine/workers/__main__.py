"""``python -m jqengine.workers REACTOR NODE``: a worker, as its parent starts it."""

import sys

from twisted.python.reflect import namedModule

namedModule(sys.argv[1]).install()

# Only now: much of Twisted takes the reactor that it finds.
from twisted.internet import reactor  # noqa: E402

from jqengine.launch import collect_less_often, use_monotonic_time  # noqa: E402
from jqengine.workers.process import run  # noqa: E402

use_monotonic_time(reactor)
collect_less_often()
sys.exit(run(reactor))
