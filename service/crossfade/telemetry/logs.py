"""The log: a line for each request, as text or as JSON, without a person's or an item's id."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Literal

__all__ = ["configure_logging", "frames_of", "log_request"]

_requests = logging.getLogger("crossfade.requests")

_FIELDS = "crossfade_fields"
_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configure_logging(level: str, log_format: Literal["text", "json"] = "text") -> None:
    """Send what Crossfade and its server log to standard error; for a process that is ours, never a host's.

    Uvicorn's access log is turned off: it holds whole paths, and so ids.

    Args:
        level: The least level that is logged, as ``logging`` names it, in any case.
        log_format: Lines for people, or one JSON object per line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else logging.Formatter(_TEXT))
    for name in ("crossfade", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False  # a handler that some library put on the root would say everything twice
    logging.getLogger("crossfade").setLevel(level.upper())
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


class _JsonFormatter(logging.Formatter):
    """One JSON object per record: ``time`` (UTC), ``level``, ``logger``, ``message``, and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said: dict[str, object] = {
            "time": f"{seconds}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def log_request(
    method: str, route: str, status: int | None, duration_ms: float, more: Mapping[str, str | None]
) -> None:
    """Log one request.

    Args:
        method: Of HTTP; ``-`` for one it does not have.
        route: The route's template (``/v1/users/{user_id}/similar``), so that no id enters the log; ``-`` where no
            route matched.
        status: Of the answer; None where the caller left before.
        duration_ms: Until the answer had been handed to the server.
        more: What else is known, by name; None where it is not.
    """
    if not _requests.isEnabledFor(logging.INFO):
        return
    known = {name: value for name, value in more.items() if value is not None}
    fields = {"method": method, "route": route, "status": status, "duration_ms": round(duration_ms, 3), **known}
    line = f"{method} {route} {'-' if status is None else status} {duration_ms:.1f} ms"
    _requests.info(
        "%s", " ".join((line, *(f"{name}={value}" for name, value in known.items()))), extra={_FIELDS: fields}
    )


def frames_of(error: BaseException) -> str:
    """Return where an unexpected error arose, in lines, without its message: that may hold what a request sent.

    The errors it came from follow, each with its class.
    """
    lines: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines.append(f"{'from ' if len(seen) > 1 else ''}{type(cause).__module__}.{type(cause).__qualname__}")
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(cause.__traceback__)
        ]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines)
