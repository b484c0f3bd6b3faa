"""A model of the Hugging Face hub as a local folder, by the hub's own client."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from crossfade.errors import EncoderError
from crossfade_indexing.encoders.quiet import quiet

__all__ = ["fetch_model"]

# The client would wait for a silent network as long as the operating system does, and retry five times.
_CONNECT_TIMEOUT_S = 5.0
# Neither pickled weights nor other frameworks'; the folders onnx/ and openvino/ match none of these at the top.
_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNWANTED = ["onnx/*", "openvino/*"]


def fetch_model(repository: str) -> Path:
    """Return the folder of a model, downloaded if the client's own cache does not hold it yet.

    What is in the cache is used as it is, so that the network is asked once.

    Raises:
        EncoderError: If it is not there and cannot be downloaded; the message says why.
    """
    from huggingface_hub import HfApi, snapshot_download  # noqa: PLC0415 - a second to import, and seldom needed
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    download = partial(snapshot_download, repository, allow_patterns=_WANTED, ignore_patterns=_UNWANTED)
    try:
        return Path(download(local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    except ValueError as error:
        raise EncoderError(f"{repository!r} is neither a folder nor a model's name ({_line(error)})") from error
    try:
        with quiet():
            revision = HfApi().model_info(repository, timeout=_CONNECT_TIMEOUT_S).sha
        return Path(download(revision=revision))
    except Exception as error:  # the client's HTTP library, and with it what is raised, changes with its version
        raise EncoderError(f"the model hub does not give {repository!r} ({_line(error)})") from error


def _line(error: Exception) -> str:
    """The first line of a message; the hub's go on with advice for its own users."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
