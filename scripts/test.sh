#!/usr/bin/env bash
# Install what is missing, then run the whole test suite. Other arguments go to pytest.
#   --live   also ask a real local model server (llama.cpp); builds it first, about ten minutes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh test
arguments=(-m "not live")
if [[ "${1:-}" == "--live" ]]; then
  shift
  .venv/bin/python scripts/install.py live
  arguments=(-m live)
fi
exec .venv/bin/python -m pytest "${arguments[@]}" "$@"
