"""Something signed that cannot be believed."""

from policies.errors import Broken


class Untrusted(Broken):
    """A signed file or record that cannot be believed: altered, forged, replaced or out of date."""
