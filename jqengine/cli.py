"""The ``jobqueue`` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from jqengine.errors import JobQueueError
from jqengine.version import VERSION

_COMMANDS = {
    "add": "adding:add",
    "cancel": "steering:cancel",
    "check": "check:command",
    "continuations": "continuations:continuations",
    "deliveries": "deliveries:deliveries",
    "drain": "nodes:drain",
    "forget": "continuations:forget",
    "groups": "holding:groups",
    "list": "showing:list_",
    "nodes": "nodes:nodes",
    "pause": "holding:pause",
    "preview": "preview:command",
    "redrive": "deliveries:redrive",
    "reload": "steering:reload",
    "results": "showing:results",
    "resume": "holding:resume",
    "retry": "steering:retry",
    "run": "steering:run",
    "show": "showing:show",
    "stats": "showing:stats",
    "tail": "following:tail",
    "undrain": "nodes:undrain",
    "wait": "following:wait",
    "when": "when:command",
}
"""The module of each command in :mod:`jqengine.commandline`, and the name of its object there."""


class _Commands(click.Group):
    """Loads a command when it is called, so that none pays for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"jqengine.commandline.{module}"), name)
        return command


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="jobqueue", message="%(prog)s %(version)s")
@click.pass_context
def jobqueue(context: click.Context) -> None:
    """Speak to a running engine, or look before a job leaps.

    check, preview and when need no engine.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with its status.

    Whatever a user can cause is one line on standard error: status 2 for a
    command line that is not understood, 1 for anything else.
    """
    sys.exit(status_of(sys.argv[1:] if arguments is None else arguments))


def status_of(arguments: Sequence[str]) -> int:
    """Run the command and give its exit status."""
    try:
        status = jobqueue.main(list(arguments), prog_name="jobqueue", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _say_error(" ".join(error.format_message().split()))
        return error.exit_code
    except JobQueueError as error:
        _say_error(str(error))
        return 1
    except click.Abort:
        return 130
    except BrokenPipeError:
        # What reads our output has seen enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status if isinstance(status, int) else 0


def _say_error(message: str) -> None:
    click.echo(f"error: {message}", err=True)
