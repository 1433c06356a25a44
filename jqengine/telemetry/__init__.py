"""Spans of requests, of jobs that are accepted, run and delivered, for OpenTelemetry.

Only :mod:`.exporting` knows that library; nothing of it is imported unless
spans are wanted.
"""
