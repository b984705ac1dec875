"""An editor's first steps over HTTP: sign in, and make an API token for a program."""

from __future__ import annotations

import json
import urllib.request


def api_token(edge_url, email, password, scopes):
    """Return an API token of that editor, by a session that ends with it."""
    session = f"{edge_url}/v1/admin/session"
    signed_in, headers = _asked("POST", session, {"email": email, "password": password})
    cookies = [each.partition(";")[0] for each in headers.get_all("Set-Cookie")]
    proof = {"Cookie": "; ".join(cookies), "X-CSRF-Token": signed_in["csrfToken"]}
    token = {"name": "load", "scopes": scopes}
    made, _ = _asked("POST", f"{edge_url}/v1/admin/api-tokens", token, proof)
    _asked("DELETE", session, None, proof)
    return made["token"]


def _asked(method, url, values, headers=None):
    body = None if values is None else json.dumps(values).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        text = reply.read()
        return (json.loads(text) if text else None), reply.headers
