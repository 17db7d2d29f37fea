"""`gate completion`: a completion script for a shell."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for SHELL.

    Bash: add `source <(gate completion bash)` to ~/.bashrc.
    """
    from gates.cli.main import gate

    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(gate, {}, "gate", "_GATE_COMPLETE").source())
