# SPDX-License-Identifier: GPL-3.0-or-later
# Files that are downloaded or built once for the tests are kept below ${cache_top}, outside of the tree.
# shellcheck shell=bash

# shellcheck disable=SC2034 # for those that source this
cache_top="${XDG_CACHE_HOME:-${HOME}/.cache}/armhf-binfmt"
# What a function's result depends on besides its own text, by its name: other functions, and files.
declare -gA cache_ingredients

# cache_make PATH FILE FUNCTION [ARGUMENT...]: make the directory PATH unless it is there. FUNCTION, of the bash file FILE, fills
# the new directory that is its first argument. PATH appears whole or not at all, whoever else makes it at the same time.
function cache_make() {
	declare path="${1}" file="${2}" function="${3}" directory="${1%/*}" name="${1##*/}" lock new status=0
	shift 3
	[[ ! -d "${path}" ]] || return 0
	mkdir -p "${directory}" || return 1
	exec {lock}> "${directory}/.lock" || return 1
	flock "${lock}" || return 1
	if [[ ! -d "${path}" ]]; then
		# What a killed run left behind.
		rm -rf "${directory}/.${name}".??????
		new="$(mktemp -d "${directory}/.${name}.XXXXXX")" || return 1
		# In a shell of its own: a caller that tests the status disables errexit in all that it calls.
		# shellcheck disable=SC2016
		if (umask 022 && bash -euo pipefail -O inherit_errexit -c 'source "${1}"; "${@:2}"' bash "${file}" "${function}" "${new}" "${@}"); then
			chmod 0755 "${new}"
			mv -T "${new}" "${path}" || status=1
		else
			status=1
		fi
		rm -rf "${new}"
	fi
	exec {lock}>&-
	return "${status}"
}

# cache_part DIRECTORY NAME FILE FUNCTION [ARGUMENT...]: make a part below DIRECTORY, and put its path into ${cache_path}. The path
# ends in a hash of the recipe, so that a changed recipe makes a new part; one that was not used for two weeks is removed: another
# tree may have it.
function cache_part() {
	declare directory="${1}" name="${2}" function="${4}" key started="${SECONDS}"
	shift 2
	key="$(cache_recipe "${function}" && echo "${@:3}")" || return 1
	key="$(sha256sum <<< "${key}")"
	cache_path="${directory}/${name}-${key:0:12}"
	if [[ -d "${cache_path}" ]]; then
		touch "${cache_path}" 2> /dev/null || :
		return 0
	fi
	echo "# ${name}: being made, below ${directory}" >&2
	cache_make "${cache_path}" "${@}" || {
		echo "# ${name} could not be made" >&2
		return 1
	}
	find "${directory}" -maxdepth 1 -name "${name}-????????????" -mtime +14 -exec rm -rf {} +
	echo "# ${name}: $(du -sh "${cache_path}" | cut -f 1), $((SECONDS - started)) s" >&2
}

# cache_recipe FUNCTION: its text, and its ingredients'.
function cache_recipe() {
	declare ingredient
	declare -f "${1}" || return 1
	for ingredient in ${cache_ingredients["${1}"]:-}; do
		declare -f "${ingredient}" || cat "${ingredient}" || return 1
	done
}
