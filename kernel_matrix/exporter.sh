#!/bin/busybox sh
# shellcheck shell=dash
# What the steps that run the exporter share. Sourced with $brahe set.
url=http://127.0.0.1:28282/metrics
log=/tmp/exporter.log
metrics=/tmp/metrics

scrape() {
  wget -q -O $metrics $url
}

# FLAG...: returns once the node's energy is served.
start_exporter() {
  # shellcheck disable=SC2154
  "$brahe" --web.listen-address=127.0.0.1:28282 --monitor.interval=500ms "$@" > $log 2>&1 &
  pid=$!
  for _ in $(seq 100); do
    scrape 2> /dev/null && grep -q '^kepler_node_cpu_joules_total' $metrics && return
    sleep 0.2
  done
  fail "nothing is served"
}

stop_exporter() {
  kill "$pid"
  wait "$pid" || fail "exit status $? after SIGTERM"
  cat $log
}

fail() {
  echo "$1"
  cat $log $metrics
  kill "$pid"
  exit 1
}
