"""Who is let in: API keys, what each role may do, how often, and for how long a request may take.

``keys`` knows the keys, ``rules`` what each operation asks for, ``rate`` counts, ``doors`` decides. An application puts
its doors into the scope of each request, and ``problem_route`` asks them before it reads a body; a router in somebody
else's application finds none there and leaves the matter to the host.
"""

from crossfade.api.doors.keys import KeyBook, KeyRing, LiveKeys, Role

__all__ = ["KeyBook", "KeyRing", "LiveKeys", "Role"]
