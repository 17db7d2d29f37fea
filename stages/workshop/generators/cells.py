"""What is generated, how and for what: the cells of a grade, and what each of them holds."""

from dataclasses import dataclass

from policies.graded_task import Domain, Method


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A way of making data for one domain."""

    domain: Domain
    method: Method

    @property
    def name(self) -> str:
        """For files and journals."""
        return f"{self.domain}_{self.method}"

    @property
    def metric(self) -> str:
        """As metrics end: `math.instance`."""
        return f"{self.domain}.{self.method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Something to teach: an instruction and what to answer.

    Attributes:
        id: Unique within its set.
        instruction: Not empty; of others, never obeyed.
        response: Not empty, the same; empty only in material that holds instructions alone.
    """

    id: str
    instruction: str
    response: str
