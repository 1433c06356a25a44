"""Claim what is due, run it, classify the answer, record it."""
