"""Runs the service in this process, or in several."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

__all__ = ["run_server"]

# One thread per request in flight is what a worker has; pools inside NumPy, FAISS and ONNX would multiply with it.
# They read these when they are first imported.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_FACTORY = "crossfade.api.app:from_environment"


def run_server(
    bundle: Path, *, host: str, port: int, workers: int, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serve a bundle until the process is told to stop.

    Args:
        bundle: The store's directory.
        host: Address to listen on.
        port: Port to listen on, free.
        workers: Processes; each opens the bundle and shares its files' memory.
        on_ready: Called once requests are answered; with several workers, once they are being started.

    Raises:
        BundleError: If the bundle cannot be served.
        OSError: If the address cannot be listened on.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    os.environ["CROSSFADE_BUNDLE"] = str(bundle)

    import uvicorn  # noqa: PLC0415 - after the threads are settled

    from crossfade.bundle import BundleStore  # noqa: PLC0415 - as above

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready()

    BundleStore(bundle).open_current()  # a clear error now, not one per worker later
    listening = _listen(host, port)
    options = uvicorn.Config(
        _FACTORY, factory=True, host=host, port=port, workers=workers, access_log=False, log_level="warning"
    )
    if workers == 1:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how one stops it; uvicorn has finished by then
            Server(options).run(sockets=[listening])
        return
    listening.close()
    on_ready()
    uvicorn.run(_FACTORY, factory=True, host=host, port=port, workers=workers, access_log=False, log_level="warning")


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
