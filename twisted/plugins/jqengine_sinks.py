"""The labels by which the engine finds its own sinks, one for each URL scheme."""

from jqengine.sinks.stdout import StdoutSinkFactory

stdout = StdoutSinkFactory()
