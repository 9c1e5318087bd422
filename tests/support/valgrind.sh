#!/bin/sh
# Runs one unit test under valgrind; silent unless it fails. Any error or lost block fails it.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if valgrind --quiet --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite,indirect,possible "$1" >"$log" 2>&1; then
	echo "ok   ${1##*/}"
else
	status=$?
	echo "FAIL ${1##*/}: exit $status"
	cat "$log"
	exit 255 # xargs stops
fi
