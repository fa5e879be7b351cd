"""llama.cpp's HTTP server as a program: `llama_cpp.py WEIGHTS ALIAS PORT` serves a model until it is told to leave."""

import signal
import sys

import xllamacpp


def main(weights: str, alias: str, port: str) -> None:
    """Serve; the server's own threads do the work."""
    given = xllamacpp.CommonParams()
    given.model.path = weights
    given.model_alias = {alias}
    given.hostnames = ["127.0.0.1"]
    given.port = int(port)
    given.n_ctx = 8192
    given.n_parallel = 2
    given.use_jinja = True  # tools are told to the model by its own template
    server = xllamacpp.Server(given)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    del server


if __name__ == "__main__":
    main(*sys.argv[1:])
