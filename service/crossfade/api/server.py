"""Runs the service in this process, or in several."""

from __future__ import annotations

import contextlib
import ipaddress
import math
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from crossfade.settings import ServiceSettings, read_settings

__all__ = ["run_server"]

# One thread per request in flight is what a worker has; pools inside NumPy, FAISS and ONNX would multiply with it.
# They read these when they are first imported.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_FACTORY = "crossfade.api.app:from_environment"
_LONGEST_HEAD = 64 << 10  # bytes of a request's line and headers


def run_server(
    bundle: Path,
    *,
    host: str,
    port: int,
    workers: int,
    auth: Literal["auto", "on", "off"] | None = None,
    live: str | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve a bundle until the process is told to stop; SIGTERM ends it with exit code 0, requests under way answered.

    Args:
        bundle: The store's directory.
        host: Address to listen on.
        port: Port to listen on, free.
        workers: Processes; each opens the bundle and shares its files' memory.
        auth: Whether callers need an API key; ``auto`` asks for one unless the address is a loopback one. Default:
            what the environment says.
        live: Where live data is kept. Default: what the environment says.
        on_ready: Called once requests are answered; with several workers, once they are being started.

    Raises:
        BundleError: If the bundle cannot be served.
        LiveError: If the live data cannot be opened.
        OSError: If the address cannot be listened on.
        SettingsError: If a variable of the environment is wrong or unknown.
    """
    settled = {"CROSSFADE_BUNDLE": str(bundle)} | ({"CROSSFADE_LIVE": live} if live is not None else {})
    unsettled = {name: "1" for name in _ONE_THREAD if name not in os.environ}
    with _environment(unsettled | settled):
        settings = read_settings()
        with _environment({"CROSSFADE_AUTH": _resolved(auth or settings.auth, host)}):
            _run(settings, host, port, workers, on_ready)


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment, which is how workers are told, and put back what was there before."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _run(settings: ServiceSettings, host: str, port: int, workers: int, on_ready: Callable[[], None]) -> None:
    import uvicorn  # noqa: PLC0415 - after the threads are settled

    from crossfade.bundle import BundleStore  # noqa: PLC0415 - as above

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready()

    BundleStore(settings.bundle).open_current()  # a clear error now, not one per worker later
    listening = _listen(host, port)
    options = _options(settings, host, port)
    # Uvicorn sends itself the signal again once it has ended, which would kill the process.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    if workers == 1:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how one stops it; uvicorn has finished by then
            Server(uvicorn.Config(_FACTORY, **options)).run(sockets=[listening])
        return
    listening.close()
    _open_live_data(settings)
    on_ready()
    with (
        tempfile.TemporaryDirectory(prefix="crossfade-metrics-") as counting,
        _environment({"PROMETHEUS_MULTIPROC_DIR": counting}),  # the workers count together
    ):
        uvicorn.run(_FACTORY, workers=workers, **options)


def _open_live_data(settings: ServiceSettings) -> None:
    """Make or migrate the database before the workers find it, with one clear error instead of one from each."""
    from crossfade.api.app import live_url  # noqa: PLC0415 - after the threads are settled
    from crossfade.live import LiveData  # noqa: PLC0415 - as above

    LiveData.open(live_url(settings)).close()


def _resolved(auth: Literal["auto", "on", "off"], host: str) -> Literal["on", "off"]:
    if auth != "auto":
        return auth
    return "off" if _is_loopback(host) else "on"


def _is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone; a name other than localhost may be anything."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _options(settings: ServiceSettings, host: str, port: int) -> dict[str, Any]:
    return {
        "factory": True,
        "host": host,
        "port": port,
        "access_log": False,
        "log_level": "warning",
        "http": "h11",  # the one parser whose limit on the head is ours to set
        "h11_max_incomplete_event_size": _LONGEST_HEAD,
        "server_header": False,
        "timeout_graceful_shutdown": math.ceil(settings.request_timeout_s),
    }


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OSError(f"cannot listen on {host}: {error.strerror}; choose another with --host") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port") from error
    return listening
