#!/bin/sh
# Runs python-arango against the server that VULPES_BIN names; its packages, pinned by hash, come
# into a folder beside this file when their list has changed.
set -eu
cd "$(dirname "$0")"
if ! cmp -s requirements.txt .packages/requirements.txt; then
  rm -rf .packages
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --target .packages -r requirements.txt
  cp requirements.txt .packages/requirements.txt
fi
PYTHONPATH=.packages PYTHONDONTWRITEBYTECODE=1 exec python3 -W error::ResourceWarning \
  -m unittest "${@:-test_driver}"
