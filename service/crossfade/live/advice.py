"""What to do when a database fails, as far as its own words tell."""

from __future__ import annotations

__all__ = ["reason"]


def reason(error: BaseException) -> str:
    """Return what the driver said, on one line, and what to do about it."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    for sign, advice in _ADVICE.items():
        if sign in said.lower():
            return f"{said}; {advice}"
    return said


_ADVICE = {  # the first that fits
    "unable to open": "check that the folder is there and may be written",
    "readonly": "check that this user may write the file and its folder",
    "is not a database": "the file is of something else: name another",
    "malformed": "the file is damaged: restore a backup",
    "disk i/o": "check that the file is still there, and the disk that it is on",
    "is full": "make room on its disk, then ask again",
    "no space left": "make room on its disk, then ask again",
    "locked": "another process has been writing to it for too long: ask again, and end that process if it hangs",
    "lock timeout": "another session has been writing to it for too long: ask again, and end that session if it hangs",
    "queuepool": "too much is asked at once: ask again in a moment",
    "too many clients": "let the server take more connections, or run fewer workers",
    "connection slots": "let the server take more connections, or run fewer workers",
    "authentication": "check the user and the password in its URL",
    "permission denied": "grant the user of its URL all rights on its database or schema",
    "no schema has been selected": "create the schema that its URL names",
    "does not exist": "create it, or name another",
    "connect": "check that the server runs and can be reached from here",
}
