"""Ask the edge for shows as a browser does; exits with a sentence where something is wrong."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

TLS = ssl.create_default_context()
# The certificate has the public name, and this comes by the Service's.
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


def asked(path: str, **headers: str) -> tuple[int, Any, bytes]:
    """Return the status, the headers and the body of what is at *path*."""
    # The address is the chart's own.
    request = urllib.request.Request(sys.argv[1] + path, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10, context=TLS) as response:  # noqa: S310
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def main() -> None:
    path = "/v1/shows?pageSize=1"
    status, headers, body = asked(path)
    if status != HTTPStatus.OK:
        sys.exit(f"{path} answers {status}: {body.decode(errors='replace')}")
    show_count = json.loads(body)["totalSize"]
    if show_count < int(sys.argv[2]):
        sys.exit("The catalogue is empty: look at the log of the Job whose name has `migrations`.")
    status, _, _ = asked(path, **{"If-None-Match": headers["ETag"]})
    if status != HTTPStatus.NOT_MODIFIED:
        sys.exit(f"{path} answers {status} to who has its answer already, not 304")
    status, _, body = asked("/v1/search?q=blue&pageSize=1")
    if status != HTTPStatus.OK:
        sys.exit(f"The search answers {status}: {body.decode(errors='replace')}")
    print(f"The edge serves {show_count} shows, and the search answers.")


main()
