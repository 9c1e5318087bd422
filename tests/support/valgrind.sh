#!/bin/sh
# Runs one unit test under valgrind; silent unless it fails. Leaks are left to the sanitizers: valgrind
# would blame a forked child for what its parent holds. LMDB's map is made small, since valgrind has no
# room for many of 16 GiB.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export CTSYNC_MAP_BYTES=268435456 CTS_TEST_MAP_BYTES=268435456
if valgrind --quiet --error-exitcode=99 --leak-check=no "$1" >"$log" 2>&1; then
	echo "ok   ${1##*/}"
else
	status=$?
	echo "FAIL ${1##*/}: exit $status"
	cat "$log"
	exit 255 # xargs stops
fi
