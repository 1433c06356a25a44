"""The parts of the ``jobqueue`` command."""
