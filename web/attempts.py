"""How often a wrong password may be tried, over all processes of a server.

What this module does not do: look at a password (`web.sessions`), or answer who has to wait (`web.login`).
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from access.shared import Away, Name, Shared

_TAKE = """
local now, longest, full = tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
  local burst, interval = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  full[i] = tonumber(redis.call('GET', key) or '0')
  longest = math.max(longest, full[i] - (burst - 1) * interval - now)
end
if longest > 0 then return string.format('%.17g', longest) end
for i, key in ipairs(KEYS) do
  local after = math.max(full[i], now) + tonumber(ARGV[2 * i + 1])
  redis.call('SET', key, string.format('%.17g', after), 'PX', math.ceil((after - now) * 1000))
end
return '0'
"""
_GIVE_BACK = """
local now = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local after = tonumber(redis.call('GET', key) or '0') - tonumber(ARGV[2 * i + 1])
  if after > now then
    redis.call('SET', key, string.format('%.17g', after), 'PX', math.ceil((after - now) * 1000))
  else
    redis.call('DEL', key)
  end
end
return '0'
"""


class Attempts:
    """How often a wrong password may be tried: a few at once, then one each interval; by address and in all.

    Nobody is locked out for longer than an interval, and what is kept is bounded. The address is the connection's own,
    so that no header gains anything. What is shared counts beside what this process knows: either may refuse.

    Args:
        clock: seconds, for this process.
        shared: where several processes count together.
        wall: seconds that all of them know.
    """

    BURST, INTERVAL_S = 5, 10.0
    BURST_IN_ALL, INTERVAL_IN_ALL_S = 50, 1.0
    MOST_ADDRESSES = 10_000

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        shared: Shared | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._wall = wall
        self._in_all = 0.0
        self._by_address: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> float:
        """Count an attempt, and say 0; or seconds until there may be one, and count nothing.

        It is counted before the password is looked at, so that many at once are no way around it.
        """
        network = _network(address)
        with self._lock:
            if (wait_s := self._wait_s(network)) == 0.0:
                self._count(network)
        if wait_s == 0.0 and (wait_s := self._together(_TAKE, network)) > 0.0:
            with self._lock:
                self._uncount(network)
        return wait_s

    def give_back(self, address: str) -> None:
        """Take an attempt for none, since it was the right password."""
        network = _network(address)
        with self._lock:
            self._uncount(network)
        self._together(_GIVE_BACK, network)

    def _wait_s(self, network: str) -> float:
        mine = self._by_address.get(network, 0.0) - (self.BURST - 1) * self.INTERVAL_S
        in_all = self._in_all - (self.BURST_IN_ALL - 1) * self.INTERVAL_IN_ALL_S
        return max(0.0, max(mine, in_all) - self._clock())

    def _count(self, network: str) -> None:
        now = self._clock()
        self._in_all = max(self._in_all, now) + self.INTERVAL_IN_ALL_S
        self._by_address[network] = max(self._by_address.pop(network, 0.0), now) + self.INTERVAL_S
        while len(self._by_address) > self.MOST_ADDRESSES:
            self._by_address.popitem(last=False)

    def _uncount(self, network: str) -> None:
        self._in_all -= self.INTERVAL_IN_ALL_S
        if network in self._by_address:
            self._by_address[network] -= self.INTERVAL_S

    def _together(self, script: str, network: str) -> float:
        """The same in what is shared; 0 when that is away, and this process counts for itself."""
        names: list[Name] = [("attempts", network), ("attempts",)]
        values = [self._wall(), self.BURST, self.INTERVAL_S, self.BURST_IN_ALL, self.INTERVAL_IN_ALL_S]
        if self._shared:
            with suppress(Away):
                return float(self._shared.run(script, names, values))
        return 0.0


def _network(address: str) -> str:
    """What counts as one address: of IPv6 the half that a provider gives to one customer."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
