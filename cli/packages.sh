# What cli/quickstart.sh and tests/run.sh both need to know: which packages of Debian 12 the program is
# built from, and how they get there. Sourced by them.

# Compiler and build tools, then the libraries of the README's dependency table. The tests' library is
# among them because cmake looks for everything at once.
build_packages="gcc libc6-dev cmake ninja-build pkgconf
	protobuf-compiler protobuf-c-compiler libprotobuf-dev libprotobuf-c-dev
	liblmdb-dev libgit2-dev libutf8proc-dev nettle-dev zlib1g-dev libcmocka-dev"

# Prints a command as it could be typed.
show() {
	printf '$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./=:@%+,-]* | '')
			printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
		*)
			printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
}

# Prints a command, then runs it.
run() {
	show "$@"
	"$@"
}

# Installs those packages that are missing; asks for nothing when none is.
install_packages() {
	missing=
	for package; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' ok installed$' ||
			missing="$missing $package"
	done
	if [ -z "$missing" ]; then
		echo "all $# packages are there"
		return 0
	fi
	if ! command -v apt-get >/dev/null; then
		echo "$0: apt-get is missing; install what corresponds to:$missing" >&2
		return 1
	fi
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		as_root=sudo
		if ! command -v sudo >/dev/null; then
			echo "$0: neither root nor sudo; as root: apt-get install$missing" >&2
			return 1
		fi
	fi
	# shellcheck disable=SC2086 # words, one a package
	{
		run $as_root apt-get update -q
		run $as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -q --no-install-recommends $missing
	}
}
