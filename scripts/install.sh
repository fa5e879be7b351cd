#!/usr/bin/env bash
# Install Ultra into .venv with the locked packages of one group (serve or test); quick when nothing changed.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

for python in python3 python3.14 python3.13 python3.12 python3.11; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" scripts/install.py "$@"
  fi
done
echo "Ultra needs Python 3.11 or newer, and none was found. Install one, then run this again." >&2
exit 69
