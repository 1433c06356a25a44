"""``python -m jqengine.workers REACTOR NODE``: a worker, as its parent starts it."""

import sys

from twisted.python.reflect import namedModule

if __name__ == "__main__":
    namedModule(sys.argv[1]).install()

    # Only now: much of Twisted takes the reactor that it finds.
    from twisted.internet import reactor

    from jqengine.launch import collect_less_often, use_monotonic_time
    from jqengine.workers.process import run

    use_monotonic_time(reactor)
    collect_less_often()
    sys.exit(run(reactor))
