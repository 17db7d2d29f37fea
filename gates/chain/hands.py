"""What custody of a workspace's records works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gates.chain.anchor import Anchor
from gates.chain.mirror import Mirror
from gates.ledger.chain_keeping import ChainKeeper
from gates.trust.keys import Signer
from gates.trust.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What custody of a workspace's records works with.

    Attributes:
        keeper: Keeps chains and lends the right to write them.
        mirror: Their second home.
        anchor: What was verified last.
        read_trust: Reads and verifies the trust file.
        read_trust_at_hand: The same, without asking the state for the newest version that was seen.
        read_signer: The key that signs here; None when there is none.
        environment: Says which job of a CI this is.
        clock: Says what time it is.
        tool_version: Version of the program.
    """

    keeper: ChainKeeper
    mirror: Mirror
    anchor: Anchor
    read_trust: Callable[[], Trust]
    read_trust_at_hand: Callable[[], Trust]
    read_signer: Callable[[], Signer | None]
    environment: Mapping[str, str]
    clock: Callable[[], datetime]
    tool_version: str
