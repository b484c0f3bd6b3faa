"""Foreign libraries without their chatter."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

__all__ = ["quiet"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and log lines below errors of the enclosed calls from the user.

    For fetching, loading and exporting a model alone: the hub's client, torch, transformers and onnxruntime announce
    retries, deprecations between one another and the steps of their work, and nothing of it is for the person who runs
    ``crossfade index``. What goes wrong is raised.
    """
    previous = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(max(previous, logging.WARNING))
        try:
            yield
        finally:
            logging.disable(previous)
