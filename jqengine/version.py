"""The one place that knows the version of this software."""

VERSION = "26.11.0"
