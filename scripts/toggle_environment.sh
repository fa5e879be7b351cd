#!/usr/bin/env bash
# Switch between development, testing and production. Arguments go to `ultra env switch`; --help shows them.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

scripts/install.sh serve
exec .venv/bin/ultra env switch "$@"
