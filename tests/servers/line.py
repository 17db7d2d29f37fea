"""A line to a server that a test cuts: before a request, or in the middle of many.

with Line(address) as line:
    ask(line.address)
    line.cut()       # the next connection is refused, those that stand are closed
    line.mend()
    line.cut_at(b"log-batch", 3)   # the third such request is the first that is not answered
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_BLOCK = 65_536


class Line:
    """Forwards bytes between its own port and a server's, while it is whole."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._cut_at: tuple[bytes, int] | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Where to ask instead of the server."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut()

    def mend(self) -> None:
        """Listens again, on the same port."""
        with self._lock:
            assert self._listener is None, "the line is whole"
            self._cut_at = None
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._port = int(self._listener.getsockname()[1])
            threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuses and closes every connection; a line that is cut stays so."""
        with self._lock:
            for opened in (*self._open, *filter(None, (self._listener,))):
                with contextlib.suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)
                opened.close()
            self._open.clear()
            self._listener = None

    def cut_at(self, words: bytes, number: int) -> None:
        """Cuts when words are sent to the server for the n-th time from now, counted from 1."""
        self._cut_at = (words, number)

    @property
    def whole(self) -> bool:
        """Whether it forwards."""
        return self._listener is not None

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._server)
            except OSError:
                return
            with self._lock:
                self._open |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(_BLOCK):
                if self._is_the_end(block):
                    self.cut()
                    return
                target.sendall(block)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._open -= {source, target}

    def _is_the_end(self, block: bytes) -> bool:
        if self._cut_at is None or self._cut_at[0] not in block:
            return False
        words, number = self._cut_at
        self._cut_at = (words, number - 1)
        return number == 1
