"""AMP: the wire contract, the server, and the client for Twisted programs."""
