#!/usr/bin/env bash
# Edit this machine's settings and secrets (.env.{environment}.local). Arguments go to `ultra env`; --help lists them.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

scripts/install.sh serve
exec .venv/bin/ultra env "$@"
