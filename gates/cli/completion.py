"""`gate completion`: a completion script for a shell."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for SHELL.

    \b
    Bash: add  source <(gate completion bash)  to ~/.bashrc
    Zsh:  add  source <(gate completion zsh)   to ~/.zshrc
    Fish: gate completion fish > ~/.config/fish/completions/gate.fish
    """  # noqa: D301 - click keeps the lines after this escape as they are
    from gates.cli.main import gate

    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(gate, {}, "gate", "_GATE_COMPLETE").source())
