"""What the admin listener serves: runs, results, feeds, health."""
