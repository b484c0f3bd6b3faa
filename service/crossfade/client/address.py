"""Where a service is and with which key it is asked: between our requests and replies and httpx's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self, TypedDict

import httpx

from crossfade.client.exchange import Reply, Unreached
from crossfade.client.repeating import Send, retry_after_s

__all__ = ["Address", "Arguments"]


class Arguments(TypedDict):
    """What ``request`` of a client of httpx takes."""

    method: str
    url: str
    content: bytes | None
    headers: dict[str, str]
    timeout: float
    follow_redirects: bool


@dataclass(frozen=True)
class Address:
    """A service's address.

    Attributes:
        base: Its URL, without a slash at the end.
        name: Scheme, host and port, for messages.
        headers: That go along with every request; not shown, for the key is among them.
    """

    base: str = field(repr=False)
    name: str
    headers: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, base_url: str, key: str | None) -> Self:
        """Return the address of a service.

        Raises:
            ValueError: If it is no URL of HTTP, or the key holds what no header can; the message holds no key.
        """
        try:
            url = httpx.URL(base_url)
        except httpx.InvalidURL as error:
            raise ValueError(f"base_url: {error}") from error
        if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
            raise ValueError("base_url: expected a URL such as http://127.0.0.1:8000, without query or fragment")
        headers = {"Accept": "application/json, application/problem+json"}
        if key is not None:
            if not key or not key.isascii() or not key.isprintable() or " " in key:
                raise ValueError("key: expected printable ASCII without blanks; was a line's end read along with it?")
            headers["Authorization"] = f"Bearer {key}"
        port = "" if url.port is None else f":{url.port}"
        return cls(str(url).rstrip("/"), f"{url.scheme}://{url.host}{port}", headers)

    def arguments_of(self, step: Send) -> Arguments:
        """Return what to give to ``request`` of a client of httpx."""
        request = step.request
        with_type = {} if request.body is None else {"Content-Type": "application/json"}
        return {
            "method": request.method,
            "url": self.base + request.target,
            "content": request.body,
            "headers": {**self.headers, **with_type},
            "timeout": step.timeout_s,
            "follow_redirects": False,  # the key is for nobody else
        }

    def reply_of(self, response: httpx.Response) -> Reply:
        """Return what came back."""
        return Reply(
            status=response.status_code,
            media_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            content=response.content,
            retry_after_s=retry_after_s(response.headers.get("Retry-After")),
        )

    def unreached(self, error: httpx.RequestError) -> Unreached:
        """Return why nothing came back; in words alone, because the error holds the request and so the key."""
        sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        return Unreached(f"{self.name}: {type(error).__name__}: {error}".rstrip(": "), sent)
