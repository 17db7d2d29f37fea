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
_LONGEST_WORDS = 256


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
        with self._lock:
            self._cut_at = (words, number)

    @property
    def whole(self) -> bool:
        """Whether it forwards."""
        return self._listener is not None

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            with self._lock:
                if self._listener is not listener:  # cut while this one was let in
                    client.close()
                    server.close()
                    return
                self._open |= {client, server}
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            before = b""  # words may come in two blocks
            while block := client.recv(_BLOCK):
                if self._ends_at(before, block):
                    self.cut()
                    return
                server.sendall(block)
                before = (before + block)[-_LONGEST_WORDS:]
        self._close(client, server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := server.recv(_BLOCK):
                if self._keeps_the_answer():
                    self.cut()
                    return
                client.sendall(block)
        self._close(server, client)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._open -= set(ends)

    def _ends_at(self, before: bytes, block: bytes) -> bool:
        """Whether what is asked is the last: it does not reach the server."""
        with self._lock:
            if self._cut_at is None:
                return False
            words, number = self._cut_at
            seen = before[max(0, len(before) - len(words) + 1) :] + block
            number -= seen.count(words)
            self._cut_at = (words, number) if number > 0 else None
            return number <= 0

    def _keeps_the_answer(self) -> bool:
        """Whether an answer is the first that is lost."""
        return False
