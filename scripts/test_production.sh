#!/usr/bin/env bash
# Rehearse production on this machine, or with --url look at a deployment. Arguments go to `ultra verify`: see --help.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

"$here/scripts/install.sh" test
exec "$here/.venv/bin/ultra" verify --reports "$here/var/rehearsal" "$@"
