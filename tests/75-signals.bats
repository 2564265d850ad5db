#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Signals: a call whose probe hangs ends at once, takes back what it had begun, leaves no child, and the shell's traps run as
# with an external command.
# shellcheck disable=SC2016,SC2030,SC2031 # other shells; each test is a process of its own

load lib/host.bash

function setup() {
	private_host
}

# signal_host: the emulator hangs, so that every call registers the descriptor's
# entry and then waits.
function signal_host() {
	hang="/usr/bin/qemu-arm-static"
	install -m 0755 "${BUILD}/tests/hang" "${hang}"
	host_descriptor
	before="$(host_kept)"
	log="${HOST_OUTPUT}.log"
	cat > "${HOST_OUTPUT}.begin" <<- SCRIPT
		enable -f ${INSTALLED} armhf_binfmt_prepare
		exec >> ${log} 2>&1
	SCRIPT
}

# shell_start < SCRIPT: a shell in a session of its own, with default dispositions (this one's children ignore
# SIGINT); sets ${shell}.
function shell_start() {
	: > "${log}"
	cat "${HOST_OUTPUT}.begin" - > "${HOST_OUTPUT}.script"
	setsid env --default-signal bash "${HOST_OUTPUT}.script" < /dev/null &
	shell="${!}"
}

# shell_waits: until the shell, or a subshell of it, has a child that hangs; sets ${child}.
function shell_waits() {
	declare -i i at
	declare -a pids children
	for ((i = 0; i < 1000; i++)); do
		pids=("${shell}")
		for ((at = 0; at < ${#pids[@]}; at++)); do
			child="${pids[at]}"
			[[ ! "/proc/${child}/exe" -ef "${hang}" ]] || return 0
			children=()
			read -ra children 2> /dev/null < "/proc/${child}/task/${child}/children" || :
			pids+=("${children[@]}")
		done
		sleep 0.01
	done
	echo "the shell never came to its probe" >&2
	cat "${log}" >&2
	return 1
}

# shell_waits_for_lock: until it has the table's register open, and a little longer: then it sleeps.
function shell_waits_for_lock() {
	declare -i i
	for ((i = 0; i < 500; i++)); do
		[[ "$(find "/proc/${shell}/fd" -lname "${TABLE}/register")" != "/proc/"* ]] || break
		sleep 0.01
	done
	sleep 0.1
}

# shell_end: wait for it; sets ${status}, and ${took}, the milliseconds since ${EPOCHREALTIME} was kept in ${since}.
function shell_end() {
	status=0
	wait "${shell}" 2> /dev/null || status="${?}"
	declare now="${EPOCHREALTIME}"
	[[ -v since ]] || since="${now}"
	took="$(((${now/./} - ${since/./}) / 1000))"
}

# no_child: the probe has ended. (The child of a shell that was killed is init's to reap, sooner or later.)
function no_child() {
	declare -i i
	declare stat
	for ((i = 0; i < 200; i++)); do
		read -r stat 2> /dev/null < "/proc/${child}/stat" || return 0
		[[ "${stat}" != *") Z "* ]] || return 0
		sleep 0.01
	done
	echo "still there: ${child}" >&2
	return 1
}

@test "signals: INT, TERM, HUP, QUIT with a trap => at once, status 128+n, the trap, all undone, no child" {
	signal_host
	for name in INT TERM HUP QUIT; do
		shell_start <<- SCRIPT
			trap 'echo "trap ${name}"' ${name}
			# Read by the shell itself: while it waits for a child some are blocked.
			function signals() {
				while read -r name value; do
					[[ "\${name}" != Sig[BIC]* ]] || echo "\${name} \${value}"
				done < /proc/\$\$/status > ${log}.signals.\${1}
			}
			signals before
			status=0
			armhf_binfmt_prepare -t 60 || status="\${?}"
			echo "status \${status}"
			signals after
			read -r children < /proc/\$\$/task/\$\$/children
			echo "children [\${children}]"
			declare -p \${!ARMHF_BINFMT_@}
		SCRIPT
		shell_waits
		[[ -e "${TABLE}/qemu-arm" ]]
		since="${EPOCHREALTIME}"
		kill -s "${name}" "${shell}"
		shell_end
		number="$(kill -l "${name}")"
		text="$(< "${log}")"
		[[ "${text}" == *"armhf_binfmt_prepare: interrupted by signal ${number}: all that was begun is undone; run this again"$'\n'"trap ${name}"$'\n'"status $((128 + number))"$'\n'* ]]
		[[ "${text}" == *$'\n'"children []"$'\n'* ]]
		for value in 'REASON="interrupted"' 'UNDO=""' 'ACTIONS="register:qemu-arm unregister:qemu-arm"' 'MODE="none"' 'TIER="1"'; do
			[[ "${text}" == *"ARMHF_BINFMT_${value}"* ]]
		done
		cmp "${log}.signals.before" "${log}.signals.after"
		expect status 0
		echo "SIG${name}: ${took} ms"
		((took < 1000))
		no_child
		[[ "$(host_kept)" == "${before}" ]]
	done
}

# bats test_tags=slow,once
@test "signals: the shell ends, goes on, and runs INT, ERR and EXIT traps as with an external command" {
	signal_host
	# lived COMMAND NAME TRAPS OPTIONS: what is seen of a shell whose command is interrupted, by a signal to its group
	# as the terminal sends it.
	function lived() {
		shell_start <<- SCRIPT
			for name in ${3}; do
				trap "echo \${name} in \"\\\${FUNCNAME[*]}\"" "\${name}"
			done
			set ${4}
			function call() {
				${1} 2> /dev/null
				echo "behind it \${?}"
			}
			call
			echo "after \${?}"
			(exit 3) || echo "or"
		SCRIPT
		shell_waits
		kill -s "${2}" -- "-${shell}"
		since="${EPOCHREALTIME}"
		shell_end
		no_child
		echo "${status}"
		# How bash tells of a command's own end.
		grep -vE 'Terminated|Hangup' "${log}" || :
	}
	compared=0
	for name in INT TERM HUP; do
		for traps in "" EXIT "ERR EXIT" "${name}" "${name} ERR EXIT"; do
			for options in +e "-e -E -u -o pipefail"; do
				lived "armhf_binfmt_prepare -t 60" "${name}" "${traps}" "${options}" > "${log}.ours"
				[[ "$(host_kept)" == "${before}" ]]
				lived "${hang}" "${name}" "${traps}" "${options}" > "${log}.theirs"
				diff -u --label "external command, ${name}, traps ${traps}, set ${options}" "${log}.theirs" "${log}.ours"
				((++compared))
			done
		done
	done
	((compared == 30))
}

# bats test_tags=slow
@test "signals: in a function, a condition, a substitution, a subshell and a pipeline => all undone, no child" {
	signal_host
	for command in 'if armhf_binfmt_prepare -t 60; then :; fi' 'x=$(armhf_binfmt_prepare -v -t 60)' '(armhf_binfmt_prepare -t 60; :)' \
		'armhf_binfmt_prepare -v -t 60 | cat' 'eval "armhf_binfmt_prepare -t 60"' 'while armhf_binfmt_prepare -t 60; do :; done'; do
		shell_start <<- SCRIPT
			trap 'echo int' INT
			${command}
			echo "after"
		SCRIPT
		shell_waits
		since="${EPOCHREALTIME}"
		kill -s INT -- "-${shell}"
		shell_end
		((took < 1500))
		[[ "$(< "${log}")" == *int*after ]]
		no_child
		[[ "$(host_kept)" == "${before}" ]]
	done
}

# bats test_tags=slow,once
@test "signals: ignored ones stay ignored: the call goes on to its deadline" {
	signal_host
	shell_start <<- SCRIPT
		trap '' INT TERM HUP QUIT
		armhf_binfmt_prepare -t 1
		echo "status \${?} \${ARMHF_BINFMT_REASON}"
	SCRIPT
	shell_waits
	for name in INT TERM HUP QUIT; do
		kill -s "${name}" "${shell}"
	done
	shell_end
	[[ "$(< "${log}")" == *"did not end within 1 s"*$'\n'"status 1 probe-timeout" ]]
	[[ "$(host_kept)" == "${before}" ]]
	# Ignored by who started the shell, as under nohup.
	shell_start <<- SCRIPT
		exec env --ignore-signal=HUP bash -c 'enable -f "\${0}" armhf_binfmt_prepare; armhf_binfmt_prepare -t 1' ${INSTALLED}
	SCRIPT
	shell_waits
	kill -s HUP "${shell}"
	shell_end
	expect status 1
}

# bats test_tags=slow,once
@test "signals: others than those four do not end the call, and their traps run after it" {
	signal_host
	shell_start <<- SCRIPT
		for name in USR1 USR2 ALRM WINCH CONT CHLD PIPE IO; do
			trap "echo trap \${name}" "\${name}"
		done
		armhf_binfmt_prepare -t 2
		echo "status \${?}"
	SCRIPT
	shell_waits
	for name in USR1 USR2 ALRM WINCH CONT PIPE IO STOP CONT USR1; do
		kill -s "${name}" "${shell}"
		sleep 0.02
	done
	shell_end
	text="$(< "${log}")"
	[[ "${text}" == *"did not end within 2 s"*trap*"status 1" ]]
	for name in USR1 USR2 ALRM WINCH CONT PIPE IO; do
		[[ "${text}" == *"trap ${name}"* ]]
	done
	[[ "${text}" != *"trap CHLD"* ]]
}

# bats test_tags=slow,once
@test "signals: a shell that was stopped for longer than the deadline still finds that armhf runs" {
	signal_host
	install -m 0755 "${HOST_EMULATOR}" "${hang}"
	for ((i = 0; i < 2; i++)); do
		shell_start <<- SCRIPT
			for ((i = 0; i < 40; i++)); do
				armhf_binfmt_prepare -n -t 1 || exit 1
			done
		SCRIPT
		sleep "0.1${i}"
		kill -s STOP "${shell}"
		sleep 1.3
		kill -s CONT "${shell}"
		shell_end
		cat "${log}"
		expect status 0
	done
}

@test "signals: SIGKILL of the shell leaves no child, and the next call finds its way" {
	signal_host
	for ((i = 0; i < 3; i++)); do
		shell_start <<- SCRIPT
			armhf_binfmt_prepare -t 60
		SCRIPT
		shell_waits
		kill -s KILL "${shell}"
		since="${EPOCHREALTIME}"
		shell_end
		expect status 137
		no_child
	done
	install -m 0755 "${HOST_EMULATOR}" "${hang}.new"
	mv "${hang}.new" "${hang}"
	prepare
	expect status 0 REASON descriptor-current
	armhf_runs
}

@test "signals: -r while it waits for the lock => the steps are left, and the message says so" {
	signal_host
	host_register_armhf
	before="$(host_kept)"
	exec {lock}> "${TABLE}/register"
	flock "${lock}"
	shell_start <<- SCRIPT
		trap 'echo trap' TERM
		exec {lock}>&-
		armhf_binfmt_prepare -r unregister:qemu-arm
		echo "status \${?} \${ARMHF_BINFMT_REASON} [\${ARMHF_BINFMT_UNDO}]"
	SCRIPT
	shell_waits_for_lock
	kill -s TERM "${shell}"
	shell_end
	[[ "$(< "${log}")" == *"interrupted by signal 15: UNDO has the steps that are left; run this again"* ]]
	[[ "$(< "${log}")" == *$'\n'"trap"$'\n'"status 143 interrupted [unregister:qemu-arm]" ]]
	[[ "$(host_kept)" == "${before}" ]]
}

@test "signals: while it waits for the lock => at once, status 128+n, nothing changed" {
	signal_host
	exec {lock}> "${TABLE}/register"
	flock "${lock}"
	for name in INT TERM; do
		shell_start <<- SCRIPT
			trap 'echo trap' ${name}
			exec {lock}>&-
			armhf_binfmt_prepare -t 60
			echo "status \${?} \${ARMHF_BINFMT_REASON} [\${ARMHF_BINFMT_ACTIONS}]"
		SCRIPT
		shell_waits_for_lock
		since="${EPOCHREALTIME}"
		kill -s "${name}" "${shell}"
		shell_end
		((took < 1000))
		[[ "$(< "${log}")" == *$'\n'"trap"$'\n'"status $((128 + $(kill -l "${name}"))) interrupted []" ]]
		[[ "$(host_kept)" == "${before}" ]]
	done
}

# terminal_host: an interactive bash on a real terminal: type TEXT, shows PATTERN.
function terminal_host() {
	signal_host
	mkfifo "${HOST_OUTPUT}.keys"
	: > "${HOST_OUTPUT}.screen"
	# script(1) gives the shell a terminal of its own and passes on what it reads.
	echo "PS1='ready> '" > "${HOST_OUTPUT}.rc"
	env --default-signal TERM=dumb script --quiet --flush --return \
		--command "bash --rcfile '${HOST_OUTPUT}.rc' -i" "${HOST_OUTPUT}.screen" < "${HOST_OUTPUT}.keys" > /dev/null 2>&1 &
	terminal="${!}"
	exec {keys}> "${HOST_OUTPUT}.keys"
	seen=0
	shows 'ready> '
	# The command that is typed must not be what is found on the screen.
	type_line "enable -f ${INSTALLED} armhf_binfmt_prepare; echo load''ed \$\$."
	shows 'loaded '
	shows 'ready> '
	shell="$(tr -d '\r' < "${HOST_OUTPUT}.screen" | sed -n 's/^loaded \([0-9]*\)\.$/\1/p')"
}

# type TEXT...: each as a line.
function type_line() {
	printf '%s\n' "$@" >&"${keys}"
}

# shows TEXT: within 10 seconds, on the screen behind what was found last.
function shows() {
	declare -i i
	declare screen before
	for ((i = 0; i < 1000; i++)); do
		screen="$(tr -d '\r\0' < "${HOST_OUTPUT}.screen" 2> /dev/null)"
		if [[ "${screen:seen}" == *"${1}"* ]]; then
			before="${screen:seen}"
			before="${before%%"${1}"*}"
			((seen += ${#before} + ${#1}))
			return 0
		fi
		sleep 0.01
	done
	echo "not on the screen: ${1}" >&2
	printf '%s\n' "${screen}" >&2
	return 1
}

@test "signals: Ctrl-C at an interactive shell's terminal => the prompt at once, status 130, all undone" {
	requires "script(1)" command -v script
	terminal_host
	type_line "trap 'echo tra''pped' INT"
	shows 'ready> '
	for ((round = 0; round < 3; round++)); do
		type_line "armhf_binfmt_prepare -t 60"
		shell_waits
		since="${EPOCHREALTIME}"
		printf '\003' >&"${keys}"
		shows "interrupted by signal 2"
		shows "trapped"
		shows 'ready> '
		now="${EPOCHREALTIME}"
		(((${now/./} - ${since/./}) / 1000 < 1500))
		no_child
		[[ "$(host_kept)" == "${before}" ]]
		type_line 'echo "sta''tus ${?} ${ARMHF_BINFMT_REASON}"; jobs -l'
		shows "status 130 interrupted"
	done
	# Without a trap, in a list: the rest of the line is not run, as with any command.
	type_line "trap - INT"
	type_line "armhf_binfmt_prepare -t 60; echo rest''ed"
	shell_waits
	printf '\003' >&"${keys}"
	shows "interrupted by signal 2"
	type_line "echo go''es on"
	shows "goes on"
	[[ "$(< "${HOST_OUTPUT}.screen")" != *rested* ]]
	[[ "$(host_kept)" == "${before}" ]]
	type_line exit
	wait "${terminal}"
}

# bats test_tags=slow,once
@test "signals: Ctrl-Z and Ctrl-\\ do not stop an interactive shell, and its jobs go on" {
	requires "script(1)" command -v script
	terminal_host
	type_line "sleep 0.2 & armhf_binfmt_prepare -t 2; echo end''ed \${?}"
	shell_waits
	printf '\032\034' >&"${keys}"
	shows "did not end within 2 s"
	shows "ended 1"
	type_line "wait; echo wait''ed \${?}"
	shows "waited 0"
	type_line "echo en''d"
	shows "end"
	# Before what was typed or after it, as bash 5.2 or 5.3.
	grep -q 'Done *sleep' "${HOST_OUTPUT}.screen"
	type_line exit
	wait "${terminal}"
}
