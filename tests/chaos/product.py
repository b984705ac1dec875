"""The product in parts: real engines and services, with links between them that a test may slow."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tantrum_stack.ports import free_ports
from tantrum_stack.postgres import PostgresEngine
from tantrum_stack.processes import Command, run
from tantrum_stack.redis import RedisEngine
from tantrum_stack.testing import engine_needed, temporary_place

from .links import HOST, Link
from .parts import START_SECONDS, Part, serving_grpc, serving_http

CHECKOUT = Path(__file__).resolve().parents[2]
KEY = "a key for tests that signs tokens"


class Product:
    """Everything behind one gateway, and a client of it. To be made by `running`."""

    def __init__(self, folder):
        self._folder = folder
        self._years = itertools.count(2031)
        self.links = {}
        self.parts = {}
        self.http = httpx.Client(timeout=30)

    def service(self, name, *, verb="serve", number=1, **settings):
        """The command of a service, with its own settings and no others."""
        program = Path(sys.executable).with_name(f"tantrum-{name}")
        prefix = name.upper()
        environment = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        environment |= {f"{prefix}_{key.upper()}": str(value) for key, value in settings.items()}
        arguments = (verb, "--from", CHECKOUT / "data/catalogue") if verb == "seed" else (verb,)
        return Command(
            name=f"{name}-{verb}-{number}",
            argv=(program, *arguments),
            environment=environment,
            folder=CHECKOUT,
            stop_seconds=60,
        )

    def log(self, name):
        return self._folder / f"{name}.log"

    def run(self, command):
        asyncio.run(run(command, self.log(command.name), within_seconds=START_SECONDS))

    def create_editor(self, email, password, **for_catalog):
        """As the catalogue's page tells; nobody can write without one."""
        command = self.service("catalog", verb="create-editor", **for_catalog)
        subprocess.run(
            [*command.argv, email],
            input=password,
            text=True,
            env=command.environment,
            cwd=command.folder,
            timeout=START_SECONDS,
            check=True,
        )

    def get(self, path):
        return self.http.get(f"{self.url}{path}")

    def metrics(self):
        """What the gateway tells Prometheus."""
        return self.http.get(self.metrics_url).text

    def new_paths(self, count):
        return [self.new_path() for _ in range(count)]

    def new_path(self):
        """A list that nobody has asked for: all shows are older than its upper year."""
        return f"/v1/shows?maxYear={next(self._years)}&pageSize=3"


@contextlib.contextmanager
def engines_running(product, place, stack):
    """Start PostgreSQL, with the shipped catalogue, and Redis; return catalog's settings."""
    postgres = PostgresEngine(place, durable=False)
    with engine_needed("PostgreSQL"):
        asyncio.run(postgres.prepare())
    with engine_needed("Redis"):
        redis = RedisEngine(place)
    product.parts["database"] = Part(postgres.command(), postgres.ready, product.log("postgres"))
    product.parts["redis"] = Part(redis.command(), redis.ready, product.log("redis"))
    for name in ("database", "redis"):
        stack.callback(product.parts[name].stop)
        product.parts[name].start()
    yield postgres.database(), redis.url


def database_settings(database, link):
    parts = urlsplit(database.url)
    return {
        "database_url": parts._replace(netloc=f"{database.user}@{link.address}").geturl(),
        "database_password": database.password,
        "database_pool_min_count": 2,
        "page_token_key": KEY,
    }


@contextlib.contextmanager
def running(*, otlp_endpoint="", **gateway_settings):
    """The product with one of each part; traces go to *otlp_endpoint*."""
    with temporary_place() as place, contextlib.ExitStack() as stack:
        product = Product(place.folder)
        stack.callback(product.http.close)
        database, redis_url = stack.enter_context(engines_running(product, place, stack))
        catalog_port, search_port, http_port, metrics_port = free_ports(4)
        ports = {
            "database": database.port,
            "redis": urlsplit(redis_url).port,
            "catalog": catalog_port,
            "search": search_port,
        }
        for name, port in ports.items():
            product.links[name] = stack.enter_context(Link(port))
        for_catalog = database_settings(database, product.links["database"])
        for verb in ("migrate", "seed"):
            product.run(product.service("catalog", verb=verb, **for_catalog))
        product.url = f"http://{HOST}:{http_port}"
        product.metrics_url = f"http://{HOST}:{metrics_port}/metrics"
        redis_link = urlsplit(redis_url)
        commands = {
            "catalog": product.service(
                "catalog",
                grpc_address=f"{HOST}:{catalog_port}",
                metrics_port="",
                drain_seconds=0,
                otlp_endpoint=otlp_endpoint,
                **for_catalog,
            ),
            "search": product.service(
                "search",
                grpc_address=f"{HOST}:{search_port}",
                # Directly: what is to be slow is the gateway's way to the catalogue.
                catalog_address=f"{HOST}:{catalog_port}",
                page_token_key=KEY,
                metrics_port="",
                drain_seconds=0,
                otlp_endpoint=otlp_endpoint,
            ),
            "gateway": product.service(
                "gateway",
                http_address=f"{HOST}:{http_port}",
                catalog_address=product.links["catalog"].address,
                search_address=product.links["search"].address,
                redis_url=redis_link._replace(
                    netloc=f":{redis_link.password}@{product.links['redis'].address}"
                ).geturl(),
                metrics_port=metrics_port,
                drain_seconds=0,
                otlp_endpoint=otlp_endpoint,
                **gateway_settings,
            ),
        }
        probes = {
            "catalog": serving_grpc(f"{HOST}:{catalog_port}"),
            "search": serving_grpc(f"{HOST}:{search_port}"),
            "gateway": serving_http(product.url),
        }
        for name, command in commands.items():
            product.parts[name] = Part(command, probes[name], product.log(name))
            stack.callback(product.parts[name].stop)
            product.parts[name].start()
        yield product
