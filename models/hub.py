"""Weights from a model hub: plain https downloads of single files that go on where they were interrupted."""

from __future__ import annotations

from pathlib import Path

import httpx

from models.origins import Job, OriginError
from models.registry import File, HubOrigin


def deliver_from_hub(
    origin: HubOrigin, job: Job, *, url: str, time_limits_s: tuple[float, float] = (5.0, 20.0)
) -> None:
    """Download every missing file of a repository.

    Args:
        origin: the repository.
        job: what to fetch.
        url: address of the hub or of its mirror.
        time_limits_s: seconds to wait for a connection, and for the next bytes on it.

    Raises:
        OriginError: when the hub is out of reach, falls silent or lacks a file.
    """
    try:
        with _client(*time_limits_s) as client:
            for file in list(job.missing):
                address = f"{url.rstrip('/')}/{origin.repository}/resolve/{origin.revision}/{file.upstream_name}"
                _download(client, address, file, job)
    except httpx.HTTPStatusError as error:
        raise OriginError(f"answers {error.response.status_code} for {error.request.url}") from error
    except httpx.TimeoutException as error:
        raise OriginError(f"out of reach: no answer in time ({type(error).__name__})") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OriginError(f"out of reach: {error}") from error


def _client(connect_s: float, read_s: float) -> httpx.Client:
    """A client with the user's proxy and certificate settings, which may be wrong."""
    try:
        return httpx.Client(timeout=httpx.Timeout(read_s, connect=connect_s), follow_redirects=True)
    except (ImportError, OSError, ValueError) as error:
        raise OriginError(f"the settings of the proxy or the certificates don't work: {error}") from error


def _download(client: httpx.Client, address: str, file: File, job: Job) -> None:
    path = job.workspace / f"{file.sha256}.resumed"
    resumed = path.exists() and path.stat().st_size > 0
    _stream(client, address, path, file, job)
    # A beginning that an earlier run left may be what is wrong; a download that is all of today's gets no second try.
    if not job.accept(file, path) and resumed:
        _stream(client, address, path, file, job)
        job.accept(file, path)


def _stream(client: httpx.Client, address: str, path: Path, file: File, job: Job) -> None:
    """Append to ``path`` what it lacks; start again where the server can't go on in the middle."""
    have = path.stat().st_size if path.exists() else 0
    if have >= file.size:
        return
    # Without compression, the bytes of a range are the bytes of the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", address, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            path.unlink()  # the file there is shorter than the beginning kept here: start again
            raise OriginError(f"{file.name} there is shorter than {have} bytes; the next fetch starts it again")
        response.raise_for_status()
        goes_on = response.status_code == httpx.codes.PARTIAL_CONTENT
        with path.open("ab" if goes_on else "wb") as output:
            # Blocks as they come: gathering larger ones would lose the last of them when the connection breaks.
            for block in response.iter_bytes():
                if output.tell() + len(block) > file.size:
                    output.close()
                    path.unlink()
                    raise OriginError(f"refused: {file.name} is longer than the {file.size} bytes that it should have")
                output.write(block)
                job.report(output.tell())
