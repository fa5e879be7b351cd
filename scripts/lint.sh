#!/usr/bin/env bash
# Every judgement that is not a test: style, format, types, floors, shell scripts.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

scripts/install.sh test
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports --no-cache
.venv/bin/shellcheck scripts/*.sh .ci/run
