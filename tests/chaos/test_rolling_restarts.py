"""Every service is replaced, one process after the other; no visitor and no editor notices."""

from __future__ import annotations

import contextlib
import getpass

import pytest
from tantrum_stack.ports import free_ports
from tantrum_stack.testing import temporary_place

from ..load.generator import Plan
from ..load.generator import running as loading
from ..load.signing_in import api_token
from .edge import edge
from .links import HOST, Link
from .parts import Part, serving_grpc, serving_http
from .product import KEY, Product, database_settings, engines_running

pytestmark = pytest.mark.integration

EDITOR = ("load@example.com", "a password for a test")
CREDENTIAL = "a credential for tests by which services write"
DRAIN_SECONDS = 1.5
REQUESTS_PER_SECOND = 300
PATIENCE_SECONDS = 7
"""For one request: what is slow on a busy machine has not failed."""


class Service:
    """Processes of one service, behind a link that new connections find the newest through."""

    def __init__(self, product, stack, name, **settings):
        self._product = product
        self._stack = stack
        self._name = name
        self._settings = settings
        self._number = 0
        self._part = None
        self.link = Link()

    def start(self):
        """Start a process, which takes the connections that come from now on."""
        [port] = free_ports(1)
        self._number += 1
        command = self._product.service(
            self._name,
            number=self._number,
            grpc_address=f"{HOST}:{port}",
            metrics_port="",
            drain_seconds=DRAIN_SECONDS,
            **self._settings,
        )
        part = Part(command, serving_grpc(f"{HOST}:{port}"), self._product.log(command.name))
        self._stack.callback(part.stop)
        part.start()
        self.link.ports = (port,)
        self._part = part

    def replace(self):
        before = self._part
        self.start()
        assert before.stop() == 0


@contextlib.contextmanager
def site():
    """nginx's address, and behind it three gateways, catalog and search."""
    with temporary_place() as place, contextlib.ExitStack() as stack:
        product = Product(place.folder)
        stack.callback(product.http.close)
        database, redis_url = stack.enter_context(engines_running(product, place, stack))
        database_link = stack.enter_context(Link(database.port))
        for_catalog = database_settings(database, database_link)
        for verb in ("migrate", "seed"):
            product.run(product.service("catalog", verb=verb, **for_catalog))
        product.create_editor(*EDITOR, **for_catalog)
        catalog = Service(product, stack, "catalog", service_credential=CREDENTIAL, **for_catalog)
        stack.enter_context(catalog.link)
        catalog.start()
        search = Service(
            product, stack, "search", catalog_address=catalog.link.address, page_token_key=KEY
        )
        stack.enter_context(search.link)
        search.start()
        edge_port, *ports = free_ports(4)
        gateways = []
        for number, port in enumerate(ports, 1):
            command = product.service(
                "gateway",
                number=number,
                http_address=f"{HOST}:{port}",
                catalog_address=catalog.link.address,
                search_address=search.link.address,
                service_credential=CREDENTIAL,
                redis_url=redis_url,
                metrics_port="",
                drain_seconds=DRAIN_SECONDS,
                request_timeout_seconds=PATIENCE_SECONDS,
                suggest_timeout_seconds=PATIENCE_SECONDS,
                slow_request_seconds=PATIENCE_SECONDS,
                # All visitors have the address of this machine.
                limit_read="",
                limit_search="",
                limit_suggest="",
            )
            gateway = Part(
                command, serving_http(f"http://{HOST}:{port}"), product.log(command.name)
            )
            stack.callback(gateway.stop)
            gateway.start()
            gateways.append(gateway)
        front = edge(place.folder, getpass.getuser(), edge_port, ports)
        stack.callback(front.stop)
        front.start()
        yield f"http://{HOST}:{edge_port}", gateways, catalog, search


def test_all_services_are_replaced_under_load_without_a_failed_request(capsys):
    def say(text):
        with capsys.disabled():
            print(f"\n{text}")

    with site() as (url, gateways, catalog, search):
        plan = Plan(
            edge_url=url,
            api_token=api_token(url, *EDITOR),
            requests_per_second=REQUESTS_PER_SECOND,
            late_seconds=PATIENCE_SECONDS + 1,
            before_seconds=2,
            after_seconds=1,
        )
        with loading(plan, say=say) as load, load.event("a rolling restart") as event:
            for gateway in gateways:
                assert gateway.stop() == 0
                gateway.start()
            catalog.replace()
            search.replace()

    event.assert_no_failures()
    assert event.during.written
