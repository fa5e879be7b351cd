#!/usr/bin/env bash
# Install what is missing, then run the whole test suite, on up to four processors. Other arguments go to pytest.
#   --live   ask a real local model server (llama.cpp, small models) instead; some hundred megabytes, the first time
#   -k lens  only tests with this word in their name;  -n 0  all in one process
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

if [[ "${1:-}" == "--help" ]]; then
  sed -n '2,4s/^# //p' scripts/test.sh
  exit 0
fi
scripts/install.sh test
if [[ "${1:-}" == "--live" ]]; then
  shift
  .venv/bin/python scripts/install.py live
  exec .venv/bin/python -m pytest -m live "$@"
fi
exec .venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile "$@"
