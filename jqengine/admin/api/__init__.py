"""The JSON API, a WSGI application on the engine's own client."""
