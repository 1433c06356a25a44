"""Step the wall clock an hour back under a running reactor, and say whether a timer fired.

As a script: ``python clock_step.py REACTOR cured|plain``.
"""

from __future__ import annotations

import sys
import threading
import time

_true_time = time.time
_step = 0.0


def _stepping_time() -> float:
    return _true_time() + _step


# Before Twisted is imported, which keeps the function, not its name.
time.time = _stepping_time


def main(reactor_name: str, cure: str) -> None:
    from twisted.application.reactors import installReactor

    from tests.launching import install_engine

    reactor = installReactor(reactor_name)
    install_engine("up")
    from jqengine.tap import use_monotonic_time

    if cure == "cured":
        use_monotonic_time(reactor)
    fired: list[float] = []
    begun = time.monotonic()

    def step() -> None:
        global _step
        reactor.callLater(0.1, lambda: fired.append(time.monotonic() - begun))
        _step = -3600.0

    reactor.callWhenRunning(step)
    patience = threading.Timer(0.5, reactor.callFromThread, [reactor.stop])
    reactor.callWhenRunning(patience.start)
    reactor.run()
    print("on time" if fired and fired[0] < 0.4 else "frozen")


if __name__ == "__main__":
    main(*sys.argv[1:])
