#!/usr/bin/env bash
# Replaces every Millrace process of docker-compose.yml, one after the other, with what the file and the image now say, while runs go on.
# Gateways are taken out of the proxy first, so that no submission meets one that is going.
#   docker compose build && bash infra/rolling-restart.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
compose=${COMPOSE:-docker compose}
upstream=infra/nginx/upstream.conf
before=$(cat "$upstream")

reload() {
  $compose exec -T proxy nginx -c /etc/nginx/nginx.conf -s reload
  # Requests that the proxy's old processes have in hand are on their way by then.
  sleep 2
}
put_back() {
  printf '%s\n' "$before" > "$upstream"
  reload
}
trap put_back EXIT

# Up to date before the processes that need it; a release's migrations suit the one before as well.
$compose run --rm migrate
for gateway in gateway-1 gateway-2; do
  printf '%s\n' "${before//$gateway:8080 resolve/$gateway:8080 resolve down}" > "$upstream"
  reload
  $compose up --detach --no-deps --wait "$gateway"
  put_back
done
# Workers and recorders hand on what they have; while the new ones start, runs wait.
$compose up --detach --no-deps --wait worker
$compose up --detach --no-deps --wait recorder
