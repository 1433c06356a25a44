"""What both ends of an AMP connection agree on.  Standard library only."""
