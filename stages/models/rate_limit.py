"""At most so many requests a minute, over all threads."""

import threading
import time
from collections.abc import Callable


class RateLimit:
    """A token bucket, kept as the time at which the next request may start.

    Args:
        per_minute: Requests a minute, above 0.
        clock: Seconds that only grow.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 60 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = float("-inf")

    def wait(self) -> None:
        """Returns when a request may start; requests are evenly spaced, without bursts."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            self._next = start + self._interval
        if start > now:
            self._sleep(start - now)
