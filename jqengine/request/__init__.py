"""A job's request as a WSGI environ, and the response captured back."""
