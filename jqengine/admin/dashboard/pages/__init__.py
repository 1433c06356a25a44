"""What each page shows, and what its buttons do."""
