"""What becomes of runs, told to everyone who listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zope.interface import implementer

from jqengine.interfaces import IRunEvents, IRunObserver
from jqengine.job import Outcome, Run


@implementer(IRunObserver, IRunEvents)
class RunHub:
    """Passes events on.  For the reactor thread."""

    def __init__(self) -> None:
        self._observers: tuple[IRunObserver, ...] = ()

    def subscribe(self, observer: IRunObserver) -> Callable[[], None]:
        """Tell *observer* from now on, until the function that is given is called."""
        self._observers = (*self._observers, observer)

        def unsubscribe() -> None:
            self._observers = tuple(one for one in self._observers if one is not observer)

        return unsubscribe

    def began(self, runs: Sequence[Run]) -> None:
        """*runs* go to the threads."""
        for observer in self._observers:
            observer.began(runs)

    def ended(self, run: Run, outcome: Outcome) -> None:
        """An attempt ended."""
        for observer in self._observers:
            observer.ended(run, outcome)
