"""What the service says about itself: its log, how long the stages of a request took, traces.

Nothing here knows a web framework, so any layer may say ``with observe("look"):``. No id of a person or an item, no
text and no key goes into any of it.
"""

from crossfade.telemetry.logs import configure_logging, frames_of, log_request
from crossfade.telemetry.stages import Stage, collect, note, observe

__all__ = ["Stage", "collect", "configure_logging", "frames_of", "log_request", "note", "observe"]
