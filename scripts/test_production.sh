#!/usr/bin/env bash
# Rehearse production on this machine, or with --url look at a deployment. Arguments go to `ultra verify`: see --help.
set -euo pipefail
from=$PWD
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
here=$PWD

scripts/install.sh test
cd "$from" # the files that arguments name are the caller's
exec "$here/.venv/bin/ultra" verify --reports "$here/var/rehearsal" "$@"
