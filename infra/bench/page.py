"""How long the annotators' page takes with 50 people voting at once, beside a bare web server.

A process of its own serves a batch over HTTP from a ballot box in SQLite; another plays the people,
each on a connection of their own. A person posts a vote and is sent to the next pair, so that what
they wait for is both requests together. Two ways of voting:

- with a second of thought after each vote, which is still several times faster than people read;
- without any thought: 50 people who press a key the moment a pair is shown. That loop is closed, so
  its times are those of a machine that is never idle.

The bare server is a Starlette application that answers with a text of the same length, asked in the
same two steps by the same people.
"""

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np

from stages.side_by_side.ballots.box import open_ballots
from stages.side_by_side.batch import Batch, Terms
from stages.side_by_side.pairs import Pair
from tests.servers.ballot_server import link, now

PEOPLE = 50
PAIRS = 400
OVERLAP = 25
THOUGHT_SECONDS = 1.0
VOTES_WITH_THOUGHT = 12
VOTES_WITHOUT = 12
DEMANDED_MS = 50
BATCH = "bench"
ANSWER = (
    "The **river** runs through the town; see [the map](https://example.org/map).\n\n"
    "1. Walk to the bridge.\n2. Turn left.\n\n```python\nprint('here')\n```\n\n"
) * 6

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

async def page(request):
    return PlainTextResponse("x" * 14_000)

async def vote(request):
    await request.body()
    return RedirectResponse("/", status_code=303)

app = Starlette(routes=[Route("/", page), Route("/vote", vote, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error", lifespan="off")
"""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    head: str
    body: str


@dataclass
class Person:
    """Somebody with a browser that keeps its connection and its cookie."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str
    cookie: str = ""

    async def ask(self, method: str, path: str, body: str = "") -> Reply:
        """One request, and its whole reply."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"host: {self.host}",
            "sec-fetch-site: same-origin",
            f"cookie: {self.cookie}",
        ]
        if method == "POST":
            lines += ["content-type: application/x-www-form-urlencoded"]
            lines += [f"content-length: {len(body)}"]
        self.writer.write("\r\n".join([*lines, "", body]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head)
        text = await self.reader.readexactly(int(length.group(1))) if length else b""
        return Reply(int(head.split()[1]), head, text.decode())


Vote = Callable[[Person, Reply], Awaitable[Reply]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """How people vote."""

    name: str
    votes: int
    thought: float


LOADS = (
    Load(
        name=f"{THOUGHT_SECONDS:g} s of thought", votes=VOTES_WITH_THOUGHT, thought=THOUGHT_SECONDS
    ),
    Load(name="no thought at all", votes=VOTES_WITHOUT, thought=0.0),
)


def main() -> None:
    """Prints both loads, for the page and for the bare server."""
    busy, cores = os.getloadavg()[0], os.cpu_count()
    print(f"{cores} cores, load average {busy:.1f} before: the demand is of an idle machine of two")
    for load in LOADS:
        with bare() as origin:
            base = asyncio.run(crowd([origin] * PEOPLE, load, vote_bare))
        with tempfile.TemporaryDirectory() as folder, ballots(Path(folder)) as served:
            before = cpu_seconds(served.process)
            own = asyncio.run(crowd(served.links, load, vote_here))
            spent = 1000 * (cpu_seconds(served.process) - before) / own.shape[1]
        for name, plain, here in zip(("vote", "next pair", "both"), base, own, strict=True):
            slow, fast = (np.quantile(times, 0.95) for times in (here, plain))
            demanded = f" (demanded: below {DEMANDED_MS} ms)" if load.thought else ""
            print(
                f"{PEOPLE} people, {load.name}: {name}: 95th percentile {slow:.1f} ms, median "
                f"{np.median(here):.1f} ms; bare server {fast:.1f} ms, ratio {slow / fast:.1f}"
                f"{demanded}"
            )
        print(f"{PEOPLE} people, {load.name}: {spent:.1f} ms of processor time a vote")


async def crowd(links: list[str], load: Load, vote: Vote) -> np.ndarray:
    """Milliseconds of every vote, of the page after it, and of both; shape (3, votes)."""
    rng = np.random.default_rng(1)
    waits = rng.uniform(0, load.thought, PEOPLE)
    people = [vote_through(link, load, vote, wait) for link, wait in zip(links, waits, strict=True)]
    times = await asyncio.gather(*people)
    return 1000 * np.concatenate(times, axis=1)


async def vote_through(address: str, load: Load, vote: Vote, wait: float) -> np.ndarray:
    """One person's votes; they begin at different moments."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=2**20)
    person = Person(reader, writer, url.netloc)
    entered = await person.ask("GET", url.path or "/")
    person.cookie = cookie_of(entered)
    page = await person.ask("GET", "/")
    times = []
    await asyncio.sleep(wait)
    for _ in range(load.votes):
        began = time.perf_counter()
        voted = await vote(person, page)
        assert voted.status == HTTPStatus.SEE_OTHER, voted
        between = time.perf_counter()
        page = await person.ask("GET", "/")
        ended = time.perf_counter()
        assert page.status == HTTPStatus.OK, page
        times.append((between - began, ended - between, ended - began))
        await asyncio.sleep(load.thought)
    writer.close()
    return np.array(times).T


async def vote_here(person: Person, page: Reply) -> Reply:
    """A vote on what a page shows."""
    fields = dict(re.findall(r'name="(form|ticket)" value="([^"]+)"', page.body))
    return await person.ask("POST", "/vote", encoded({**fields, "verdict": "2", "seconds": "1.0"}))


async def vote_bare(person: Person, page: Reply) -> Reply:
    """As many bytes, to a server that does nothing with them."""
    del page
    return await person.ask("POST", "/vote", "x" * 250)


def encoded(fields: Mapping[str, str]) -> str:
    """A form's body."""
    return "&".join(f"{name}={quote(value)}" for name, value in fields.items())


def cookie_of(reply: Reply) -> str:
    """The cookie that a reply sets; empty for none."""
    found = re.search(r"set-cookie: ([^;]+)", reply.head)
    return found.group(1) if found else ""


@dataclass(frozen=True)
class Served:
    """The pages in a process of their own, and a link per person."""

    process: int
    links: list[str]


def cpu_seconds(process: int) -> float:
    """Processor time that a process took so far, as Linux counts it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def ballots(folder: Path) -> Iterator[Served]:
    """The pages of a batch."""
    pairs = tuple(
        Pair(
            prompt=f"p{n}",
            messages=({"role": "user", "content": f"How do I get to place {n}?"},),
            model_a="new",
            model_b="old",
            answer_a=f"{ANSWER}Place {n}.",
            answer_b=f"Place {n}.\n\n{ANSWER}",
        )
        for n in range(PAIRS)
    )
    terms = Terms(
        name=BATCH,
        policy="release",
        candidates=("new",),
        baseline="old",
        prompts=PAIRS,
        overlap=OVERLAP,
        seed=1,
    )
    with open_ballots(str(folder)) as box:
        box.batches.open(Batch(terms=terms, pairs=pairs), now=now())
        for number in range(PEOPLE):
            box.people.add(BATCH, f"person-{number}", now=now())
        command = [sys.executable, "-m", "tests.servers.ballot_server", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            origin = process.stdout.readline().strip()
            links = [link(origin, box, BATCH, f"person-{n}") for n in range(PEOPLE)]
            yield Served(process.pid, links)
            process.terminate()


@contextlib.contextmanager
def bare() -> Iterator[str]:
    """A server that does nothing, in a process of its own; yields its address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = int(unused.getsockname()[1])
    with subprocess.Popen([sys.executable, "-c", BARE, str(port)]) as process:
        asyncio.run(answering(port))
        yield f"http://127.0.0.1:{port}"
        process.terminate()


async def answering(port: int) -> None:
    """Returns once a server takes connections."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    sys.exit("the bare server did not start")


if __name__ == "__main__":
    main()
