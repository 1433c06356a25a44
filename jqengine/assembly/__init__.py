"""The parts of the engine, each put together from its rooms."""
