"""What an editor does before a program of theirs writes: sign in, and make it an API token."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import Any


def api_token(edge_url: str, email: str, password: str) -> str:
    """Return an API token by which `Editor` may write, made in a session that is over then."""
    session = f"{edge_url}/v1/admin/session"
    signed_in, headers = _asked("POST", session, {"email": email, "password": password})
    cookies = [each.partition(";")[0] for each in headers.get_all("Set-Cookie", [])]
    proof = {"Cookie": "; ".join(cookies), "X-CSRF-Token": signed_in["csrfToken"]}
    token = {"name": "load", "scopes": ["read", "shows:write"]}
    made, _ = _asked("POST", f"{edge_url}/v1/admin/api-tokens", token, proof)
    _asked("DELETE", session, None, proof)
    return str(made["token"])


def _asked(
    method: str, url: str, values: object, headers: Mapping[str, str] | None = None
) -> tuple[Any, Message]:
    body = None if values is None else json.dumps(values).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        text = reply.read()
        return (json.loads(text) if text else None), reply.headers
