"""Follows the bundle's pointer, so that every process swaps within a second of ``crossfade index`` or a rollback."""

from __future__ import annotations

import logging
import threading
import time
import weakref

from crossfade.engine import Recommender
from crossfade.errors import BundleError

__all__ = ["watch"]

_log = logging.getLogger(__name__)

_INTERVAL_S = 0.5
# A refused version is tried again, because its files may still be on their way; checking them all is not cheap.
_PATIENCE_S = 10.0

_watched: weakref.WeakSet[Recommender] = weakref.WeakSet()


def watch(recommender: Recommender) -> None:
    """Have the recommender serve what the pointer names from now on; a second call for the same one does nothing.

    A version that cannot be served is logged, and the present one goes on. The thread that does this ends with the
    recommender, which it does not keep alive, or with the process.
    """
    if recommender in _watched:
        return
    _watched.add(recommender)
    ended = threading.Event()
    weakref.finalize(recommender, ended.set)
    follower = _Follower(weakref.ref(recommender), ended)
    threading.Thread(target=follower.run, name="crossfade-pointer", daemon=True).start()


class _Follower:
    def __init__(self, recommender: weakref.ref[Recommender], ended: threading.Event) -> None:
        self._recommender = recommender
        self._ended = ended
        self._complaint = ""
        self._refused = ""
        self._again_at = 0.0

    def run(self) -> None:
        while not self._ended.wait(_INTERVAL_S):
            self._look()

    def _look(self) -> None:
        recommender = self._recommender()
        if recommender is None:
            return
        pointed_at = ""
        try:
            pointed_at = recommender.store.current()
            if pointed_at == self._refused and time.monotonic() < self._again_at:
                return
            if recommender.reload():
                _log.info("serving %s", pointed_at)
            self._refused = self._complaint = ""
        except (BundleError, OSError) as error:
            self._complain(f"{error}; going on with {recommender.bundle.version}")
        except Exception:  # noqa: BLE001 - the thread's outermost edge: what it does not foresee must not end it
            _log.exception("following the pointer failed; going on with %s", recommender.bundle.version)
        else:
            return
        self._refused, self._again_at = pointed_at, time.monotonic() + _PATIENCE_S

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            _log.error("%s", complaint)
            self._complaint = complaint
