#!/usr/bin/env bash
# Install what is missing, then serve. Arguments go to `ultra serve`, so --help shows its options.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

scripts/install.sh serve
exec .venv/bin/ultra serve "$@"
