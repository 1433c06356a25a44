"""Real nodes on a real PostgreSQL, and what may befall either."""
