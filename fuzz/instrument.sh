#!/bin/sh
# Wraps rustc for the workspace's own crates: counts which code runs, for libFuzzer. Build scripts
# run by themselves and stay as they are.
case " $* " in
  *" --crate-name build_script_build "*) exec "$@" ;;
esac
exec "$@" \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares \
  -Ccodegen-units=1
