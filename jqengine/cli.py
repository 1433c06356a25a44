"""The ``jobqueue`` command."""

from __future__ import annotations

import click

from jqengine.version import VERSION


@click.group()
@click.version_option(VERSION, package_name="jqengine")
def main() -> None:
    """Look into the queue of a running engine, and into crontabs without one."""
