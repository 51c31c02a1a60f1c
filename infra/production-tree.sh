#!/bin/sh
# Makes a built checkout into what an image holds: the services, the command line, migrations and samples, with their
# production dependencies only. Changes the folder it is run in; infra/Dockerfile and infra/check.sh do so in a copy.
set -eu

npm ci --omit=dev --omit=optional --include-workspace-root=false \
  -w @millrace/gateway -w @millrace/worker -w @millrace/recorder -w @millrace/store -w @millrace/cli

rm -rf apps/bench apps/e2e packages/testing node_modules/@millrace/bench node_modules/@millrace/e2e \
  node_modules/@millrace/testing docs infra scripts packages/*/scripts .ci .turbo
# Sources, tests and what only compilers read. Generated code of the database client is in dist.
find apps packages -name node_modules -prune -o -type d \( -name src -o -name fixtures \) \
  -prune -exec rm -rf {} +
find apps packages -name node_modules -prune -o -type f \
  \( -name '*.test.*' -o -name '*.itest.*' -o -name '*.d.ts' -o -name '*.map' -o -name 'tsconfig*' \) -exec rm -f {} +
find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -exec rm -f {} +
