#!/bin/sh
# Installs what is needed, builds ctsync and passes its tests, on Debian 12 as root or with sudo:
#
#	sh tests/run.sh             everything: what continuous integration runs
#	sh tests/run.sh plain       only the first part
#
# The parts, in order; each builds in a folder of its own below build/, so a second run is quick:
#
#	plain      gcc, warnings are errors, all tests
#	clang      clang builds all of it without a warning
#	sanitize   all tests under AddressSanitizer and UndefinedBehaviorSanitizer, leaks included
#	valgrind   the unit tests under valgrind
#
# CTS_ROUNDS, CTS_POINTS and CTS_SEED set how much the random tests do and repeat one of them; unless
# given, the slow parts do less of the same than the first. Stops at the first part that fails.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/cli/packages.sh"

test_packages="clang git openssh-client openssl python3 python3-protobuf strace valgrind"
server_packages="fcgiwrap nginx openssh-server"
jobs=$(nproc)
export CMAKE_GENERATOR=Ninja
unset CTSYNC CTSYNC_STORE CTSYNC_PAGER

title() {
	printf '\n== %s\n' "$*"
}

# build FOLDER CMAKE-OPTION...: configures and builds the program and all tests.
build() {
	folder=$top/build/$1
	shift
	run cmake -S "$top" -B "$folder" -DCTS_WERROR=ON "$@"
	run cmake --build "$folder" -j "$jobs" --target all tests
}

# Installs the servers that tests run. They start their own, as themselves, on ports of 127.0.0.1, so none
# is to be started by its package: Debian asks policy-rc.d about that.
install_servers() {
	policy=/usr/sbin/policy-rc.d
	# shellcheck disable=SC2086 # words, one a package
	if dpkg-query -W $server_packages >/dev/null 2>&1 || [ -e "$policy" ]; then
		install_packages $server_packages
		return
	fi
	as_root=$([ "$(id -u)" -eq 0 ] || echo sudo)
	trap '$as_root rm -f "$policy"' EXIT
	trap 'exit 130' INT TERM
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
	# shellcheck disable=SC2086
	install_packages $server_packages
	$as_root rm -f "$policy"
	trap - EXIT INT TERM
}

# pass_tests FOLDER: those that need servers of other makers may fail once.
pass_tests() {
	run ctest --test-dir "$top/build/$1" -j "$jobs" --output-on-failure -L server --repeat until-pass:2
	run ctest --test-dir "$top/build/$1" -j "$jobs" --output-on-failure -LE server
}

part_plain() {
	title "gcc, all tests"
	build plain -DCMAKE_C_COMPILER=gcc
	pass_tests plain
}

part_clang() {
	title "clang, no warnings"
	# Its warnings do not depend on optimisation, and the programs are not run.
	build clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug
}

part_sanitize() (
	title "all tests under the sanitizers"
	build sanitize -DCMAKE_C_COMPILER=gcc -DCTS_SANITIZE=address,undefined
	export CTS_ROUNDS="${CTS_ROUNDS:-8}" CTS_POINTS="${CTS_POINTS:-8}"
	export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
	pass_tests sanitize
)

# They run hundreds of processes or go through all small cases; the sanitizers see the same code. CTS_ALL=1
# runs them too.
slow_under_valgrind="merge_small|link|link_faults|link_http|link_push|http|ssh|bundle|bundle_create|bundle_damage|\
bundle_show|verify|push|push_hooks|pull|rebuild|ingest|compact|send|refs"

part_valgrind() {
	title "the unit tests under valgrind"
	build plain -DCMAKE_C_COMPILER=gcc
	find "$top/build/plain/tests" -maxdepth 1 -type f -perm -u+x -name '*_test_*' | sort -r |
		grep -v -x -E ".*_test_(${CTS_ALL:+nothing}${CTS_ALL:-$slow_under_valgrind})" >"$top/build/unit-tests"
	env CTS_ROUNDS="${CTS_ROUNDS:-15}" \
		xargs -n 1 -P "$jobs" sh "$top/tests/support/valgrind.sh" <"$top/build/unit-tests"
	echo "$(wc -l <"$top/build/unit-tests") unit tests, no error under valgrind"
}

if [ ! -r /proc/self/maps ]; then
	echo "$0: the sanitizers and valgrind need /proc; as root: mount -t proc proc /proc" >&2
	exit 1
fi
title "packages"
# shellcheck disable=SC2086 # words, one a package
install_packages $build_packages $test_packages
install_servers
if [ $# -eq 0 ]; then
	set -- plain clang sanitize valgrind
fi
for part; do
	case $part in
	plain | clang | sanitize | valgrind) "part_$part" ;;
	*)
		echo "$0: no part '$part'; there are plain, clang, sanitize, valgrind" >&2
		exit 2
		;;
	esac
done
title "passed: $*"
