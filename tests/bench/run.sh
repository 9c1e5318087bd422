#!/bin/sh
# Measures ctsync against what it must hold its own with, on Debian 12 as root or with sudo:
#
#	sh tests/bench/run.sh                          every row at 10,000 and 100,000 records
#	sh tests/bench/run.sh --records 1m             at a million: hours of disk and processor
#	sh tests/bench/run.sh --rows seal,push -o FILE.json
#	sh tests/bench/run.sh --help
#
# Installs what is missing, builds a release into build/bench, prints one table and writes it as JSON. Leave
# the machine alone meanwhile.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/cli/packages.sh"

bench_packages="git sqlite3 time openssh-client openssh-server nginx fcgiwrap python3 python3-protobuf"

build() {
	export CMAKE_GENERATOR=Ninja
	run cmake -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=Release
	run cmake --build "$top/build/bench" -j "$(nproc)" --target ctsync bench
}

case " $* " in
*" --help "* | *" -h "* | *" --list "* | *" --markdown-of "*) ;;
*)
	unset CTSYNC CTSYNC_STORE CTSYNC_PAGER
	{
		# shellcheck disable=SC2086 # words, one a package
		install_packages $build_packages $bench_packages
		build
	} >&2
	;;
esac
exec /usr/bin/python3 "$top/tests/bench/bench.py" --build "$top/build/bench" "$@"
