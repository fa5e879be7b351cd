"""A real nginx in front of a server, set up as its manual says for an application server."""

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.blackbox.asking import until
from tests.blackbox.targets import House
from tests.system_programs import program
from tests.twins.valkeys import free_port

_START_S = 30.0
_CONFIGURATION = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream ultra {{ server {upstream}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://ultra;
            proxy_http_version 1.1;
            proxy_bind 127.0.0.1;
            proxy_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


@contextmanager
def nginx(house: House, folder: Path) -> Iterator[str]:
    """Run nginx in front of a house, with connections that it keeps open, and give its address."""
    path, port = program("nginx"), free_port()
    folder.mkdir()
    written = _CONFIGURATION.format(
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        upstream=urlsplit(house.url).netloc,
        port=port,
    )
    (folder / "nginx.conf").write_text(written)
    words = [path, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    process = subprocess.Popen([*words, "-g", "daemon off;"])
    try:
        until(lambda: _is_up(port), _START_S, "nginx in front of a server")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(_START_S)


def _is_up(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live") as answer:
        return bool(answer.status == 200)
    return False
