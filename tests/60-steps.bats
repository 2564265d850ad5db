#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The changes to a host: the tiers and policies, everything that can go wrong on the way, and that nothing is
# left of a call that failed. Against this kernel's own binfmt_misc, on private hosts.
# shellcheck disable=SC2030,SC2031,SC2094,SC2153 # each test is a process of its own

# bats file_tags=sanitized
load lib/host.bash

function setup() {
	requires_emulation
	private_host
}

@test "steps: descriptor, no entry => registered as it says, whatever the policy" {
	host_add_emulator
	host_add_emulator /usr/libexec/arm
	for policy in registered native emulated; do
		host_descriptor /usr/libexec/arm
		prepare -p "${policy}"
		expect status 0 REASON descriptor-registered TIER 1 MODE emulated ENTRY qemu-arm INTERPRETER /usr/libexec/arm FLAGS POC \
			ACTIONS register:qemu-arm UNDO "unregister:qemu-arm@????????" WARNING "" ALIGN all
		[[ "$(host_entry qemu-arm)" == $'enabled\ninterpreter /usr/libexec/arm\nflags: POC\noffset 0\nmagic 7f454c4601010100000000000000000002002800\nmask ffffffffffffff00fffffffffffffffffeffffff' ]]
		armhf_runs
		host_switch qemu-arm -1
	done
	# What Debian's own descriptor asks for.
	host_descriptor_text /usr/libexec/arm | sed 's/credentials yes/credentials no/; s/fix_binary no/fix_binary yes/' > "${DESCRIPTOR}"
	prepare
	expect status 0 REASON descriptor-registered FLAGS PF
	armhf_runs
}

@test "steps: descriptor, entry disabled or status off => enabled, and nothing else" {
	host_add_emulator
	host_add_emulator /usr/libexec/arm
	host_descriptor
	# Not what the descriptor says, but it runs: it stays.
	host_register_armhf qemu-arm F /usr/libexec/arm
	registered="$(host_entry qemu-arm)"
	for policy in registered native emulated; do
		host_switch qemu-arm 0
		prepare -p "${policy}"
		expect status 0 REASON descriptor-enabled TIER 1 MODE emulated FLAGS F ACTIONS enable:qemu-arm UNDO "disable:qemu-arm@????????"
		host_switch status 0
		prepare -p "${policy}"
		expect status 0 REASON descriptor-enabled TIER 1 MODE emulated ACTIONS status-on UNDO status-off
		host_switch status 0
		host_switch qemu-arm 0
		prepare -p "${policy}"
		expect status 0 REASON descriptor-enabled TIER 1 ACTIONS "status-on enable:qemu-arm" UNDO "disable:qemu-arm@???????? status-off"
		[[ "$(host_entry qemu-arm)" == "${registered}" ]]
	done
	armhf_runs
}

@test "steps: descriptor, entry enabled => left alone" {
	host_add_emulator
	host_add_emulator /usr/libexec/arm
	host_descriptor
	host_register_armhf qemu-arm F /usr/libexec/arm
	before="$(host_state)"
	for policy in registered native emulated; do
		prepare -p "${policy}"
		expect status 0 REASON descriptor-current TIER 1 MODE emulated ENTRY qemu-arm INTERPRETER /usr/libexec/arm FLAGS F ACTIONS "" UNDO ""
	done
	[[ "$(host_state)" == "${before}" ]]
}

@test "steps: descriptor, an entry that does not run armhf => replaced by the descriptor's; no undo for that" {
	host_add_emulator
	host_descriptor
	for policy in registered native emulated; do
		host_register_armhf qemu-arm "" /usr/bin/none
		prepare -p "${policy}"
		expect status 0 REASON descriptor-reloaded TIER 1 MODE emulated INTERPRETER /usr/bin/qemu-arm-static FLAGS POC \
			ACTIONS "unregister:qemu-arm register:qemu-arm" UNDO ""
		armhf_runs
		host_switch qemu-arm -1
		host_register_armhf qemu-arm "" /usr/bin/false
		host_switch qemu-arm 0
		host_switch status 0
		prepare -p "${policy}"
		expect status 0 REASON descriptor-reloaded ACTIONS "status-on enable:qemu-arm unregister:qemu-arm register:qemu-arm" UNDO status-off
		host_switch qemu-arm -1
	done
}

@test "steps: an entry named qemu-arm that does not match armhf => replaced by the descriptor's" {
	host_add_emulator
	host_descriptor
	host_register ":qemu-arm:M::Something else::/usr/bin/true:"
	prepare
	expect status 0 REASON descriptor-reloaded FLAGS POC
	armhf_runs
}

@test "steps: no descriptor, entry enabled => trusted if it runs armhf, else broken, naming every claimer" {
	host_add_emulator
	host_register_armhf qemu-arm PF
	before="$(host_state)"
	for policy in registered native emulated; do
		prepare -p "${policy}"
		expect status 0 REASON entry-trusted TIER 2 MODE emulated ENTRY qemu-arm FLAGS PF ACTIONS "" UNDO "" WARNING ""
	done
	[[ "$(host_state)" == "${before}" ]]
	host_switch qemu-arm -1
	host_register_armhf zebra "" /usr/bin/false
	host_register_armhf qemu-arm "" /usr/bin/false
	host_register_armhf aardvark "" /usr/bin/false
	for policy in registered native emulated; do
		prepare_fails -p "${policy}"
		expect REASON entry-broken TIER 2 MODE none ENTRY aardvark MESSAGE "${TABLE}/aardvark: *aardvark, qemu-arm, zebra*exited with 1*" ACTIONS "" \
			WARNING "*several*aardvark, qemu-arm, zebra*"
	done
}

@test "steps: no descriptor, entry disabled or status off => an error; the policies native and emulated enable it" {
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	prepare_fails
	expect REASON entry-disabled TIER 2 MODE none ENTRY qemu-arm INTERPRETER /usr/bin/qemu-arm-static MESSAGE "${TABLE}/qemu-arm: *disabled*echo 1 > ${TABLE}/qemu-arm*"
	for policy in native emulated; do
		host_switch qemu-arm 0
		prepare -p "${policy}"
		expect status 0 REASON entry-enabled TIER 2 MODE emulated ACTIONS enable:qemu-arm UNDO "disable:qemu-arm@????????"
	done
	host_switch status 0
	prepare_fails
	expect REASON entry-disabled TIER 2 MODE none MESSAGE "*${TABLE}/status*"
	prepare -p emulated
	expect status 0 REASON entry-enabled ACTIONS status-on UNDO status-off
	# Beside another that works.
	host_switch qemu-arm 0
	host_register_armhf other
	prepare_fails
	expect REASON entry-disabled TIER 2 MODE emulated ENTRY other
	prepare -p emulated
	expect status 0 REASON other-entry TIER 3 ENTRY other ACTIONS ""
}

@test "steps: enabled by policy, and it does not run armhf => disabled again" {
	host_add_emulator
	host_register_armhf qemu-arm "" /usr/bin/false
	host_switch qemu-arm 0
	host_switch status 0
	prepare_fails -p emulated
	expect REASON entry-broken TIER 2 MODE none ACTIONS "status-on enable:qemu-arm disable:qemu-arm status-off"
}

@test "steps: no descriptor, an entry of another name => used if it runs armhf, else one of our own" {
	host_add_emulator
	host_register_armhf armv7l-linux OC
	before="$(host_state)"
	for policy in registered native emulated; do
		prepare -p "${policy}"
		expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY armv7l-linux INTERPRETER /usr/bin/qemu-arm-static FLAGS OC ACTIONS "" UNDO ""
	done
	[[ "$(host_state)" == "${before}" ]]
	host_switch armv7l-linux -1
	host_register_armhf armv7l-linux "" /usr/bin/false
	prepare
	expect status 0 REASON descriptor-created TIER 4 ENTRY qemu-arm WARNING "several*armv7l-linux, qemu-arm*"
	armhf_runs
}

@test "steps: nothing there => a descriptor to the byte, with the emulator that is there, mode 0644 whatever the umask" {
	made="" removed=""
	for emulator in /usr/bin/qemu-arm-static /usr/bin/qemu-arm; do
		host_add_emulator "${emulator}"
		for policy in registered native emulated; do
			umask 0077
			prepare -p "${policy}"
			umask 0022
			expect status 0 REASON descriptor-created TIER 4 MODE emulated ENTRY qemu-arm INTERPRETER "${emulator}" FLAGS POC \
				ACTIONS "${made}create-descriptor register:qemu-arm" UNDO "unregister:qemu-arm@???????? remove-descriptor${removed}" WARNING ""
			undo="${ARMHF_BINFMT_UNDO}"
			diff "${DESCRIPTOR}" <(host_descriptor_text "${emulator}")
			[[ "$(stat -c '%a %u %g %F' "${DESCRIPTOR}" /usr/share/binfmts)" == $'644 0 0 regular file\n755 0 0 directory' ]]
			[[ "$(ls -A /usr/share/binfmts)" == qemu-arm ]]
			armhf_runs
			prepare -p "${policy}"
			expect status 0 REASON descriptor-current TIER 1 ACTIONS ""
			prepare -r "${undo}"
			expect status 0 REASON undo-done WARNING ""
			# A directory that was there stays, and one that the call made goes with it. The next time it is missing.
			if [[ -z "${made}" ]]; then
				[[ -z "$(ls -A /usr/share/binfmts)" ]]
				rmdir /usr/share/binfmts
			fi
			[[ ! -e /usr/share/binfmts ]]
			made="make-directory " removed=" remove-directory"
		done
		rm "${emulator}"
	done
}

# bats test_tags=slow
@test "steps: both emulators are there => the static one; it is no program, or a link to the other => the other" {
	# serves PATH: that one is registered.
	function serves() {
		prepare
		expect status 0 REASON descriptor-created INTERPRETER "${1}"
		armhf_runs
		prepare -r "${ARMHF_BINFMT_UNDO}"
		expect status 0
	}
	host_add_emulator
	host_add_emulator /usr/bin/qemu-arm
	serves /usr/bin/qemu-arm-static
	chmod 0644 /usr/bin/qemu-arm-static
	serves /usr/bin/qemu-arm
	rm /usr/bin/qemu-arm-static
	# A transitional package's link, which goes with it.
	for make in "mkdir" "mkfifo" "ln -s none" "ln -s qemu-arm"; do
		${make} /usr/bin/qemu-arm-static
		serves /usr/bin/qemu-arm
		rm -r /usr/bin/qemu-arm-static
	done
	ln -s ../libexec/qemu /usr/bin/qemu-arm-static
	mv /usr/bin/qemu-arm /usr/libexec/qemu
	serves /usr/bin/qemu-arm-static
}

@test "steps: no emulator => an error that names the packages" {
	for policy in registered native emulated; do
		prepare_fails -p "${policy}"
		expect REASON emulator-missing TIER 4 MODE none ENTRY "" MESSAGE "/usr/bin/qemu-arm-static: *install qemu-user-static*qemu-user*" ACTIONS ""
	done
	host_add_emulator /usr/bin/qemu-arm
	chmod 0644 /usr/bin/qemu-arm
	prepare_fails
	expect REASON emulator-missing
}

@test "steps: an invalid descriptor => an error, but where an entry runs armhf a warning" {
	host_add_emulator
	printf 'package x\ninterpreter relative\n' > "${DESCRIPTOR}"
	for policy in registered native emulated; do
		prepare_fails -p "${policy}"
		expect REASON descriptor-invalid TIER 1 MODE none MESSAGE "${DESCRIPTOR}:2: *"
	done
	host_register_armhf other
	for policy in registered native emulated; do
		prepare -p "${policy}"
		expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY other WARNING "${DESCRIPTOR}:2: *" ACTIONS ""
	done
	host_register_armhf
	for policy in registered native emulated; do
		prepare -p "${policy}"
		expect status 0 REASON entry-trusted TIER 2 MODE emulated WARNING "*${DESCRIPTOR}:2: *" ACTIONS ""
	done
}

@test "steps: a descriptor for something else than armhf => an error, nothing registered" {
	host_add_emulator
	host_descriptor_text | sed 's/x28/x08/' > "${DESCRIPTOR}"
	for policy in registered native emulated; do
		prepare_fails -p "${policy}"
		expect REASON descriptor-failed TIER 1 MODE none MESSAGE "${DESCRIPTOR}: *match*" ACTIONS ""
	done
}

# Under sanitizers it would take an hour.
# bats test_tags=unsanitized,slow,once
@test "steps: from more than a hundred starting states -n changes nothing and is right, a failure leaves nothing, the undo list undoes" {
	test_limit 300
	emulator=/usr/libexec/emulator failing=/usr/libexec/failing gone=/usr/libexec/gone
	host_add_emulator "${emulator}"
	install -m 0755 /usr/bin/false "${failing}"
	install -m 0777 "${HOST_EMULATOR}" /usr/libexec/unsafe
	cd "${BATS_TEST_TMPDIR}"
	host_descriptor_text "${emulator}" > valid
	host_descriptor_text "${failing}" > failing
	sed /magic/d valid > invalid
	install -m 0666 valid unsafe
	sed 's/x28/x08/' valid > mismatching
	# Its interpreter makes the kernel print one line too many. In one write, which bash's printf does not do.
	printf '%s' "|qemu-arm|M|0|${ARMHF_MAGIC}|${ARMHF_MASK}|/none"$'\n'"flags: |" > unknown
	declare -i runs=0 wrong=0

	function starting_state() {
		declare file
		for file in "${TABLE}"/*; do
			[[ "${file##*/}" == @(register|status) ]] || echo -1 > "${file}"
		done
		echo 1 > "${TABLE}/status"
		case "${entry}" in
		absent) ;;
		disabled) host_register_armhf qemu-arm PC "${emulator}" && echo 0 > "${TABLE}/qemu-arm" ;;
		enabled) host_register_armhf qemu-arm PC "${emulator}" ;;
		failing) host_register_armhf qemu-arm "" "${failing}" ;;
		failing-disabled) host_register_armhf qemu-arm P "${failing}" && echo 0 > "${TABLE}/qemu-arm" ;;
		unknown) cat unknown > "${TABLE}/register" ;;
		pinned) ln "${failing}" "${gone}" && host_register_armhf qemu-arm F "${gone}" && rm "${gone}" ;;
		esac
		case "${other}" in
		none) ;;
		working) host_register_armhf other "" "${emulator}" ;;
		failing) host_register_armhf other "" "${failing}" ;;
		esac
		rm -f "${DESCRIPTOR}" /usr/bin/qemu-arm-static
		mkdir -p "${DESCRIPTOR%/*}"
		case "${found}" in
		emulator | failing) ln "/usr/libexec/${found}" /usr/bin/qemu-arm-static ;;
		unsafe) cp -p /usr/libexec/unsafe /usr/bin/qemu-arm-static ;;
		none) ;;
		*) cp -p "${found#descriptor-}" "${DESCRIPTOR}" ;;
		esac
		[[ "${switch}" == on ]] || echo 0 > "${TABLE}/status"
	}

	# As host_kept, but fast, and with the descriptor's access time. In ${seen}.
	function snapshot() {
		declare file text
		seen=""
		for file in "${TABLE}"/*; do
			[[ "${file}" == */register ]] || {
				read -r -d '' text < "${file}" || :
				seen+="${file}"$'\n'"${text}"$'\n'
			}
		done
		[[ ! -e "${DESCRIPTOR}" ]] || seen+="$(stat -c '%n %i %a %u %s %x %y %z' "${DESCRIPTOR}")"
	}

	# The end of the call in ${outcome}, and the host as it saw it in ${facts}.
	function outcome() {
		outcome="status ${status} ${ARMHF_BINFMT_REASON} tier ${ARMHF_BINFMT_TIER}"
		facts="${ARMHF_BINFMT_MODE} entry ${ARMHF_BINFMT_ENTRY} ${ARMHF_BINFMT_INTERPRETER} flags ${ARMHF_BINFMT_FLAGS} align ${ARMHF_BINFMT_ALIGN}"
	}

	# same WHAT A B: else this state is counted as wrong, and told.
	function same() {
		[[ "${2}" != "${3}" ]] || return 0
		wrong+=1
		printf 'qemu-arm %s, other entry %s, status %s, %s, policy %s: %s:\n%s\n' "${entry}" "${other}" "${switch}" "${found}" "${policy}" "${1}" \
			"$(diff <(echo "${2}") <(echo "${3}"))" >&2
	}

	function from_here() {
		declare before after planned plan take_back facts_before="" facts
		runs+=1
		starting_state
		snapshot
		before="${seen}"
		prepare -n -p "${policy}"
		outcome
		planned="${outcome}" plan="${ARMHF_BINFMT_ACTIONS}" take_back="${ARMHF_BINFMT_UNDO}" facts_before="${facts}"
		snapshot
		same "-n changed something" "${before}" "${seen}"
		prepare -p "${policy}"
		outcome
		same "-n was wrong" "${planned}" "${outcome}"
		snapshot
		after="${seen}"
		if [[ -z "${plan}" ]]; then
			# No change, or one that -n knows will fail.
			same "-n saw something else" "${facts_before}" "${facts}"
			same "-n left a change out" "${status}" "$([[ -n "${ARMHF_BINFMT_ACTIONS}" ]] && echo 1 || echo "${status}")"
			same "-n would undo what it does not do" "" "${take_back}"
		else
			[[ "${ARMHF_BINFMT_ACTIONS} " == "${plan} "* ]] || same "the first change" "${plan}" "${ARMHF_BINFMT_ACTIONS}"
			# What was replaced is not undone.
			[[ "${ARMHF_BINFMT_REASON}" == descriptor-reloaded || " ${ARMHF_BINFMT_UNDO}" == *" ${take_back}" ]] ||
				same "its undoing" "${take_back}" "${ARMHF_BINFMT_UNDO}"
		fi
		same "MODE" "${ARMHF_BINFMT_MODE}" "$("${HOST_ARMHF}" > /dev/null 2>&1 && echo emulated || echo none)"
		# shellcheck disable=SC2195 # UNDO may be empty
		case "${status} ${ARMHF_BINFMT_MODE} ${ARMHF_BINFMT_UNDO:+undo}" in
		"0 emulated" | "0 emulated "* | "1 "*" ") ;;
		*) same "status ${status}, MODE ${ARMHF_BINFMT_MODE}, UNDO ${ARMHF_BINFMT_UNDO}" "" impossible ;;
		esac
		((status == 0)) || same "it failed and left something" "${before}" "${after}"
		[[ -n "${ARMHF_BINFMT_UNDO}" ]] || return 0
		[[ "${ARMHF_BINFMT_REASON}" != descriptor-reloaded ]] || before=""
		prepare -r "${ARMHF_BINFMT_UNDO}"
		same "status of -r" 0 "${status}"
		[[ -n "${before}" ]] || return 0
		snapshot
		same "-r left something" "${before}" "${seen}"
	}

	# A third of the states, with each pair of values in them; FULL=1 takes all.
	declare -a policies=(registered emulated native) entries=(absent disabled enabled failing failing-disabled unknown pinned)
	declare -a others=(none working failing) switches=(on off) founds=(emulator descriptor-{valid,failing} none unsafe failing descriptor-{invalid,unsafe,mismatching})
	for p in "${!policies[@]}"; do
		for e in "${!entries[@]}"; do
			for o in "${!others[@]}"; do
				for s in "${!switches[@]}"; do
					for f in "${!founds[@]}"; do
						policy="${policies[p]}" entry="${entries[e]}" other="${others[o]}" found="${founds[f]}"
						switch="${switches[s]}"
						# The rare ones, and the policy that only an arm64 kernel tells from "emulated", not with everything.
						((f < 3)) || [[ "${other} ${policy}" == "none registered" ]] || continue
						[[ "${other}" == none || "${policy}" != native ]] || continue
						((${FULL:-0} || (p + e + o + s + f) % (f < 3 ? 3 : 2) == 0)) || continue
						from_here
					done
				done
			done
		done
	done
	echo "${runs} starting states, ${wrong} differences" >&2
	((runs > 130 && wrong == 0))
}

# failing_host: interpreters that fail, in ${kinds[@]}: how its name is in /usr/libexec => what is said of it.
function failing_host() {
	declare -gA kinds=(
		[exits]="*exited with 0*"
		[says]="*exited with 1*"
		[crashes]="*killed by signal 11*"
		[loaderless]="*No such file*"
		[nonsense]="*Exec format error*"
	)
	# No scripts: with the flags O and C the kernel takes none.
	cp /usr/bin/true /usr/libexec/exits
	cp /usr/bin/false /usr/libexec/says
	cp /usr/bin/yes /usr/libexec/hangs
	echo 'int main(void) { *(volatile int *)0 = 0; }' | "${CC:-cc}" -x c -o /usr/libexec/crashes -
	# A dynamic program whose loader is missing: what qemu-user's is in a bare chroot.
	sed 's#/ld-linux#/no-linux#' /usr/bin/env > /usr/libexec/loaderless
	chmod 0755 /usr/libexec/loaderless
	printf 'nonsense' > /usr/libexec/nonsense
	chmod 0755 /usr/libexec/nonsense
}

# bats test_tags=slow,once
@test "steps: the descriptor's interpreter fails => descriptor-failed with errno, status or signal; as before" {
	failing_host
	for kind in "${!kinds[@]}"; do
		host_descriptor "/usr/libexec/${kind}"
		prepare_fails
		expect REASON descriptor-failed TIER 1 MODE none MESSAGE "*/usr/libexec/${kind}*${kinds[${kind}]}" ACTIONS "register:qemu-arm unregister:qemu-arm"
		host_register_armhf qemu-arm PF /usr/libexec/exits
		prepare_fails
		# What stands is not replaced by what fails as well.
		expect REASON descriptor-failed MODE none ENTRY qemu-arm FLAGS PF MESSAGE "/usr/libexec/${kind}: *${kinds[${kind}]}" ACTIONS ""
		host_switch qemu-arm 0
		host_switch status 0
		prepare_fails
		expect REASON descriptor-failed ACTIONS "status-on enable:qemu-arm disable:qemu-arm status-off"
		host_switch qemu-arm -1
		host_switch status 1
	done
	host_descriptor_text /usr/libexec/nonsense | sed 's/fix_binary no/fix_binary yes/' > "${DESCRIPTOR}"
	prepare_fails
	expect REASON descriptor-failed MESSAGE "/usr/libexec/nonsense: *Exec format error*"
}

@test "steps: the emulator fails => registration-failed with errno, status or signal; everything undone" {
	failing_host
	for kind in "${!kinds[@]}"; do
		cp "/usr/libexec/${kind}" /usr/bin/qemu-arm
		prepare_fails
		expect REASON registration-failed TIER 4 MODE none MESSAGE "/usr/bin/qemu-arm: *${kinds[${kind}]}" \
			ACTIONS "create-descriptor register:qemu-arm unregister:qemu-arm remove-descriptor"
	done
	# A directory that was missing is missing again.
	rmdir /usr/share/binfmts
	prepare_fails
	expect ACTIONS "make-directory create-descriptor register:qemu-arm unregister:qemu-arm remove-descriptor remove-directory"
	[[ ! -e /usr/share/binfmts ]]
}

@test "steps: an entry's interpreter fails => entry-broken with errno, status or signal" {
	failing_host
	for kind in "${!kinds[@]}"; do
		host_register_armhf qemu-arm "" "/usr/libexec/${kind}"
		prepare_fails
		expect REASON entry-broken TIER 2 MODE none MESSAGE "*/usr/libexec/${kind}*${kinds[${kind}]}"
		host_switch qemu-arm -1
	done
	host_register_armhf qemu-arm "" /usr/libexec/none
	prepare_fails
	expect REASON entry-broken MESSAGE "*/usr/libexec/none*No such file*"
	host_switch qemu-arm -1
	host_register_armhf qemu-arm "" /usr/libexec
	prepare_fails
	expect REASON entry-broken MESSAGE "*Permission denied*"
}

# bats test_tags=slow,once
@test "steps: an interpreter that hangs => probe-timeout after -t seconds, in every tier; as before" {
	failing_host
	declare start="${SECONDS}"
	host_descriptor /usr/libexec/hangs
	prepare_fails -t 1
	expect REASON probe-timeout TIER 1 MODE none MESSAGE "*/usr/libexec/hangs*1 s *-t*"
	rm "${DESCRIPTOR}"
	cp /usr/libexec/hangs /usr/bin/qemu-arm
	prepare_fails -t 1
	expect REASON probe-timeout TIER 4
	prepare -n -t 1
	expect status 1 REASON probe-timeout TIER 4 ACTIONS "" UNDO ""
	host_register_armhf qemu-arm "" /usr/libexec/hangs
	prepare_fails -t 1
	expect REASON probe-timeout TIER 2
	((SECONDS - start < 20))
}

# bats test_tags=slow
@test "steps: interrupted while the proof runs => 128 and the signal, everything undone" {
	failing_host
	trap : HUP INT TERM
	caller="${BASHPID}"
	# interrupted SIGNAL LINE: once that is in the entry, an interpreter hangs.
	function interrupted() {
		declare before number
		before="$(host_kept)"
		number="$(kill -l "${1}")"
		{
			until grep -qsx "${2}" "${TABLE}/qemu-arm"; do sleep 0.01; done
			sleep 0.1
			kill -s "${1}" "${caller}"
		} &
		prepare -t 10
		wait "${!}"
		expect status "$((128 + number))" REASON interrupted MODE none MESSAGE "interrupted by signal ${number}*; *" UNDO ""
		unchanged "${before}" "$(host_kept)"
	}
	cp /usr/libexec/hangs /usr/bin/qemu-arm
	for signal in HUP INT TERM; do
		interrupted "${signal}" "interpreter /usr/bin/qemu-arm"
		expect TIER 4 ACTIONS "create-descriptor register:qemu-arm unregister:qemu-arm remove-descriptor"
	done
	host_descriptor /usr/libexec/hangs
	host_register_armhf qemu-arm "" /usr/bin/false
	host_switch qemu-arm 0
	# The descriptor's interpreter is run directly before anything is replaced.
	interrupted TERM enabled
	expect ACTIONS "enable:qemu-arm disable:qemu-arm"
}

@test "steps: an entry that could not be registered again (F, its interpreter gone) => never removed, and said so" {
	failing_host
	host_add_emulator
	host_descriptor
	host_register_armhf qemu-arm F /usr/libexec/exits
	rm /usr/libexec/exits
	for option in "" -n; do
		# shellcheck disable=SC2086
		prepare_fails ${option}
		expect REASON descriptor-failed TIER 1 MODE none ENTRY qemu-arm ACTIONS "" MESSAGE "${TABLE}/qemu-arm: *registered again*exited with 0*"
	done
}

# bats test_tags=unsanitized
@test "steps: an entry that works, F and its interpreter gone, fails in this process alone (ulimit -v) => it stays, and works" {
	host_add_emulator
	host_add_emulator /usr/libexec/gone
	host_descriptor
	host_register_armhf qemu-arm F /usr/libexec/gone
	rm /usr/libexec/gone
	before="$(host_kept)"
	prepare_in bash -c 'ulimit -v 200000; exec "$@"' bash --
	expect status 1 REASON descriptor-failed TIER 1 ENTRY qemu-arm ACTIONS "" UNDO ""
	unchanged "${before}" "$(host_kept)"
	armhf_runs
}

# bats test_tags=slow,once
@test "steps: an entry whose proof ended at the deadline may only be slow => not replaced, nor after it was enabled" {
	failing_host
	host_add_emulator
	host_descriptor
	host_register_armhf qemu-arm "" /usr/libexec/hangs
	prepare_fails -t 1
	expect REASON probe-timeout TIER 1 MODE none ENTRY qemu-arm INTERPRETER /usr/libexec/hangs MESSAGE "*/usr/libexec/hangs*1 s *-t*" ACTIONS ""
	host_switch qemu-arm 0
	prepare_fails -t 1
	expect REASON probe-timeout TIER 1 ACTIONS "enable:qemu-arm disable:qemu-arm"
	prepare_fails -n -t 1
	expect REASON probe-timeout TIER 1 ACTIONS ""
}

# bats test_tags=slow
@test "steps: an interpreter that somebody else could replace => refused, naming the component; a sticky directory is none" {
	mkdir /usr/libexec/{safe,sticky,group,world}
	for name in safe sticky group world; do
		host_add_emulator "/usr/libexec/${name}/arm"
	done
	chmod 1777 /usr/libexec/sticky
	# Root's own group is root.
	chmod 0775 /usr/libexec/group
	chmod 0757 /usr/libexec/world
	host_add_emulator /usr/libexec/writable
	chmod 0757 /usr/libexec/writable
	ln -s ../../../usr/libexec/safe/arm /usr/libexec/safe/link
	ln -s loop /usr/libexec/loop
	host_add_emulator /usr/libexec/inert
	chmod 0644 /usr/libexec/inert
	declare -A named=(["world/arm"]=world [writable]=writable [loop]=loop [inert]=inert [safe]=safe [none]=none
		["safe/none/arm"]=safe/none ["safe/arm/none"]=safe/arm/none)
	if ((EUID == 0)); then
		# A second user's, where there is one in this namespace.
		host_add_emulator /usr/libexec/foreign
		! chown 1000 /usr/libexec/foreign 2> /dev/null || named[foreign]=foreign
		install -d -m 0775 /usr/libexec/theirs
		host_add_emulator /usr/libexec/theirs/arm
		chmod 0775 /usr/libexec/theirs
		ln -s safe/../theirs/arm /usr/libexec/link
		! chgrp 1000 /usr/libexec/theirs 2> /dev/null || named+=(["theirs/arm"]=theirs [link]=safe/../theirs)
	fi
	for path in "${!named[@]}"; do
		host_descriptor "/usr/libexec/${path}"
		prepare_fails
		expect REASON descriptor-failed TIER 1 MESSAGE "/usr/libexec/${named[${path}]}: *" ACTIONS ""
	done
	for path in sticky/arm group/arm safe/link safe/../safe//./arm; do
		host_descriptor "/usr/libexec/${path}"
		prepare
		expect status 0 REASON descriptor-registered INTERPRETER "/usr/libexec/${path}"
		host_switch qemu-arm -1
	done
	rm "${DESCRIPTOR}"
	cp -p /usr/libexec/writable /usr/bin/qemu-arm-static
	prepare_fails
	expect REASON registration-failed TIER 4 MESSAGE "/usr/bin/qemu-arm-static: *" ACTIONS ""
	# What stands already is trusted by execution alone.
	host_register_armhf qemu-arm "" /usr/libexec/writable
	prepare
	expect status 0 REASON entry-trusted
}

@test "steps: an interpreter of 127 bytes is taken, of 128 refused; one with the delimiter is registered whole" {
	path="/usr/libexec/$(printf '%0114d' 0)"
	host_add_emulator "${path}"
	host_descriptor "${path}"
	prepare
	expect status 0 REASON descriptor-registered INTERPRETER "${path}"
	host_switch qemu-arm -1
	host_add_emulator "${path}0"
	host_descriptor "${path}0"
	prepare_fails
	expect REASON descriptor-failed MESSAGE "*127*"
	host_add_emulator '/usr/libexec/a:b|c\d'
	host_descriptor '/usr/libexec/a:b|c\d'
	prepare
	expect status 0 REASON descriptor-registered INTERPRETER '/usr/libexec/a:b|c\\x5cd'
	[[ "$(host_entry qemu-arm)" == *$'\ninterpreter /usr/libexec/a:b|c\\d\n'* ]]
}

@test "steps: the table is read-only => not-permitted; where armhf runs, a success that says what was refused" {
	host_add_emulator
	host_descriptor
	host_register_armhf other
	mount --bind "${TABLE}" "${TABLE}"
	mount -o remount,bind,ro "${TABLE}"
	for option in "" -n; do
		# shellcheck disable=SC2086
		prepare ${option}
		expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY other ACTIONS "" UNDO "" WARNING "*${TABLE}/register*Read-only*"
	done
	rm "${DESCRIPTOR}"
	prepare
	expect status 0 REASON other-entry WARNING ""
	umount "${TABLE}"
	host_switch other -1
	mount --bind "${TABLE}" "${TABLE}"
	mount -o remount,bind,ro "${TABLE}"
	for option in "" -n; do
		# shellcheck disable=SC2086
		prepare_fails ${option}
		expect REASON not-permitted TIER 4 MODE none MESSAGE "${TABLE}/register: *Read-only*"
		host_descriptor
		# shellcheck disable=SC2086
		prepare_fails ${option}
		expect REASON not-permitted TIER 1 ACTIONS ""
		rm "${DESCRIPTOR}"
	done
}

@test "steps: an ordinary user => not-permitted, nothing changed; where armhf runs, a success; -n says what root's call would" {
	requires_root
	host_add_emulator
	host_descriptor
	before="$(host_state)"
	prepare_in as_nobody --
	expect status 1 REASON not-permitted TIER 1 MODE none MESSAGE "${TABLE}/register: *Permission denied*root*" ACTIONS ""
	prepare_in as_nobody -- -n
	expect status 0 REASON descriptor-registered MODE none ACTIONS register:qemu-arm UNDO "unregister:qemu-arm@????????"
	rm "${DESCRIPTOR}"
	prepare_in as_nobody -- -n
	expect status 0 REASON descriptor-created MODE none ACTIONS create-descriptor UNDO remove-descriptor
	prepare_in as_nobody --
	expect status 1 REASON not-permitted TIER 4
	host_register_armhf other
	prepare_in as_nobody --
	expect status 0 REASON other-entry WARNING ""
	host_descriptor
	prepare_in as_nobody --
	expect status 0 REASON other-entry WARNING "*${TABLE}/register*Permission denied*"
	chmod 0600 "${DESCRIPTOR}"
	prepare_in as_nobody --
	expect status 0 REASON other-entry TIER 3 MODE emulated WARNING "${DESCRIPTOR}: *Permission denied*"
	host_switch other 0
	prepare_in as_nobody --
	expect status 1 REASON not-permitted TIER 1 MODE none MESSAGE "${DESCRIPTOR}: *Permission denied*"
	host_switch other 1
	host_register_armhf
	host_switch qemu-arm 0
	rm "${DESCRIPTOR}"
	prepare_in as_nobody -- -p emulated
	expect status 0 REASON other-entry ACTIONS ""
	host_switch other -1
	prepare_in as_nobody -- -p emulated
	expect status 1 REASON not-permitted TIER 2 ACTIONS ""
	prepare_in as_nobody --
	expect status 1 REASON entry-disabled
	host_switch qemu-arm -1
	rm /usr/bin/qemu-arm-static
	prepare_in as_nobody --
	expect status 1 REASON emulator-missing
}

# bats test_tags=slow
@test "steps: the directory of the descriptors is read-only, or not root's alone => the entry is registered, and what makes it last is said" {
	host_add_emulator
	# registered OBJECT WHY: -n says so, the call does it, and its list undoes it.
	function registered() {
		declare before
		before="$(host_kept)"
		prepare -n
		expect status 0 REASON entry-registered TIER 4 MODE none ACTIONS register:qemu-arm UNDO "unregister:qemu-arm@????????" \
			WARNING "${1}: *${2}*"
		unchanged "${before}" "$(host_kept)"
		prepare
		expect status 0 REASON entry-registered TIER 4 MODE emulated ENTRY qemu-arm FLAGS POC ACTIONS register:qemu-arm UNDO "unregister:qemu-arm@????????" \
			WARNING "${1}: *${2}*"
		[[ "${ARMHF_BINFMT_WARNING}" != *$'\n'* && "${ARMHF_BINFMT_WARNING}" != *@* ]]
		armhf_runs
		prepare -r "${ARMHF_BINFMT_UNDO}"
		expect status 0
		unchanged "${before}" "$(host_kept)"
	}
	mount --bind /usr/share/binfmts /usr/share/binfmts
	mount -o remount,bind,ro /usr/share/binfmts
	registered "${DESCRIPTOR%/*}" "Read-only file system*reboot"
	umount /usr/share/binfmts
	for directory in /usr/share/binfmts /usr/share; do
		chmod 0777 "${directory}"
		registered "${directory}" "mode 0777*reboot*chmod go-w ${directory}"
		chmod 0755 "${directory}"
	done
	rmdir /usr/share/binfmts
	chmod 0777 /usr/share
	registered /usr/share "mode 0777*reboot*chmod go-w /usr/share"
	chmod 0755 /usr/share
	# /usr is read-only as a whole.
	mount --bind /usr/share /usr/share
	mount -o remount,bind,ro /usr/share
	registered "/usr/share*" "Read-only file system"
	umount /usr/share
	# Root's own group is root.
	install -d -m 0775 /usr/share/binfmts
	chmod 0775 /usr/share/binfmts
	prepare
	expect status 0 REASON descriptor-created
}

@test "steps: a file in the place of the directory of the descriptors => refused, everything as before" {
	host_add_emulator
	rmdir /usr/share/binfmts
	touch /usr/share/binfmts
	prepare
	expect status 1 TIER "[14]"
	[[ -f /usr/share/binfmts && "$(ls "${TABLE}")" == $'register\nstatus' ]]
}

# register_type NAME TYPE [INTERPRETER]: an entry that takes armhf programs of this e_type alone: 2: EXEC, 3: DYN.
function register_type() {
	host_register ":${1}:M:0:${ARMHF_MAGIC/x02/x0${2}}:${ARMHF_MASK/xfe/xff}:${3:-${EMULATOR}}:"
	sleep 0.01
}

@test "steps: an entry that takes e_type DYN alone runs armhf, and what it leaves out is said; EXEC alone does not run it" {
	host_add_emulator
	register_type other 3
	prepare
	expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY other WARNING "other: *leaves out*e_type EXEC*" ACTIONS ""
	host_switch other -1
	register_type qemu-arm 3
	prepare
	expect status 0 REASON entry-trusted TIER 2 WARNING "qemu-arm: *leaves out*e_type EXEC*"
	host_switch qemu-arm -1
	register_type qemu-arm 2
	prepare_fails
	expect REASON entry-broken TIER 2 MODE none ENTRY qemu-arm MESSAGE "${TABLE}/qemu-arm: *EXEC alone*DYN*" ACTIONS ""
	host_switch qemu-arm 0
	prepare_fails -p emulated
	expect REASON entry-broken TIER 2 MESSAGE "${TABLE}/qemu-arm: *EXEC alone*DYN*" ACTIONS ""
	host_descriptor
	prepare
	expect status 0 REASON descriptor-reloaded TIER 1 MODE emulated ACTIONS "unregister:qemu-arm register:qemu-arm"
	rm "${DESCRIPTOR}"
	host_switch qemu-arm -1
	register_type other 2
	prepare
	expect status 0 REASON descriptor-created TIER 4 ENTRY qemu-arm
}

@test "steps: an interpreter that is a relative path runs in one directory alone => it does not run armhf, and is never enabled" {
	host_add_emulator
	cd /usr/bin
	host_register_armhf qemu-arm "" qemu-arm-static
	armhf_runs
	prepare_fails
	expect REASON entry-broken TIER 2 MODE none ENTRY qemu-arm MESSAGE "${TABLE}/qemu-arm: *relative path*directory*" ACTIONS ""
	host_switch qemu-arm 0
	prepare_fails -p emulated
	expect REASON entry-broken MESSAGE "${TABLE}/qemu-arm: *relative path*" ACTIONS ""
	host_switch qemu-arm -1
	host_register_armhf other "" qemu-arm-static
	prepare
	expect status 0 REASON descriptor-created TIER 4 INTERPRETER /usr/bin/qemu-arm-static
}

@test "steps: what takes this machine's own programs is never registered nor enabled, nor status => other execs go on meanwhile" {
	host_add_emulator
	# goes_on REASON MESSAGE [OPTION...]: two calls of each kind fail, and no exec of another process does.
	function goes_on() {
		declare option before
		before="$(host_kept)"
		rm -f "${BATS_TEST_TMPDIR}"/{stop,broken}
		while [[ ! -e "${BATS_TEST_TMPDIR}/stop" ]]; do
			/usr/bin/true || touch "${BATS_TEST_TMPDIR}/broken"
		done 2> /dev/null &
		for option in "" -n "" -n; do
			# shellcheck disable=SC2086
			prepare "${@:3}" ${option}
			expect status 1 REASON "${1}" MESSAGE "${2}" ACTIONS "" UNDO ""
		done
		: > "${BATS_TEST_TMPDIR}/stop"
		wait "${!}"
		[[ ! -e "${BATS_TEST_TMPDIR}/broken" ]]
		unchanged "${before}" "$(host_kept)"
	}
	printf '%s\n' "package x" "interpreter ${EMULATOR}" 'magic \x7fELF' > "${DESCRIPTOR}"
	goes_on descriptor-failed "${DESCRIPTOR}: *this machine's own programs*"
	# With the status off nothing is in effect while the entry is made.
	host_switch status 0
	host_register ":qemu-arm:M::\x7fELF::${EMULATOR}:"
	host_switch qemu-arm 0
	host_switch status 1
	goes_on descriptor-failed "*this machine's own programs*"
	rm "${DESCRIPTOR}"
	goes_on entry-broken "${TABLE}/qemu-arm: *this machine's own programs*" -p emulated
	host_switch qemu-arm -1
	host_switch status 0
	host_register ":every:M::\x7fELF::/usr/bin/false:"
	host_register_armhf
	goes_on entry-broken "${TABLE}/status: *every*this machine's own programs*every*" -p emulated
	host_descriptor
	goes_on descriptor-failed "${TABLE}/status: *every*this machine's own programs*"
	host_switch every -1
}

@test "steps: an emulator that does not know of flag P (qemu 5.2) => a descriptor and an entry without preserve" {
	requires "qemu 5.2, of Debian bullseye" emulator_before_preserve
	install -m 0755 "$(emulator_before_preserve)" "${EMULATOR}"
	before="$(host_kept)"
	prepare -n
	expect status 0 REASON descriptor-created ACTIONS create-descriptor
	prepare
	expect status 0 REASON descriptor-created TIER 4 MODE emulated FLAGS OC UNDO "unregister:qemu-arm@???????? remove-descriptor" \
		ACTIONS "create-descriptor register:qemu-arm unregister:qemu-arm remove-descriptor create-descriptor register:qemu-arm"
	grep -qx 'preserve no' "${DESCRIPTOR}"
	prepare
	expect status 0 REASON descriptor-current
	prepare -r "unregister:qemu-arm remove-descriptor"
	expect status 0 REASON undo-done WARNING ""
	unchanged "${before}" "$(host_kept)"
	# Tier 1 and 2 say what is wrong with P.
	host_descriptor
	prepare_fails
	expect REASON descriptor-failed TIER 1 MESSAGE "*arguments did not arrive*flag P*; *without flag P*"
	rm "${DESCRIPTOR}"
	host_register_armhf qemu-arm P
	prepare_fails
	expect REASON entry-broken TIER 2 MESSAGE "*arguments did not arrive*flag P*; *without flag P*"
}

@test "steps: without a descriptor a line of binfmt.d is one: /etc before /run before /usr/lib, a link to /dev/null masks it" {
	host_add_emulator
	for name in lib run etc last; do
		host_add_emulator "/usr/libexec/${name}"
	done
	mount -t tmpfs -o mode=0755 none /run
	mkdir -p /run/binfmt.d /usr/lib/binfmt.d /run/upper /run/work
	mount -t overlay -o "userxattr,lowerdir=/etc,upperdir=/run/upper,workdir=/run/work" none /etc
	mkdir -p /etc/binfmt.d
	mount -t tmpfs -o mode=0755 none /etc/binfmt.d
	mount -t tmpfs -o mode=0755 none /usr/lib/binfmt.d
	# line NAME: as qemu's packages have it, with a comment and lines of others around it.
	function line() {
		printf '%s\n' "# comment" "" ":jar:E::jar::/usr/bin/jar:" ":qemu-arm:M::${ARMHF_MAGIC}:${ARMHF_MASK}:/usr/libexec/${1}:F" \
			":qemu-arm64:M::arm64::/usr/bin/true:F"
	}
	# serves NAME: its line is registered, flags and all.
	function serves() {
		prepare
		expect status 0 REASON descriptor-registered TIER 1 MODE emulated INTERPRETER "/usr/libexec/${1}" FLAGS F ACTIONS register:qemu-arm
		prepare -r "${ARMHF_BINFMT_UNDO}"
		expect status 0
	}
	line lib > /usr/lib/binfmt.d/qemu-arm.conf
	printf '%s\n' ":zz:E::zz::/usr/bin/true:" > /usr/lib/binfmt.d/zz.conf
	serves lib
	line run > /run/binfmt.d/qemu-arm.conf
	serves run
	line etc > /etc/binfmt.d/qemu-arm.conf
	serves etc
	# Of several files the last one by name, in whichever directory.
	line last > /usr/lib/binfmt.d/yy.conf
	serves last
	ln -s /dev/null /etc/binfmt.d/yy.conf
	serves etc
	# A file that is none of binfmt.d's does not count.
	line last > /etc/binfmt.d/yyy
	serves etc
	# A bad line is named, with its file.
	line etc | sed 's/x28/x2/' > /etc/binfmt.d/qemu-arm.conf
	prepare_fails
	expect REASON descriptor-invalid TIER 1 MESSAGE "/etc/binfmt.d/qemu-arm.conf:4: *"
	line etc > /etc/binfmt.d/qemu-arm.conf
	chmod 0666 /etc/binfmt.d/qemu-arm.conf
	prepare_fails
	expect REASON descriptor-invalid TIER 1 MESSAGE "/etc/binfmt.d/qemu-arm.conf: *mode 0666*"
	# The descriptor comes first.
	host_descriptor /usr/libexec/lib
	prepare
	expect status 0 REASON descriptor-registered INTERPRETER /usr/libexec/lib FLAGS POC
	prepare -r "${ARMHF_BINFMT_UNDO}"
	rm "${DESCRIPTOR}"
	# Masked: there is none.
	ln -sf /dev/null /etc/binfmt.d/qemu-arm.conf
	prepare
	expect status 0 REASON descriptor-created TIER 4
}

# Below, strace lets single system calls of the shell fail (not of its children), or succeed without an effect, as kernels,
# security modules and other processes may.

@test "steps: status reads disabled after 1 was written => binfmt-off, in every tier, nothing registered" {
	requires_strace
	host_add_emulator
	host_switch status 0
	before="$(host_kept)"
	for tier in 4 1 2; do
		((tier != 1)) || host_descriptor
		if ((tier == 2)); then
			rm "${DESCRIPTOR}"
			host_register_armhf
		fi
		before="$(host_kept)"
		prepare_in strace -o /dev/null -P "${TABLE}/status" -e inject=write:retval=1 -- -p emulated
		expect status 1 REASON binfmt-off TIER "${tier}" MODE none MESSAGE "${TABLE}/status: *echo 1 > *"
		unchanged "${before}" "$(host_kept)"
	done
}

# bats test_tags=slow
@test "steps: a registration that is taken and does not stand, or is refused => undone" {
	requires_strace
	host_add_emulator
	length="$(wc -c <<< ":qemu-arm:M:0:${ARMHF_MAGIC}:${ARMHF_MASK}:/usr/bin/qemu-arm-static:POC")"
	for fault in "retval=$((length - 1))" retval=5 error=EINVAL error=ENOMEM; do
		for descriptor in no yes; do
			rm -f "${DESCRIPTOR}"
			[[ "${descriptor}" == no ]] || host_descriptor
			before="$(host_kept)"
			prepare_in strace -o /dev/null -P "${TABLE}/register" -e "inject=write:${fault}" --
			case "${fault} ${descriptor}" in
			*ENOMEM*) expect status 1 REASON system-error MESSAGE "*Cannot allocate memory; *ulimit -v*" ;;
			*no) expect status 1 REASON registration-failed TIER 4 ;;
			*yes) expect status 1 REASON descriptor-failed TIER 1 ;;
			esac
			expect MODE none MESSAGE "${TABLE}/*: *" UNDO ""
			unchanged "${before}" "$(host_kept)"
		done
	done
	prepare_in strace -o /dev/null -P "${TABLE}/register" -e inject=write:error=EPERM --
	expect status 1 REASON not-permitted TIER 1 MESSAGE "${TABLE}/register: *Operation not permitted*"
}

@test "steps: an entry that does not take 1, or cannot be removed => said so, as before" {
	requires_strace
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	host_descriptor
	before="$(host_kept)"
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=write:retval=1 --
	expect status 1 REASON descriptor-failed MODE none MESSAGE "${TABLE}/qemu-arm: *"
	unchanged "${before}" "$(host_kept)"
	host_switch qemu-arm -1
	host_register_armhf qemu-arm "" /usr/bin/false
	before="$(host_kept)"
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=write:retval=2 --
	expect status 1 REASON descriptor-failed MODE none MESSAGE "${TABLE}/qemu-arm: *"
	unchanged "${before}" "$(host_kept)"
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=write:error=EACCES --
	expect status 1 REASON not-permitted MODE none MESSAGE "${TABLE}/qemu-arm: *"
	unchanged "${before}" "$(host_kept)"
}

# bats test_tags=slow
@test "steps: a full disk, a failing disk, a descriptor that cannot be made => the entry alone; nothing is left under any name" {
	requires_strace
	host_add_emulator
	before="$(host_kept)"
	# registered: without a descriptor.
	function registered() {
		expect status 0 REASON entry-registered TIER 4 MODE emulated UNDO "unregister:qemu-arm@????????" WARNING "/usr/share/binfmts*: *${1}*reboot*"
		[[ -z "$(find /usr/share/binfmts /usr/share/.armhf* ! -type d ! -name filler 2> /dev/null || :)" ]]
		host_switch qemu-arm -1
	}
	for fault in fsync:error=EIO fsync:error=EIO:when=2 fchmod:error=EIO renameat2:error=ENOSPC renameat2:error=EINVAL; do
		prepare_in strace -o /dev/null -e "inject=${fault}" --
		registered "$([[ "${fault}" != *EIO* ]] || echo "Input/output error")"
		unchanged "${before}" "$(host_kept)"
	done
	# A real full disk. The temporary file is on that of /usr/share.
	mount -t tmpfs -o size=8k,mode=0755 none /usr/share
	mkdir /usr/share/binfmts
	head -c 8192 /dev/zero > /usr/share/binfmts/filler || :
	prepare
	registered "No space"
}

@test "steps: a temporary file of a call that was killed, or a link in its place => the same descriptor, never a second name in its directory" {
	host_add_emulator
	temporary=/usr/share/.armhf-binfmt-descriptor
	for make in "touch" "ln -s /usr/share/elsewhere" "ln ${EMULATOR}"; do
		${make} "${temporary}"
		umask 0077
		prepare
		umask 0022
		expect status 0 REASON descriptor-created
		diff "${DESCRIPTOR}" <(host_descriptor_text)
		[[ "$(stat -c '%a %h' "${DESCRIPTOR}")" == "644 1" && "$(ls -A /usr/share/binfmts)" == qemu-arm ]]
		[[ ! -e "${temporary}" && ! -L "${temporary}" && ! -e /usr/share/elsewhere ]]
		prepare -r "${ARMHF_BINFMT_UNDO}"
		expect status 0
	done
	cmp "${EMULATOR}" "${HOST_EMULATOR}"
}

@test "steps: what was written is on the disk before it has its name" {
	requires_strace
	host_add_emulator
	prepare_in strace -o "${BATS_TEST_TMPDIR}/calls" -e trace=openat,write,fchmod,fsync,linkat,rename,renameat,renameat2 --
	expect status 0 REASON descriptor-created
	calls="$(grep -A 9 'O_CREAT|O_EXCL' "${BATS_TEST_TMPDIR}/calls" | grep -o '^[a-z0-9]*' | head -n 7 | tr '\n' ' ')"
	echo "${calls}" >&2
	[[ "${calls}" == "openat write fchmod fsync renameat2 openat fsync " ]]
}

@test "mount: not mounted, nothing runs armhf => mounted last of all, and the rest done; -n says mount alone" {
	host_add_emulator
	umount "${TABLE}"
	for tier in 4 1; do
		((tier == 4)) || host_descriptor
		prepare -n
		expect status 0 REASON "descriptor-@(created|registered)" TIER "${tier}" MODE none ACTIONS mount UNDO "" MESSAGE "*; the first steps would be: mount" \
			WARNING "*user namespace*hides*"
		[[ ! -e "${TABLE}/status" ]]
		prepare
		expect status 0 TIER "${tier}" MODE emulated ENTRY qemu-arm WARNING "*user namespace*hides*"
		if ((tier == 4)); then
			expect REASON descriptor-created ACTIONS "mount create-descriptor register:qemu-arm" UNDO "unregister:qemu-arm@???????? remove-descriptor"
		else
			expect REASON descriptor-registered ACTIONS "mount register:qemu-arm" UNDO "unregister:qemu-arm@????????"
		fi
		[[ "$(findmnt -n -o FSTYPE,VFS-OPTIONS "${TABLE}" | tail -n 1)" =~ ^binfmt_misc\ +rw,nosuid,nodev,noexec ]]
		armhf_runs
		prepare -r "${ARMHF_BINFMT_UNDO}"
		expect status 0
		[[ -e "${TABLE}/status" ]]
		umount "${TABLE}"
	done
}

@test "mount: what cannot succeed anyway does not mount" {
	umount "${TABLE}"
	prepare
	expect status 1 REASON emulator-missing TIER 4 ACTIONS ""
	host_add_emulator
	chmod 0777 /usr/bin/qemu-arm-static
	prepare
	expect status 1 REASON registration-failed TIER 4 ACTIONS ""
	# In a user namespace a mount would hide the host's entries for good: the emulator is run directly first.
	install -m 0755 /usr/bin/false /usr/bin/qemu-arm-static
	for option in "" -n; do
		# shellcheck disable=SC2086
		prepare ${option}
		expect status 1 REASON registration-failed TIER 4 ACTIONS "" MESSAGE "/usr/bin/qemu-arm-static: *exited with 1*"
	done
	host_descriptor /usr/bin/false
	prepare
	expect status 1 REASON descriptor-failed TIER 1 ACTIONS "" MESSAGE "/usr/bin/false: *exited with 1*"
	host_descriptor /usr/libexec/none
	prepare
	expect status 1 REASON descriptor-failed TIER 1 ACTIONS ""
	echo > "${DESCRIPTOR}"
	prepare
	expect status 1 REASON descriptor-invalid TIER 1 ACTIONS ""
	[[ ! -e "${TABLE}/status" ]]
}

@test "mount: the table is mounted elsewhere and armhf runs by it => other-entry without a name; nothing mounted" {
	host_add_emulator
	host_register_armhf
	mount --bind "${TABLE}" /mnt
	umount "${TABLE}"
	for descriptor in no valid invalid; do
		case "${descriptor}" in
		valid) host_descriptor ;;
		invalid) echo > "${DESCRIPTOR}" ;;
		esac
		for policy in registered native emulated; do
			prepare -p "${policy}"
			expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY "" INTERPRETER "" FLAGS "" ACTIONS "" UNDO ""
		done
	done
	expect WARNING "${DESCRIPTOR}:*"
	[[ ! -e "${TABLE}/status" ]]
}

@test "mount: mounted, the entries that were there count: a disabled one is an error, one that runs is used" {
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	mount --bind "${TABLE}" /mnt
	umount "${TABLE}"
	prepare
	expect status 1 REASON entry-disabled TIER 2 ACTIONS mount UNDO "" ENTRY qemu-arm
	[[ -e "${TABLE}/status" ]]
	umount "${TABLE}"
	prepare -p emulated
	expect status 0 REASON entry-enabled ACTIONS "mount enable:qemu-arm" UNDO "disable:qemu-arm@????????"
}

# bats test_tags=slow
@test "mount: refused => not-permitted; impossible => binfmt-unavailable; without effect => binfmt-unavailable; nothing done" {
	requires_strace
	host_add_emulator
	umount "${TABLE}"
	before="$(host_kept)"
	for error in EPERM:not-permitted EACCES:not-permitted EROFS:not-permitted ENODEV:binfmt-unavailable ENOMEM:binfmt-unavailable EBUSY:binfmt-unavailable; do
		prepare_in strace -o /dev/null -e "inject=mount:error=${error%:*}" --
		expect status 1 REASON "${error#*:}" TIER 4 MODE none MESSAGE "${TABLE}: *" UNDO ""
		unchanged "${before}" "$(host_kept)"
	done
	if ((EUID == 0)) && setpriv --reuid=65534 true 2> /dev/null; then
		prepare_in as_nobody --
		expect status 1 REASON not-permitted TIER 4 MODE none MESSAGE "${TABLE}: *mount*" UNDO ""
	fi
	unchanged "${before}" "$(host_kept)"
}

@test "mount: an autofs that does not mount the table => binfmt-unavailable, and never mounted over" {
	requires_strace
	host_add_emulator
	umount "${TABLE}"
	# No user namespace may mount one: the file system that is there says that it is.
	autofs=(strace -o /dev/null -P "${TABLE}" -e inject=fstatfs:poke_exit=@arg2=8701000000000000)
	prepare_in "${autofs[@]}" --
	expect status 1 REASON binfmt-unavailable TIER 4 MODE none MESSAGE "${TABLE}: an autofs*" ACTIONS "" UNDO ""
	host_descriptor
	prepare_in "${autofs[@]}" --
	expect status 1 REASON binfmt-unavailable TIER 1 MODE none ACTIONS ""
	prepare_in "${autofs[@]}" -- -n
	expect status 1 REASON binfmt-unavailable TIER 1 MODE none ACTIONS ""
	[[ ! -e "${TABLE}/status" ]]
	[[ "$(ls /usr/share/binfmts)" == qemu-arm ]]
}

@test "binfmt-support: tier 4 is imported, so that it is there after a reboot; its own commands see it and remove it" {
	host_add_emulator
	host_add_binfmt_support
	prepare -n
	expect status 0 REASON descriptor-created ACTIONS create-descriptor UNDO remove-descriptor
	prepare
	expect status 0 REASON descriptor-created ACTIONS "create-descriptor register:qemu-arm import" UNDO "unimport unregister:qemu-arm@???????? remove-descriptor" \
		WARNING "" FLAGS POC
	shown="$(update-binfmts --display qemu-arm)"
	[[ "${shown}" == *"qemu-arm (enabled):"*"package = qemu-user-static"*"interpreter = /usr/bin/qemu-arm-static"* ]]
	# After a reboot.
	host_switch qemu-arm -1
	update-binfmts --enable
	armhf_runs
	update-binfmts --disable qemu-arm
	refute host_entry qemu-arm
	prepare
	expect status 0 REASON descriptor-registered ACTIONS register:qemu-arm
	[[ "$(update-binfmts --display qemu-arm)" == *"qemu-arm (enabled):"* ]]
	update-binfmts --disable qemu-arm
	refute host_entry qemu-arm
	refute armhf_runs
}

@test "binfmt-support: what tier 1 registered without a record, --disable removes all the same" {
	host_add_emulator
	host_add_binfmt_support
	host_descriptor
	prepare
	expect status 0 REASON descriptor-registered ACTIONS register:qemu-arm UNDO "unregister:qemu-arm@????????"
	refute update-binfmts --display qemu-arm
	update-binfmts --disable qemu-arm
	refute host_entry qemu-arm
}

@test "binfmt-support: a record that was there before is not in the undo list" {
	host_add_emulator
	host_add_binfmt_support
	host_descriptor
	update-binfmts --import qemu-arm
	[[ -e /var/lib/binfmts/qemu-arm ]]
	update-binfmts --disable qemu-arm
	rm "${DESCRIPTOR}"
	prepare
	expect status 0 REASON descriptor-created ACTIONS "create-descriptor register:qemu-arm import" UNDO "unregister:qemu-arm@???????? remove-descriptor"
	prepare -r "${ARMHF_BINFMT_UNDO}"
	[[ -e /var/lib/binfmts/qemu-arm && ! -e "${DESCRIPTOR}" ]]
}

# bats test_tags=slow
@test "binfmt-support: an import that fails, hangs or leaves no record is a warning; it sees PATH and LC_ALL=C alone" {
	host_add_emulator
	host_add_binfmt_support
	mount --bind /var/lib/binfmts /var/lib/binfmts
	mount -o remount,bind,ro /var/lib/binfmts
	prepare
	expect status 0 REASON descriptor-created ACTIONS "create-descriptor register:qemu-arm import" UNDO "unregister:qemu-arm@???????? remove-descriptor" WARNING "*import*reboot*"
	armhf_runs
	umount /var/lib/binfmts
	export PATH="/usr/local/bin:${PATH}" LC_ALL=POSIX SPY=1
	for line in 'sleep 60' 'exit 3' 'kill -s KILL $$' "env > ${BATS_TEST_TMPDIR}/environment; echo noise; echo noise >&2"; do
		prepare -r "unregister:qemu-arm remove-descriptor"
		printf '%s\n' '#!/bin/sh' "${line}" > /usr/sbin/update-binfmts.new
		chmod 0755 /usr/sbin/update-binfmts.new
		mv /usr/sbin/update-binfmts.new /usr/sbin/update-binfmts
		prepare -t 1
		expect status 0 REASON descriptor-created ACTIONS "create-descriptor register:qemu-arm import" UNDO "unregister:qemu-arm@???????? remove-descriptor" \
			WARNING "/usr/sbin/update-binfmts: *import*" stdout "" stderr ""
	done
	[[ "$(grep -Ev '^(PWD|OLDPWD|SHLVL|_)=' "${BATS_TEST_TMPDIR}/environment" | sort)" == $'LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin' ]]
}

@test "binfmt-support, systemd-binfmt: what they registered is trusted and left alone" {
	host_add_emulator
	host_add_binfmt_support
	# The line of qemu's binfmt.d file, as systemd-binfmt writes it.
	host_register ":qemu-arm:M::${ARMHF_MAGIC}:${ARMHF_MASK}:/usr/bin/qemu-arm-static:F"
	before="$(host_state)"
	prepare
	expect status 0 REASON entry-trusted TIER 2 FLAGS F
	[[ "$(host_state)" == "${before}" ]]
	host_switch qemu-arm -1
	host_descriptor
	update-binfmts --import qemu-arm
	before="$(host_state)"
	prepare
	expect status 0 REASON descriptor-current TIER 1 FLAGS POC ACTIONS ""
	[[ "$(host_state)" == "${before}" ]]
	# The package is gone, the administrative record is not.
	rm "${DESCRIPTOR}"
	prepare
	expect status 0 REASON entry-trusted TIER 2
	update-binfmts --disable qemu-arm
	prepare
	expect status 0 REASON descriptor-created ACTIONS "create-descriptor register:qemu-arm import"
}
