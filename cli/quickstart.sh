#!/bin/sh
# From a fresh Debian 12 to three agencies that share a programme: installs what is needed, builds ctsync,
# and runs its whole main job on the sample beside this file.
#
#	sh cli/quickstart.sh [DIR]
#
# As root or with sudo (for the packages alone). DIR, by default a new folder below /tmp, holds the three
# agencies' stores and the hub afterwards, to look at. Can be run again: nothing is installed or built
# twice, and each run has a folder of its own.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/cli/packages.sh"

# The headings are ours; what follows is each command as typed, then what it printed.
step() {
	printf '\n## %s\n' "$*"
}

step "Packages"
# shellcheck disable=SC2086 # words, one a package
install_packages $build_packages git

step "Build"
export CMAKE_GENERATOR=Ninja # unless the folder was made with another
run cmake -S "$top" -B "$top/build"
run cmake --build "$top/build"

# Nothing of the person at the machine takes part: no store of theirs, no pager.
unset CTSYNC_STORE
export CTSYNC_PAGER=cat
PATH=$top/build:$PATH

if [ $# -gt 0 ]; then
	mkdir -p "$1"
	place=$(cd "$1" && pwd)
	if [ -n "$(ls -A "$place")" ]; then
		echo "$0: '$1' is not empty" >&2
		exit 1
	fi
else
	place=$(mktemp -d "${TMPDIR:-/tmp}/ctsync-tour.XXXXXX")
fi
cd "$place"
printf '\nEverything from here on happens in %s\n' "$place"

step "HEM coordinates: it makes a store and takes in the programme table and a brief as they are"
run ctsync init hem --agency HEM --author 'Ana Reid <ana@hem.example>'
run ctsync -C hem import "$top/cli/sample/programme.txt" -m 'as agreed by the three agencies'
run ctsync -C hem import "$top/cli/sample/brief.txt" -m 'for the night exercise'

step "It pushes to a hub, an ordinary bare git repository; CFR and RHS clone from it"
run ctsync -C hem remote add origin "$place/hub.git" --create
run ctsync -C hem push
run ctsync clone "$place/hub.git" cfr --agency CFR --author 'Ben Tui <ben@cfr.example>'
run ctsync clone "$place/hub.git" rhs --agency RHS --author 'Cara Moss <cara@rhs.example>'

step "A week without a network: each agency goes on working on its own store"
run ctsync -C cfr set milestone/cerp2026-3-1 due='19/20 March 2026' \
	-m 'the ferry berth is closed until the 16th'
run ctsync -C cfr set workstream/cerp2026-1-3 status=in_progress owners+=agency/rhs
run ctsync -C rhs set milestone/cerp2026-3-1 due='26/27 March 2026' \
	label='first exercise, with both care homes' -m 'the care homes are free at the end of March'
run ctsync -C rhs set workstream/cerp2026-2-3 owners+=agency/rhs owner_state=assigned
run ctsync -C rhs add workstream title='Night pharmacy' initiative=initiative/cerp2026-2 position=4 \
	owners=agency/rhs
run ctsync -C hem set initiative/cerp2026-1 points+='Tell visitors too: hotels, camps and cruise ships.'

step "Back at their desks they sync; what they changed apart is merged field by field"
run ctsync -C cfr sync
run ctsync -C rhs sync
run ctsync -C hem sync

step "Two dates for one exercise: nobody's is lost, and nothing had to stop"
run ctsync -C hem conflicts
run ctsync -C hem resolve milestone/cerp2026-3-1 due --take RHS -m 'agreed by phone: the care homes come first'
run ctsync -C hem sync
run ctsync -C cfr sync
run ctsync -C rhs sync

step "All three hold the same records, byte for byte"
for agency in hem cfr rhs; do
	run ctsync -C $agency -o json check
done

step "The whole history of one record: who, when, why, and what the merge set aside"
run ctsync -C cfr log milestone/cerp2026-3-1
run ctsync -C cfr blame milestone/cerp2026-3-1

step "The programme table, from RHS's store"
run ctsync -C rhs report programme

step "The hub reads as an audit trail with nothing but git"
run git --no-pager -C hub.git log --no-merges --branches --format='%an, %ad: %s' --date=short \
	-- records/milestone/cerp2026-3-1.json

printf '\nLook around in %s:\nthree stores (hem, cfr, rhs) and hub.git. What else there is: %s help\n' \
	"$place" "$top/build/ctsync"
