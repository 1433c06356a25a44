"""The dashboard: an ordinary WSGI application over the public client of the engine."""
