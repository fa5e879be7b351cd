#!/usr/bin/env bash
# Rewrite requirements/*.txt from pyproject.toml: every package pinned with hashes, for all platforms, no index address.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

lock() {
  local output=$1
  shift
  .venv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
    --custom-compile-command "scripts/lock.sh" "$@" --output-file "requirements/$output"
}

lock serve.txt pyproject.toml --extra postgres
lock setup.txt --group setup
lock test.txt pyproject.toml --extra postgres --extra otel --group test --group setup --constraint requirements/serve.txt
lock live.txt --group live --no-deps  # the models' packages ask for far more than their weights
