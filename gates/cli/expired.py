"""What may be done under a trust file that has expired is done with a loud word."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gates.services import Services


def expiry_warnings(services: "Services") -> tuple[str, ...]:
    """That the trust file has expired, said on stderr too; nothing where it has not."""
    if services.custody is None:
        return ()
    found = services.custody.trust.expiry_warning(services.clock())
    if found is None:
        return ()
    click.echo(f"warning: {found}", err=True)
    return (found,)
