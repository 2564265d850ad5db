/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * armhf_binfmt_prepare: the bash side: options, outcome variables, messages, help.
 * The only file that sees bash's headers. It decides nothing about the host.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtins.h"
#include "shell.h"
#include "bashgetopt.h"
#include "common.h"

#include "report.h"

#define GLUE_PREFIX    "ARMHF_BINFMT_"
#define GLUE_NAME_SIZE 64

/* What the command line asks for. */
struct glue_call {
	struct prepare *prepare;
	char *array;  /* of -A, or NULL */
	char *steps;  /* of -r, or NULL */
	bool decides; /* -p or -t was given */
};

/* The name of an outcome variable, or its key in the array of -A. */
static const char *
glue_name(char name[GLUE_NAME_SIZE], enum report_value value, bool key)
{
	snprintf(name, GLUE_NAME_SIZE, "%s%s", key ? "" : GLUE_PREFIX, report_key(value));
	for (char *c = name; !key && *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return name;
}

/* legal_identifier() was renamed in bash 5.3, so that an object that calls it does not load everywhere. */
static bool
glue_identifier(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_'
			    || (c > name && *c >= '0' && *c <= '9')))
			return false;
	return *name != '\0';
}

/*
 * Can this variable be set without a side effect? bash evaluates what is assigned to an
 * integer or through a nameref, commands in it included.
 */
static bool
glue_settable(const char *name, bool array)
{
	SHELL_VAR *variable = find_variable_noref(name);
	const char *why = NULL;

	if (variable == NULL)
		return true;
	if (readonly_p(variable))
		why = "it is readonly";
	else if (nameref_p(variable))
		why = "it is a nameref";
	else if (integer_p(variable))
		why = "it has the integer attribute";
	else if (capcase_p(variable) || uppercase_p(variable) || lowercase_p(variable))
		why = "it has an attribute that changes letters";
	else if (array && !assoc_p(variable))
		why = "it is not an associative array (declare -A)";
	else if (!array && (array_p(variable) || assoc_p(variable)))
		why = "it is an array";
	else if (noassign_p(variable) || variable->dynamic_value != NULL
		|| variable->assign_func != NULL)
		why = "it is one of the shell's own";
	if (why != NULL)
		builtin_error("%s: cannot put the outcome into this variable: %s", name, why);
	return why == NULL;
}

static bool
glue_targets_settable(const struct glue_call *call)
{
	char name[GLUE_NAME_SIZE];

	if (call->array != NULL) {
		if (!glue_identifier(call->array)) {
			builtin_error("-A: %s: this is no name of a variable", call->array);
			return false;
		}
		return glue_settable(call->array, true);
	}
	for (int value = 0; value < REPORT_VALUE_COUNT; value++)
		if (!glue_settable(glue_name(name, (enum report_value)value, false), false))
			return false;
	return true;
}

/* Set one outcome. False where there is no memory for it. */
static bool
glue_set(const struct glue_call *call, SHELL_VAR *array, enum report_value value)
{
	char name[GLUE_NAME_SIZE], *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	bool good;

	if (to == NULL)
		return false;
	report_print(to, call->prepare, value);
	good = !ferror(to);
	good = fclose(to) == 0 && good;
	if (good && array != NULL)
		/* the array keeps the key */
		good = bind_assoc_variable(array, call->array,
			       savestring(glue_name(name, value, true)), text, 0)
			!= NULL;
	else if (good)
		good = bind_variable(glue_name(name, value, false), text, 0) != NULL;
	free(text);
	return good;
}

static void
glue_set_all(const struct glue_call *call)
{
	SHELL_VAR *array = NULL;
	bool good = true;

	if (call->array != NULL) {
		array = find_variable(call->array);
		if (array == NULL)
			array = make_new_assoc_variable(call->array);
	}
	for (int value = 0; value < REPORT_VALUE_COUNT; value++)
		good = glue_set(call, array, (enum report_value)value) && good;
	if (!good)
		builtin_error("cannot set every outcome variable: %s", strerror(errno));
}

/* A decimal number of seconds within bounds, or 0. */
static int
glue_seconds(const char *text)
{
	int seconds = 0;

	if (*text == '\0')
		return 0;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		seconds = 10 * seconds + (*text - '0');
		if (seconds > PREPARE_SECONDS_MAX)
			return 0;
	}
	return seconds;
}

static bool
glue_steps(struct prepare *prepare, const char *text)
{
	for (;;) {
		size_t length;
		struct plan_step *step = &prepare->undo[prepare->undo_count];

		text += strspn(text, " \t\n");
		length = strcspn(text, " \t\n");
		if (length == 0)
			return true;
		if (prepare->undo_count == APPLY_STANDING_MAX) {
			builtin_error("-r: more than %d steps", APPLY_STANDING_MAX);
			return false;
		}
		if (!plan_step_parse(step, text, length) || !apply_step_undoes(step->kind)) {
			builtin_error("-r: %.*s: this is no undo step", (int)length, text);
			return false;
		}
		prepare->undo_count++;
		text += length;
	}
}

/* The options into the call. 0, or the status to return: the reason was told. */
static int
glue_options(struct glue_call *call, WORD_LIST *list)
{
	struct prepare *prepare = call->prepare;
	int option;

	reset_internal_getopt();
	while ((option = internal_getopt(list, "nvp:t:A:r:")) != -1) {
		switch (option) {
		case 'n': prepare->rehearse = true; break;
		case 'v': prepare->explain = true; break;
		case 'p':
			call->decides = true;
			if (!plan_policy_find(&prepare->policy, list_optarg)) {
				builtin_error(
					"-p: %s: the policy is registered, native or emulated",
					list_optarg);
				builtin_usage();
				return EX_USAGE;
			}
			break;
		case 't':
			call->decides = true;
			prepare->seconds = glue_seconds(list_optarg);
			if (prepare->seconds == 0) {
				builtin_error("-t: %s: a number of seconds from 1 to %d is needed",
					list_optarg, PREPARE_SECONDS_MAX);
				builtin_usage();
				return EX_USAGE;
			}
			break;
		case 'A': call->array = list_optarg; break;
		case 'r':
			call->steps = list_optarg;
			break;
			CASE_HELPOPT; /* bash's macro: "case" and all for --help */
		default: builtin_usage(); return EX_USAGE;
		}
	}
	if (loptend != NULL) {
		builtin_error("%s: no operand is taken", loptend->word->word);
		builtin_usage();
		return EX_USAGE;
	}
	if (call->steps != NULL && call->decides) {
		builtin_error("-r goes with neither -p nor -t");
		builtin_usage();
		return EX_USAGE;
	}
	if (call->steps != NULL && !glue_steps(prepare, call->steps)) {
		builtin_usage();
		return EX_USAGE;
	}
	return glue_targets_settable(call) ? 0 : EX_USAGE;
}

/* The message of a failure on standard error, and with -v everything on standard output. */
static void
glue_tell(const struct prepare *prepare)
{
	char *text = NULL;
	size_t size;
	FILE *to;

	if (prepare->explain) {
		report_explain(stdout, prepare);
		/* Says so if it could not be written; the status stays. */
		sh_chkwrite(EXECUTION_SUCCESS);
	}
	if (report_status(prepare) == 0)
		return;
	to = open_memstream(&text, &size);
	if (to != NULL) {
		report_print(to, prepare, REPORT_MESSAGE);
		fclose(to);
	}
	builtin_error("%s", text != NULL ? text : plan_reason_name(prepare->reason));
	free(text);
}

static int
glue_run(struct glue_call *call)
{
	struct stop stop;

	stop_begin(&stop);
	if (call->steps != NULL)
		prepare_undo(call->prepare, &stop);
	else
		prepare_run(call->prepare, &stop);
	/* A signal that is pending may end the shell at stop_end, so this comes first. */
	glue_set_all(call);
	stop_end(&stop);
	glue_tell(call->prepare);
	return report_status(call->prepare);
}

static int
armhf_binfmt_prepare_builtin(WORD_LIST *list)
{
	struct glue_call call = {.prepare = calloc(1, sizeof(*call.prepare))};
	int status;

	if (call.prepare == NULL) {
		builtin_error("no memory: %s", strerror(errno));
		return EXECUTION_FAILURE;
	}
	call.prepare->seconds = PREPARE_SECONDS;
	status = glue_options(&call, list);
	if (status == 0)
		status = glue_run(&call);
	free(call.prepare);
	return status;
}

static char *const armhf_binfmt_prepare_doc[] = {
	"Make this host run armhf (32-bit ARM hard-float) programs.",
	" ",
	"Finds out by execution whether armhf programs run, natively or through an",
	"emulator registered with binfmt_misc, and if not sets that up. Nothing of",
	"others is overwritten, and what a failed call had begun is undone. Changes",
	"need root. Silent on success; on failure one line on standard error.",
	" ",
	"Options:",
	"  -n          observe and decide, set the variables, change nothing (works",
	"              without privilege)",
	"  -v          explain on standard output: the facts, the tier and why, each",
	"              step, the result",
	"  -p policy   the order in which the ways are tried: registered (default),",
	"              native or emulated",
	"  -t seconds  the longest that one probe may run, 1 to 600, default 10",
	"  -A array    put the outcome into this associative array instead of the",
	"              variables; its keys are their names without the prefix, in",
	"              lower case",
	"  -r steps    carry out undo steps, as an earlier call gave them in",
	"              ARMHF_BINFMT_UNDO, instead of deciding; not with -p or -t",
	" ",
	"Policies:",
	"  registered  four tiers, the first that applies: 1. a valid descriptor,",
	"              /usr/share/binfmts/qemu-arm, is brought into the kernel. 2. An",
	"              entry qemu-arm is trusted if it runs armhf; switched off it is",
	"              an error. 3. What runs armhf already is left alone, the kernel",
	"              or an entry of another name. 4. A descriptor is made and",
	"              registered.",
	"  native      speed first: where the kernel can run armhf itself, entries",
	"              that catch it are switched off; elsewhere as emulated",
	"  emulated    never asks whether the kernel could; an entry qemu-arm that is",
	"              switched off is switched on",
	" ",
	"Variables, set on every status but 2:",
	"  ARMHF_BINFMT_TIER         1 to 4: the tier that settled it; 0: none",
	"  ARMHF_BINFMT_MODE         how armhf runs now: native, emulated or none",
	"  ARMHF_BINFMT_REASON       one word for scripts: see Reasons",
	"  ARMHF_BINFMT_MESSAGE      one sentence for people, on failure with remedy",
	"  ARMHF_BINFMT_WARNING      what a person should know, one a line, or empty",
	"  ARMHF_BINFMT_NATIVE       could this kernel run armhf itself: yes,",
	"                            page-size (not all alignments), no-aarch32,",
	"                            no-compat, cpu, seccomp, shadowed, unknown,",
	"                            not-arm64, untested",
	"  ARMHF_BINFMT_ALIGN        which armhf programs run, by the alignment of",
	"                            their segments: all, 64k, 4k, none; or empty",
	"  ARMHF_BINFMT_ENTRY        the entry of binfmt_misc that serves armhf",
	"  ARMHF_BINFMT_INTERPRETER  of that entry",
	"  ARMHF_BINFMT_FLAGS        of that entry; without F a chroot needs its own",
	"                            copy of the interpreter",
	"  ARMHF_BINFMT_ACTIONS      the steps carried out, with -n those that would",
	"  ARMHF_BINFMT_UNDO         the steps that take them back, for -r",
	"Blanks, backslashes and bytes that are not printable ASCII are written \\xHH",
	"in names and paths.",
	" ",
	"Steps:",
	"  mount, status-on, status-off, enable:NAME, disable:NAME, register:NAME,",
	"  unregister:NAME, create-descriptor, remove-descriptor, import, unimport",
	" ",
	"Reasons:",
	"  success  descriptor-registered descriptor-enabled descriptor-current",
	"           descriptor-reloaded descriptor-created entry-trusted",
	"           entry-enabled other-entry native native-blocked undo-done",
	"  failure  descriptor-invalid descriptor-failed entry-disabled entry-broken",
	"           emulator-missing registration-failed binfmt-unavailable",
	"           binfmt-off binfmt-busy not-permitted probe-timeout probe-failed",
	"           undo-failed interrupted system-error",
	" ",
	"Exit Status:",
	"  0      armhf runs now: it was executed. With -n: it would, once the steps",
	"         are taken. With -r: every step is done or was no longer needed",
	"  1      armhf does not run, or a tier refuses to vouch for it. MODE tells",
	"         how it runs now; nothing is left half done",
	"  2      wrong usage, or an outcome variable that cannot be set; nothing was",
	"         looked at or changed",
	"  128+n  interrupted by signal n; what was begun is undone",
	" ",
	"Example:",
	"  enable -f " ARMHF_BINFMT_OBJECT " armhf_binfmt_prepare",
	"  if armhf_binfmt_prepare -p native; then",
	"      echo \"armhf runs: $ARMHF_BINFMT_MODE $ARMHF_BINFMT_INTERPRETER\"",
	"  fi",
	"  armhf_binfmt_prepare -r \"$ARMHF_BINFMT_UNDO\"",
	" ",
	"Version " ARMHF_BINFMT_VERSION,
	NULL,
};

extern struct builtin armhf_binfmt_prepare_struct;

__attribute__((visibility("default"))) struct builtin armhf_binfmt_prepare_struct = {
	.name = (char *)"armhf_binfmt_prepare",
	.function = armhf_binfmt_prepare_builtin,
	.flags = BUILTIN_ENABLED,
	.long_doc = armhf_binfmt_prepare_doc,
	.short_doc = "armhf_binfmt_prepare [-nv] [-p policy] [-t seconds] [-A array] or "
		     "armhf_binfmt_prepare -r steps [-nv] [-A array]",
	.handle = NULL,
};
