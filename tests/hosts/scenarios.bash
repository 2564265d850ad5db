# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The scenarios that every guest goes through, one after the other in one boot. They are the same for all hosts, but for
# the few that only make sense on one kind; what comes of them is compared with golden/GROUP.txt.

# shellcheck source=tests/hosts/guest.bash
source /test/guest.bash

declare -ra policies=(registered native emulated)
declare native=no
case "${HOST}" in
compat* | next | pages-16k | pages-64k) native=yes ;;
esac

# ---- a host where nothing was set up ----

group fresh

# First of all, while the module was never loaded: reset mounts the table from here on.
say '## boot: binfmt_misc is neither loaded nor mounted'
call -n
show
roots

scenario arch-test 'the gate that sent every arm64 host through emulation'
for architecture in arm armhf; do
	say "\$ arch-test ${architecture}"
	say "$(arch-test "${architecture}" 2>&1)"
done
say "\$ setarch linux32 uname -m"
say "$(setarch linux32 uname -m 2>&1)"

for policy in "${policies[@]}"; do
	scenario "fresh-${policy}" "nothing is registered"
	call -n -p "${policy}"
	show -p "${policy}"
	if [[ "${policy}" == emulated && "${native}" == yes ]]; then
		roots
	fi
	undo
done

scenario again 'a second run after one that had to set something up'
call -p emulated
show -p emulated
show

case "${HOST}" in
*-16k | pages-64k)
	scenario old-emulator 'armhf is emulated by the qemu 7.2 of an older release'
	for root in / /armhf/*/; do
		replace "${root}${EMULATOR#/}" /emulators/bookworm/qemu-arm-static
	done
	show -p emulated
	roots
	;;
esac

scenario no-emulator 'no emulator is installed'
hide "${EMULATOR}"
show
call -p emulated

scenario bad-emulator 'the emulator is a program that does not emulate'
replace "${EMULATOR}" /bin/false
show
call -p emulated

scenario no-loader 'the armhf loader is not installed'
hide "${LOADER}"
show

scenario bad-loader 'the armhf loader does not run here'
replace "${LOADER}" /test/guest
show
undo
umount "${TABLE}"
show

scenario bad-loader-enabled 'the armhf loader does not run here, and qemu-arm is enabled'
host_register_armhf qemu-arm POF
replace "${LOADER}" /test/guest
show -p native

# ---- holds ----

group holds

# elsewhere ARGUMENT...: the same call in another shell.
function elsewhere() {
	say "in another shell:"
	bash -c 'source /test/guest.bash; show "${@}"' elsewhere "${@}"
}

scenario hold 'a build needs armhf native, and others come and go'
host_register_armhf qemu-arm POF
show -n -p native -k 'helios4 trixie armhf'
show -p native -k 'helios4 trixie armhf'
elsewhere
elsewhere -p emulated
elsewhere -p native -k second
show -p native -k again
show -x
show -x

scenario hold-without-entries 'nothing takes armhf from the kernel, and that is to stay so'
show -p native -k first
elsewhere -p emulated
show -x

scenario hold-registered 'policy registered, where armhf runs natively'
show -k first
show -x

scenario hold-killed 'the shell that held is killed: the next call restores'
host_register_armhf qemu-arm POF
bash -c 'source /test/guest.bash; show -p native -k dead; kill -s KILL "${BASHPID}"'
show -n
show

scenario hold-subshell 'a subshell that outlives its shell still holds, until it ends'
host_register_armhf qemu-arm POF
mkfifo /tmp/living
bash -c 'source /test/guest.bash; show -p native -k parent; { read -r _ < /tmp/living; } & kill -s KILL "${BASHPID}"'
elsewhere -p emulated
echo > /tmp/living
sleep 0.2
rm /tmp/living
show -p emulated

scenario hold-exec 'exec of another program ends the hold'
host_register_armhf qemu-arm POF
bash -c 'source /test/guest.bash; show -p native -k gone; exec true'
show

scenario hold-unloaded 'enable -d releases'
host_register_armhf qemu-arm POF
bash -c 'source /test/guest.bash; call -p native -k loaded; enable -d armhf_binfmt_prepare'
state

scenario hold-replaced 'somebody replaces, enables or removes what is held'
host_register_armhf qemu-arm POF
host_register_armhf arm POF
host_register_armhf zeta POF
show -p native -k first
host_switch qemu-arm -1
host_register_armhf qemu-arm P
host_switch arm 1
host_switch zeta -1
show -x

scenario hold-flushed 'the whole table is flushed while it is held'
host_register_armhf qemu-arm POF
show -p native -k first
for file in "${TABLE}"/*; do
	case "${file##*/}" in
	register | status) ;;
	*) host_switch "${file##*/}" -1 ;;
	esac
done
show -x
show -p emulated
undo

scenario hold-foreign 'a marker that somebody made by hand'
host_register_armhf qemu-arm POF
host_register ':armhf-held.qemu-arm:E::armhf-binfmt-held::/some/text:'
host_switch qemu-arm 0
show -p emulated

if [[ "${native}" == yes ]]; then
	scenario hold-many 'the 65th holder is refused, and nothing changes'
	host_register_armhf qemu-arm POF
	mkfifo /tmp/living /tmp/ready
	exec {living}<> /tmp/living {ready}<> /tmp/ready
	for ((i = 0; i < 64; i++)); do
		{
			armhf_binfmt_prepare -p native -k "holder ${i}"
			echo >&"${ready}"
			read -r -u "${living}" _
		} &
		read -r -u "${ready}" _
	done
	show -p native -k sixty-fifth
	for ((i = 0; i < 64; i++)); do
		echo >&"${living}"
	done
	wait
	exec {living}>&- {ready}>&-
	rm /tmp/living /tmp/ready
	show -p native

	scenario hold-stuck 'the release fails, for no file can be opened: the next call restores'
	host_register_armhf qemu-arm POF
	show -p native -k first
	limit="$(ulimit -S -n)"
	ulimit -S -n 3
	armhf_binfmt_prepare -x || :
	ulimit -S -n "${limit}"
	say "\$ armhf_binfmt_prepare -x"
	say "REASON=${ARMHF_BINFMT_REASON}${ARMHF_BINFMT_WARNING:+ WARNING=1}"
	state
	show
	# shellcheck disable=SC2016 # expanded there
	bash -c 'enable -f "${0}" armhf_binfmt_prepare
		armhf_binfmt_prepare -p native -k second
		ulimit -S -n 3
		enable -d armhf_binfmt_prepare' "${INSTALLED}" > /tmp/said 2>&1 || :
	say "\$ enable -d armhf_binfmt_prepare"
	say "messages: $(grep -c 'Too many open files; raise' /tmp/said)"
	rm /tmp/said
	show

	scenario hold-mounts 'two mounts of one table, as two containers see it'
	host_register_armhf qemu-arm POF
	show -p native -k first
	# shellcheck disable=SC2016 # expanded there
	unshare --mount bash -c 'umount "${1}" && mount -t binfmt_misc container "${1}" && source /test/guest.bash
		say "in another mount:"
		show -p emulated
		show -p native -k second
		show -n -x
		armhf_binfmt_prepare -x' container "${TABLE}"
	show -n -x
	show -x

	# What each call did depends on who was first; what is left must not.
	scenario hold-any-order 'eight shells hold and release in any order, and are killed at any moment'
	host_register_armhf qemu-arm POF
	for disturber in nobody 'one that enables the entry'; do
		holders=()
		for ((i = 0; i < 8; i++)); do
			# shellcheck disable=SC2016 # expanded there
			bash -c 'enable -f "${0}" armhf_binfmt_prepare
				while :; do
					armhf_binfmt_prepare -p native -k "holder ${1}"
					((RANDOM % 2)) || armhf_binfmt_prepare -x
				done' "${INSTALLED}" "${i}" &> /dev/null &
			holders+=("${!}")
		done
		if [[ "${disturber}" != nobody ]]; then
			while :; do host_switch qemu-arm 1; done &
			holders+=("${!}")
		fi
		for pid in "${holders[@]}"; do
			sleep "0.$((RANDOM % 5))"
			kill -s KILL "${pid}"
			wait "${pid}" 2> /dev/null || :
		done
		armhf_binfmt_prepare -p emulated > /dev/null 2>&1 || say "status ${?}"
		say "disturbed by ${disturber}, when all are gone:"
		state
	done
fi

# ---- somebody registered an entry ----

group registered

for policy in "${policies[@]}"; do
	scenario "enabled-${policy}" 'qemu-arm was registered by hand'
	host_register_armhf qemu-arm POF
	show -p "${policy}"
	undo
done

for policy in "${policies[@]}"; do
	scenario "disabled-${policy}" 'qemu-arm was registered by hand and disabled'
	host_register_armhf qemu-arm POF
	host_switch qemu-arm 0
	show -p "${policy}"
	undo
done

for policy in "${policies[@]}"; do
	scenario "broken-${policy}" "qemu-arm's interpreter is missing"
	host_register_armhf qemu-arm P /nowhere/qemu-arm
	show -p "${policy}"
	undo
done

for policy in "${policies[@]}"; do
	scenario "other-${policy}" 'an entry of another name serves armhf'
	host_register_armhf qemu-arm-rpi POF
	show -p "${policy}"
	undo
done

scenario other-broken 'an entry of another name catches armhf and does not run it'
host_register_armhf armhf16k-qemu-arm P /nowhere/qemu-arm
show
show -p native
undo

scenario several 'two entries serve armhf'
host_register_armhf qemu-arm POF
host_register_armhf arm POF
show
show -p native
undo

for policy in "${policies[@]}"; do
	scenario "loose-${policy}" 'an entry that was registered with raw bytes catches every 32-bit program'
	host_register ":qemu-arm:M:0:\x7f\x45\x4c\x46\x01\x01\x01::${EMULATOR}:PF"
	show -p "${policy}"
	undo
done

scenario shadowed 'an entry catches even the probe that no entry should'
host_register ":qemu-arm:M:0:\x7f\x45\x4c\x46\x01::${EMULATOR}:PF"
show -p native

scenario slow "the entry's interpreter does not come to an end"
host_register_armhf qemu-arm PF /usr/bin/yes
show -t 2
call -t 2 -p native

scenario interrupted 'somebody presses Ctrl-C while a probe runs'
host_register_armhf qemu-arm PF /usr/bin/yes
# shellcheck disable=SC2016
inside 'trap : INT; (sleep 2; kill -INT "${$}") & call -t 60'
state

# ---- what Linux 7.3 has ----

if [[ "${HOST}" == next* ]]; then
	group next

	for policy in "${policies[@]}"; do
		scenario "transparent-${policy}" 'an entry with flag T: even a close-on-exec program goes through it'
		host_register_armhf qemu-arm T
		show -p "${policy}"
		undo
	done

	scenario loader-flag 'an entry with flag L: the kernel runs the program itself'
	host_register_armhf qemu-arm L
	show
	[[ "${ARMHF_BINFMT_WARNING}" != *'(flag L)'* ]] || say 'a warning names the flag'
	show -p native
	show -p emulated
	undo

	scenario born-disabled 'an entry that was registered disabled, by flag D'
	host_register_armhf qemu-arm POFD
	show
	show -p emulated
	undo

	scenario pinned 'no interpreter may be held open any more'
	limit=/proc/sys/user/max_binfmt_misc_interpreters
	allowed="$(< "${limit}")"
	echo 0 > "${limit}"
	packaged "${EMULATOR}"
	sed -i 's/fix_binary no/fix_binary yes/' "${DESCRIPTOR}"
	placed="$(identity)"
	show -p emulated
	[[ "${ARMHF_BINFMT_MESSAGE}" != *"${limit}"* ]] || say 'the limit is named'
	echo "${allowed}" > "${limit}"

	scenario unlinked 'an entry is removed as a file'
	host_register_armhf qemu-arm POF
	rm "${TABLE}/qemu-arm"
	show
fi

# ---- a package or an earlier run left a descriptor ----

group descriptor

# As Ubuntu's qemu-user-binfmt brings it: the interpreter has no -static.
[[ -e /usr/bin/qemu-arm ]] || cp /emulators/trixie/qemu-arm /usr/bin/qemu-arm
declare -r own_emulator="${EMULATOR}"
EMULATOR=/usr/bin/qemu-arm
for policy in "${policies[@]}"; do
	scenario "packaged-${policy}" 'a descriptor whose interpreter has no -static'
	packaged "${EMULATOR}"
	show -p "${policy}"
	undo
done
EMULATOR="${own_emulator}"
[[ "${EMULATOR}" == /usr/bin/qemu-arm ]] || rm /usr/bin/qemu-arm

scenario packaged-enabled 'a descriptor, and its entry is enabled'
packaged "${EMULATOR}"
host_register_armhf qemu-arm POF
show
show -p native
undo

scenario packaged-disabled 'a descriptor, and its entry is disabled'
packaged "${EMULATOR}"
host_register_armhf qemu-arm POF
host_switch qemu-arm 0
show
undo

scenario packaged-broken 'a descriptor, and an entry of its name whose interpreter is missing'
packaged "${EMULATOR}"
host_register_armhf qemu-arm P /nowhere/qemu-arm
show

scenario packaged-missing 'a descriptor whose interpreter is missing'
packaged /nowhere/qemu-arm
show

scenario invalid 'a descriptor with a key that stands twice'
packaged "${EMULATOR}" "interpreter ${EMULATOR}"
show
host_register_armhf qemu-arm POF
show

# ---- binfmt_misc is disabled, or not there ----

group off

scenario off 'binfmt_misc is disabled'
host_switch status 0
show
show -p emulated
undo

scenario off-enabled 'binfmt_misc is disabled, and qemu-arm enabled'
host_register_armhf qemu-arm POF
host_switch status 0
show
show -p emulated
undo

scenario off-packaged 'binfmt_misc is disabled, and a descriptor is there'
packaged "${EMULATOR}"
host_switch status 0
show
undo

scenario unmounted 'the module is loaded, and binfmt_misc is not mounted'
umount "${TABLE}"
call -n -p emulated
show -p emulated

if [[ -d /lib/modules ]]; then
	scenario no-module 'the kernel has no binfmt_misc'
	umount "${TABLE}"
	modprobe -r binfmt_misc
	hide /lib/modules
	show
	call -p emulated
	reset
fi

# ---- less privilege than root of the host has ----

group privilege

declare -ra nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
declare -ra user_namespace=(unshare --user --map-root-user --mount)
declare -r read_only='mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys'
declare -r read_only_table="mount -o remount,bind,ro ${TABLE}"

scenario user 'an ordinary user, nothing registered'
inside 'call -n; call; call -p emulated' "${nobody[@]}"
state

scenario user-enabled 'an ordinary user, qemu-arm is enabled'
host_register_armhf qemu-arm POF
inside 'call; call -p native' "${nobody[@]}"
state

scenario user-disabled 'an ordinary user, qemu-arm is disabled'
host_register_armhf qemu-arm POF
host_switch qemu-arm 0
inside 'call -p emulated; call -r enable:qemu-arm' "${nobody[@]}"
state

scenario user-no-process 'an ordinary user who may start no process'
inside 'ulimit -S -u 1; call' "${nobody[@]}"

scenario docker 'a container: /proc/sys is read-only, and the table is not mounted in it'
inside 'show; call -p emulated' container "${read_only}"

scenario docker-enabled "a container, and the host's qemu-arm is enabled"
host_register_armhf qemu-arm POF
inside 'show; call -p native' container "${read_only}"

scenario docker-table 'a container that sees the table read-only'
inside 'show -p emulated' container "${read_only_table}"
host_register_armhf qemu-arm POF
inside 'show; show -p native' container "${read_only_table}"

scenario userns 'a user namespace without a table of its own'
inside 'show; show -p emulated' "${user_namespace[@]}"

scenario userns-enabled "a user namespace, and the host's qemu-arm is enabled"
host_register_armhf qemu-arm POF
inside 'show -p native; undo' "${user_namespace[@]}"
state

scenario userns-own 'a user namespace with a table of its own'
inside "
	if mount -t binfmt_misc binfmt_misc ${TABLE} 2> /dev/null; then
		show
		show -p emulated
		undo
	else
		say 'this kernel refuses that mount'
	fi
" "${user_namespace[@]}"
state

scenario userns-unmounted 'a user namespace, and binfmt_misc is not mounted'
umount "${TABLE}"
inside 'call -n -p emulated; show -p emulated' "${user_namespace[@]}"
state

scenario userns-hidden "a user namespace that had a table of its own: the host's is shown again, and not in force"
host_register_armhf qemu-arm POF
inside "mount -t binfmt_misc binfmt_misc ${TABLE} 2> /dev/null && umount ${TABLE}; show; call -p emulated; call -p native" "${user_namespace[@]}"
state

# ---- machines that forbid AArch32 though the kernel has it ----

group forbidden

if [[ "${native}" == yes ]]; then
	scenario seccomp-kill 'a filter kills what makes an AArch32 system call'
	inside 'call; call -p native' /test/guest seccomp kill
	state

	scenario seccomp-refuse 'a filter refuses AArch32 system calls'
	inside 'call; call -p native' /test/guest seccomp refuse
	state

	scenario illegal 'the first AArch32 instruction is an illegal one'
	inside 'call; call -p native' /test/guest illegal
	state
fi

# ---- many at once ----

group concurrent

declare -a armhf=(/usr/lib*/arch-test/armhf)

# Start a small armhf program again and again, until the file is gone and it was a few times; say how often it failed.
function keep_starting() {
	declare -i failed=0 count=0
	while [[ -e /tmp/keep-starting ]] || ((count < 5)); do
		"${armhf[0]}" > /dev/null 2>&1 || failed+=1
		count+=1
	done
	say_field failed "${failed}"
}

# at_once COUNT CODE: run the code in so many shells at once, and say what came of all of them.
function at_once() {
	declare -a shells=()
	declare -i i
	declare count line
	for ((i = 0; i < ${1}; i++)); do
		inside "${2}" > "/tmp/shell.${i}" &
		shells+=("${!}")
	done
	wait "${shells[@]}"
	sed -n 's/^@@ \([0-9]*\) .*MODE=\([a-z]*\).*/status \1, \2/p' /tmp/shell.* | sort | uniq -c | while read -r count line; do
		say "${count} times ${line}"
	done
	rm /tmp/shell.*
}

scenario concurrent-native 'many shells under -p native, while another process keeps starting armhf programs'
host_register_armhf qemu-arm POF
: > /tmp/keep-starting
keep_starting &
if [[ "${native}" == yes ]]; then
	at_once 10 'call -p native'
else
	at_once 3 'call -p native'
fi
rm /tmp/keep-starting
wait
state

scenario concurrent-emulated 'three shells at once under -p emulated, nothing registered'
at_once 3 'call -p emulated'
state

# ---- builds of Armbian ----

case "${HOST}" in
compat | no-aarch32 | pages-16k)
	group armbian
	source /test/armbian/scenarios.bash
	;;
esac
