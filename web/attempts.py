"""How often a wrong password may be tried.

What this module does not do: look at a password (`web.sessions`), or answer who has to wait (`web.login`).
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable


class Attempts:
    """How often a wrong password may be tried: a few at once, then one each interval; by address and in all.

    Nobody is locked out for longer than an interval, and what is kept is bounded. The address is the connection's own,
    so that no header gains anything.
    """

    BURST, INTERVAL_S = 5, 10.0
    BURST_IN_ALL, INTERVAL_IN_ALL_S = 50, 1.0
    MOST_ADDRESSES = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_all = 0.0
        self._by_address: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until a password from this address is looked at again; 0 for now."""
        mine = self._by_address.get(_network(address), 0.0) - (self.BURST - 1) * self.INTERVAL_S
        in_all = self._in_all - (self.BURST_IN_ALL - 1) * self.INTERVAL_IN_ALL_S
        return max(0.0, max(mine, in_all) - self._clock())

    def failed(self, address: str) -> None:
        """Count a wrong password."""
        now, key = self._clock(), _network(address)
        self._in_all = max(self._in_all, now) + self.INTERVAL_IN_ALL_S
        self._by_address[key] = max(self._by_address.pop(key, 0.0), now) + self.INTERVAL_S
        while len(self._by_address) > self.MOST_ADDRESSES:
            self._by_address.popitem(last=False)


def _network(address: str) -> str:
    """What counts as one address: of IPv6 the half that a provider gives to one customer."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
