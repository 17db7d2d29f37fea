"""Whether the page can be served where somebody wants it."""

import socket

from policies.errors import Broken


def check_free(host: str, port: int) -> None:
    """Returns when nobody listens there yet.

    Raises:
        Broken: When somebody does, or this machine has no such address.
    """
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise Broken(
            f"cannot serve at {host}:{port}",
            why=error.strerror or str(error),
            fix="end what listens there, or name another --port or --host",
        ) from None
