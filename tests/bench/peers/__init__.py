"""Neighbours of the jobs benchmark, each run in a process of its own.

``python -m tests.bench.peers.NAME COUNT`` enqueues COUNT no-op tasks one by
one, as their users do, then runs them with ten threads where the system has
threads, and prints the seconds of both halves as JSON.  Results are kept.
"""
