"""What several processes of one server remember together, in a Redis: short texts under names, each for a time.

The only module that knows `redis`, which is imported when an address is set. A Redis that can't be used costs one call
a second or so, and those of the next moments nothing: they are told `Away` at once, and go on with what their own
process knows. What this module does not do: know what the texts mean, or keep what must outlive a Redis.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from access.origins import is_loopback
from schema import FootnoteError

WAIT_S = 0.5
"""The longest that connecting may take, and each answer."""
PAUSE_S = 1.0
"""After a failure nobody but one caller in so many seconds tries again."""
PREFIX = "footnote"

Value = TypeVar("Value")
Name = tuple[str, ...]
"""What kind of thing it is, and which one."""

_log = logging.getLogger(__name__)

_PUT_ONCE = """
local there = redis.call('GET', KEYS[1])
if there then return there end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('LPUSH', KEYS[2], KEYS[1])
while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[3]) do
  redis.call('DEL', redis.call('RPOP', KEYS[2]))
end
return false
"""


class Away(FootnoteError):  # noqa: N818  (what happened, not what broke)
    """What is remembered together can't be reached now."""


class Shared:
    """A Redis that several processes use at once; every method but `close` raises `Away` while it can't be used.

    Args:
        address: ``redis://HOST:PORT/NUMBER`` or ``rediss://``, without a password.
        password: of the Redis.
        clock: seconds.

    Raises:
        FootnoteError: when the package is missing, or others could read along with an address like this.
    """

    def __init__(self, address: str, password: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        check_address(address, has_password=bool(password))
        redis = _library()
        self.where = urlsplit(address).netloc.rpartition("@")[2]
        self.failures = 0
        """How often it could not be used."""
        self._clock = clock
        self._lock = threading.Lock()
        self._next_try: float | None = None
        self._faults = (redis.RedisError, OSError)
        try:
            self.pool = redis.ConnectionPool.from_url(
                address,
                password=password or None,
                protocol=2,
                decode_responses=True,
                socket_connect_timeout=WAIT_S,
                socket_timeout=WAIT_S,
                retry=_no_retry(),
            )
        except ValueError as error:
            raise FootnoteError(f"Setting shared: {address!r} is no address of a Redis: {error}.") from error
        self._client = redis.Redis(connection_pool=self.pool)

    @property
    def is_up(self) -> bool:
        """Whether it could be used when that was last tried."""
        return self._next_try is None

    def check(self) -> bool:
        """Whether it can be used now."""
        try:
            self.call(lambda redis: redis.ping())
        except Away:
            return False
        return True

    def put_once(self, name: Name, text: str, *, seconds: int, most: int) -> str | None:
        """Remember a text for so many seconds, unless there is one of this name: then that one is given back.

        Of this kind the newest ``most`` are remembered, so that nobody fills the memory with them.
        """
        names = [_key(name), _key((f"{name[0]}-newest",))]
        found: str | None = self.call(lambda redis: redis.eval(_PUT_ONCE, 2, *names, text, seconds, most))
        return found

    def put(self, name: Name, text: str, *, seconds: int) -> None:
        """Remember another text under a name."""
        self.call(lambda redis: redis.set(_key(name), text, ex=seconds))

    def take(self, name: Name) -> str | None:
        """The text of a name, which is forgotten with that: nobody gets it twice."""
        found: str | None = self.call(lambda redis: redis.getdel(_key(name)))
        return found

    def drop(self, name: Name) -> None:
        """Forget a name."""
        self.call(lambda redis: redis.delete(_key(name)))

    def run(self, script: str, names: Sequence[Name], values: Sequence[float]) -> str:
        """Run a script of Redis' (Lua), which nothing else happens in the middle of; the text that it returns."""
        keys = [_key(name) for name in names]
        return str(self.call(lambda redis: redis.eval(script, len(keys), *keys, *map(repr, values))))

    def call(self, work: Callable[[Any], Value]) -> Value:
        """Do something with the client, which is Redis' own."""
        self._let_try()
        try:
            done = work(self._client)
        except self._faults as error:
            self._failed(error)
            raise Away(f"The Redis at {self.where} can't be used: {error}.") from error
        self._succeeded()
        return done

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self.pool.disconnect()

    def _let_try(self) -> None:
        """Turn everybody away after a failure, but for one now and then, who may find that it is over."""
        with self._lock:
            if self._next_try is None:
                return
            now = self._clock()
            if now < self._next_try:
                raise Away(f"The Redis at {self.where} could not be used a moment ago.")
            self._next_try = now + PAUSE_S

    def _failed(self, error: Exception) -> None:
        with self._lock:
            is_news, self._next_try = self._next_try is None, self._clock() + PAUSE_S
            self.failures += 1
        if is_news:
            _log.error(
                "The Redis at %s can't be used: %s. Until it can, this process goes by its own counts.",
                self.where,
                error,
            )

    def _succeeded(self) -> None:
        if self._next_try is not None:
            with self._lock:
                is_news, self._next_try = self._next_try is not None, None
            if is_news:
                _log.warning("The Redis at %s can be used again.", self.where)


def open_shared(address: str, password: str) -> Shared | None:
    """What the settings say that is shared; ``None`` for an empty address, which is one process alone.

    A Redis that can't be used yet is no reason not to start; the log says it.

    Raises:
        FootnoteError: as `Shared`.
    """
    if not address:
        return None
    shared = Shared(address, password)
    shared.check()
    return shared


def check_address(address: str, *, has_password: bool) -> None:
    """Refuse a Redis on another machine that others could read along with, or use.

    Raises:
        FootnoteError: saying what to do.
    """
    parts = urlsplit(address)
    if is_loopback(parts.hostname or "") or (parts.scheme == "rediss" and has_password):
        return
    missing = "a password (FOOTNOTE_SHARED_PASSWORD)" if parts.scheme == "rediss" else "TLS (rediss://)"
    raise FootnoteError(
        f"Setting shared: the Redis at {parts.hostname} is not on this machine and has to be reached with TLS and a "
        f"password; {missing} is missing."
    )


def _key(name: Name) -> str:
    """The name in Redis: its kind and a hash, so that no person's name stands in it."""
    digest = hashlib.sha256(json.dumps(name).encode("ascii")).hexdigest()
    return f"{PREFIX}:{name[0]}:{digest}"


def _library() -> Any:
    try:
        import redis  # noqa: PLC0415  (few need it)
    except ImportError as error:
        raise FootnoteError(
            'The setting shared needs a package that is not installed: pip install "footnote[shared]"'
        ) from error
    return redis


def _no_retry() -> Any:
    """Each call is tried once: trying again is left to whoever asks next."""
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    return Retry(NoBackoff(), 0)
