/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * armhf_binfmt_prepare: the bash side: options, outcome variables, messages, help. The only file that
 * sees bash's headers. It decides nothing about the host.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "shell.h"
#include "bashgetopt.h"
#include "common.h"

#include "report.h"
#include "text.h"

#define PREFIX    "ARMHF_BINFMT_"
#define NAME_SIZE 64

/* Of this shell, from one call to another: the one thing that outlives a call. */
static struct hold hold = {.fd = -1};

/* The command line, and the outcome in words once the call is over. */
struct glue {
	struct call *call;
	char *array;                    /* of -A, or NULL */
	char *steps;                    /* of -r, or NULL */
	bool releases;                  /* -x was given */
	bool decides;                   /* -p, -t, -k or -c was given */
	char who[4 * HOLD_WHO_MAX + 1]; /* of -k, escaped */
	bool explains;                  /* -v was given */
	int status;
	char *values[REPORT_VALUE_COUNT]; /* on the heap; NULL: there was no memory for it */
	char *story;                      /* of -v */
	size_t story_size;
};

/* The name of an outcome variable, or its key in the array of -A. */
static const char *
outcome_name(char name[NAME_SIZE], enum report_value value, bool key)
{
	snprintf(name, NAME_SIZE, "%s%s", key ? "" : PREFIX, report_key(value));
	for (char *c = name; !key && *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return name;
}

/* legal_identifier() was renamed in bash 5.3, so that an object that calls it does not load everywhere. */
static bool
is_identifier(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_'
			    || (c > name && *c >= '0' && *c <= '9')))
			return false;
	return *name != '\0';
}

/*
 * The variable that bind_variable() assigns to. find_variable() would find one that stands in front of
 * the command (NAME= armhf_binfmt_prepare) and hides it.
 */
static SHELL_VAR *
variable_find(const char *name)
{
	return var_lookup(name, shell_variables);
}

/*
 * True if this variable can be set without a side effect. bash evaluates a value for an integer
 * or through a nameref, commands in it included.
 */
static bool
is_settable(const char *name, bool array)
{
	SHELL_VAR *variable = variable_find(name);
	const char *why = NULL;

	if (variable == NULL)
		return true;
	if (readonly_p(variable))
		why = "readonly variable";
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
		builtin_error("%s: cannot assign the outcome to this variable: %s", name, why);
	return why == NULL;
}

static bool
are_settable(const struct glue *glue)
{
	char name[NAME_SIZE];

	if (glue->array != NULL) {
		if (!is_identifier(glue->array)) {
			builtin_error("`%s': not a valid identifier", glue->array);
			return false;
		}
		return is_settable(glue->array, true);
	}
	for (int value = 0; value < REPORT_VALUE_COUNT; value++)
		if (!is_settable(outcome_name(name, (enum report_value)value, false), false))
			return false;
	return true;
}

/* Write every value while the call is still there. */
static void
values_write(struct glue *glue)
{
	for (int value = 0; value < REPORT_VALUE_COUNT; value++) {
		size_t size;
		FILE *to = open_memstream(&glue->values[value], &size);
		bool good = to != NULL;

		if (good) {
			report_print(to, glue->call, (enum report_value)value);
			good = !ferror(to);
			good = fclose(to) == 0 && good;
		}
		if (!good) {
			free(glue->values[value]);
			glue->values[value] = NULL;
		}
	}
}

/* A value, or where there was no memory for it one that is true all the same. */
static const char *
value_of(const struct glue *glue, enum report_value value)
{
	if (glue->values[value] != NULL)
		return glue->values[value];
	switch (value) {
	case REPORT_TIER: return "0";
	case REPORT_MODE: return "none";
	case REPORT_REASON: return words_reason(REASON_SYSTEM_ERROR);
	case REPORT_MESSAGE: return "no memory for the outcome; free some and run this again";
	case REPORT_NATIVE: return words_native(HOST_NATIVE_UNTESTED);
	default: return "";
	}
}

/* Set every outcome. Nothing of this may jump past its end: is_settable has seen to that. */
static void
values_set(const struct glue *glue)
{
	SHELL_VAR *array = glue->array != NULL ? variable_find(glue->array) : NULL;
	char name[NAME_SIZE];
	bool good = true;

	if (glue->array != NULL && array == NULL)
		array = make_new_assoc_variable(glue->array);
	for (int i = 0; i < REPORT_VALUE_COUNT; i++) {
		enum report_value value = (enum report_value)i;
		char *text = (char *)value_of(glue, value); /* bash copies it */

		if (array != NULL) /* the array keeps the key */
			good = bind_assoc_variable(array, array->name,
				       savestring(outcome_name(name, value, true)), text, 0)
					!= NULL
				&& good;
		else
			good = bind_variable(outcome_name(name, value, false), text, 0) != NULL
				&& good;
	}
	if (!good)
		builtin_error("cannot set every outcome variable");
}

/* ---- the command line ---- */

static bool
steps_parse(struct glue *glue)
{
	const char *text = glue->steps;
	struct step_list *list = &glue->call->steps.undo;
	struct step step;

	for (;;) {
		size_t length;

		text += strspn(text, " \t\n");
		length = strcspn(text, " \t\n");
		if (length == 0)
			break;
		if (!words_step_parse(&step, text, length) || !steps_undoes(step.kind)) {
			builtin_error("%.*s: invalid undo step", (int)length, text);
			return false;
		}
		if (!steps_add(list, &step)) {
			builtin_error("%s", strerror(errno));
			return false;
		}
		text += length;
	}
	/* The list is carried out from its end. */
	for (unsigned int i = 0; i < list->count / 2; i++) {
		step = list->steps[i];
		list->steps[i] = list->steps[list->count - 1 - i];
		list->steps[list->count - 1 - i] = step;
	}
	return true;
}

/* Read an option. True: it is good. */
static bool
option_read(struct glue *glue, int option)
{
	unsigned long seconds;

	switch (option) {
	case 'n': glue->call->dry = true; return true;
	case 'v': glue->explains = true; return true;
	case 'A': glue->array = list_optarg; return true;
	case 'r': glue->steps = list_optarg; return true;
	case 'x': glue->releases = true; return true;
	case 'c':
		glue->decides = true;
		glue->call->check = list_optarg;
		return true;
	case 'k':
		glue->decides = true;
		glue->call->who = glue->who;
		text_escape_line(glue->who, sizeof(glue->who), list_optarg);
		if (*list_optarg != '\0' && strlen(list_optarg) <= HOLD_WHO_MAX)
			return true;
		builtin_error("-k: invalid name of a holder: 1 to %d bytes", HOLD_WHO_MAX);
		return false;
	case 'p':
		glue->decides = true;
		if (words_policy_find(&glue->call->policy, list_optarg))
			return true;
		builtin_error("%s: invalid policy: registered, native or emulated", list_optarg);
		return false;
	case 't':
		glue->decides = true;
		if (text_number(list_optarg, strlen(list_optarg), CALL_SECONDS_MAX, &seconds)
			&& seconds > 0) {
			glue->call->seconds = (int)seconds;
			return true;
		}
		builtin_error("%s: invalid timeout specification: 1 to %d seconds", list_optarg,
			CALL_SECONDS_MAX);
		return false;
	default: return false;
	}
}

/* The options into the call. 0, or the status to return: the reason was told. */
static int
options_read(struct glue *glue, WORD_LIST *list)
{
	bool good = true;
	int option;

	reset_internal_getopt();
	while (good && (option = internal_getopt(list, "nvxp:t:k:c:A:r:")) != -1) {
		switch (option) {
			CASE_HELPOPT; /* bash's macro: "case" and all for --help */
		default: good = option_read(glue, option); break;
		}
	}
	if (good && loptend != NULL) {
		builtin_error("too many arguments");
		good = false;
	}
	if (good && (glue->steps != NULL) + glue->releases + glue->decides > 1) {
		builtin_error("-r and -x cannot be used with each other or with -p, -t, -k or -c");
		good = false;
	}
	if (good && glue->steps != NULL)
		good = steps_parse(glue);
	if (!good) {
		builtin_usage();
		return EX_USAGE;
	}
	return are_settable(glue) ? 0 : EX_USAGE;
}

/* ---- the call ---- */

/* With -v everything on standard output in one write; the message of a failure on standard error. */
static void
outcome_tell(const struct glue *glue)
{
	size_t left = glue->story_size;
	const char *at = glue->story;

	fflush(stdout);
	while (at != NULL && left > 0) {
		ssize_t written = write(STDOUT_FILENO, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			builtin_error("write error: %s", strerror(errno));
			break;
		}
		at += written;
		left -= (size_t)written;
	}
	if (glue->status != 0)
		builtin_error("%s", value_of(glue, REPORT_MESSAGE));
}

/* Decide, or undo. Afterwards nothing is left of the call but its words. */
static void
call_carry_out(struct glue *glue)
{
	FILE *story = glue->explains ? open_memstream(&glue->story, &glue->story_size) : NULL;
	struct call *call = glue->call;
	struct stop stop;

	call->explain = story;
	stop_begin(&stop);
	if (glue->steps != NULL)
		call_undo(call, &stop);
	else if (glue->releases)
		call_release(call, &stop);
	else
		call_run(call, &stop);
	if (story != NULL) {
		report_explain(story, call);
		fclose(story);
	}
	values_write(glue);
	glue->status = call_status(call);
	call_free(call);
	glue->call = NULL;
	stop_end(&stop);
}

static void
values_free(struct glue *glue)
{
	for (int value = 0; value < REPORT_VALUE_COUNT; value++)
		free(glue->values[value]);
	free(glue->story);
}

static int
armhf_binfmt_prepare_builtin(WORD_LIST *list)
{
	struct glue glue = {.call = calloc(1, sizeof(*glue.call)), .status = EXECUTION_FAILURE};
	int status;

	if (glue.call == NULL) {
		values_set(&glue);
		outcome_tell(&glue);
		return EXECUTION_FAILURE;
	}
	glue.call->seconds = CALL_SECONDS;
	glue.call->hold = &hold;
	status = options_read(&glue, list);
	if (status == 0) {
		call_carry_out(&glue);
		values_set(&glue);
		outcome_tell(&glue);
		status = glue.status;
	} else {
		call_free(glue.call);
	}
	values_free(&glue);
	return status;
}

static char *const armhf_binfmt_prepare_doc[] = {
	"Make this host run armhf (32-bit ARM hard-float) programs.",
	" ",
	"Executes armhf code to find out if it runs, natively or through an emulator",
	"registered with binfmt_misc, and if it does not sets that up. Changes need",
	"root. What a failed call had begun is undone. Prints nothing on success; on",
	"failure one line on standard error: object: cause; remedy.",
	" ",
	"Options:",
	"  -n          dry run: observe, decide, set the variables, change nothing;",
	"              needs no privilege",
	"  -v          explain on standard output: the facts, the tier and why, each",
	"              step, the result",
	"  -p policy   registered (default), native or emulated: see Policies",
	"  -t seconds  the longest that one probe may run, 1 to 600, default 10",
	"  -c path     also check whether the program at path, or each program of the",
	"              root directory at path, would run; executes none",
	"  -k who      keep armhf native for this shell, until it ends or calls -x;",
	"              messages to others name who, a text of up to 100 bytes",
	"  -x          release what this shell holds with -k, instead of deciding",
	"  -A array    put the outcome into this associative array instead of the",
	"              variables; its keys are their names without the prefix, in",
	"              lower case",
	"  -r steps    carry out undo steps, as an earlier call gave them in",
	"              ARMHF_BINFMT_UNDO, instead of deciding",
	"Options -r and -x exclude each other, and both exclude -p, -t, -k and -c.",
	" ",
	"Policies:",
	"  registered  four tiers, the first that applies: 1. A valid descriptor,",
	"              /usr/share/binfmts/qemu-arm or a line qemu-arm of binfmt.d(5),",
	"              is brought into the kernel. 2. An entry qemu-arm is trusted if",
	"              it runs armhf; if it is disabled, the call fails. 3. What runs",
	"              armhf, the kernel or an entry of another name, is left alone.",
	"              4. A descriptor is created and registered.",
	"  native      speed first: where the kernel can run armhf itself, entries",
	"              that take armhf are disabled; elsewhere as emulated",
	"  emulated    armhf is to run through an entry, even where the kernel can",
	"              run it; a disabled entry qemu-arm is enabled",
	" ",
	"Variables, set on every status but 2:",
	"  ARMHF_BINFMT_TIER         1 to 4: the tier that decided; 0: none",
	"  ARMHF_BINFMT_MODE         how armhf runs now: native, emulated or none;",
	"                            empty after -x, which executes nothing",
	"  ARMHF_BINFMT_REASON       one word for scripts: see Reasons",
	"  ARMHF_BINFMT_MESSAGE      one sentence for people, on failure with remedy",
	"  ARMHF_BINFMT_WARNING      warnings for people, one a line, or empty",
	"  ARMHF_BINFMT_NATIVE       could this kernel run armhf itself: yes,",
	"                            page-size (not all alignments), no-aarch32,",
	"                            no-compat, cpu, seccomp, shadowed, unknown,",
	"                            not-arm64, untested",
	"  ARMHF_BINFMT_ALIGN        which programs can be mapped, by the alignment",
	"                            of their segments: all, 64k, 4k, none; or empty",
	"  ARMHF_BINFMT_ENTRY        the entry of binfmt_misc that serves armhf; on",
	"                            failure the entry in question",
	"  ARMHF_BINFMT_INTERPRETER  of that entry",
	"  ARMHF_BINFMT_FLAGS        of that entry; without F a chroot needs its own",
	"                            copy of the interpreter",
	"  ARMHF_BINFMT_ACTIONS      the steps carried out; with -n the first change",
	"  ARMHF_BINFMT_UNDO         the steps that undo them, for -r; on failure",
	"                            those that could not be carried out",
	"  ARMHF_BINFMT_BLOCKED      with -c: the programs that would not run, one a",
	"                            line, path: why; at most 100 lines",
	"Blanks, backslashes and bytes that are not printable ASCII are written \\xHH",
	"in names and paths.",
	" ",
	"Steps (to undo one, NAME may be followed by @ and the entry's fingerprint):",
	"  hold:NAME, release:NAME, mount, status-on, status-off, enable:NAME,",
	"  disable:NAME, register:NAME, unregister:NAME, make-directory,",
	"  remove-directory, create-descriptor, remove-descriptor, import, unimport",
	" ",
	"Reasons:",
	"  success  descriptor-registered descriptor-enabled descriptor-current",
	"           descriptor-reloaded descriptor-created entry-registered",
	"           entry-trusted entry-enabled other-entry native native-blocked",
	"           undo-done",
	"  failure  descriptor-invalid descriptor-failed entry-disabled entry-broken",
	"           emulator-missing registration-failed binfmt-unavailable",
	"           binfmt-off binfmt-busy not-permitted probe-timeout probe-failed",
	"           programs-blocked entry-held undo-failed interrupted system-error",
	" ",
	"Exit Status:",
	"  0      armhf runs now: it was executed. With -n: it would, once the steps",
	"         are carried out. With -r or -x: every step is done or not needed",
	"  1      armhf does not run, a tier does not vouch for it, or something at",
	"         the path of -c would not run. Nothing is left half done",
	"  2      wrong usage, or an outcome variable that cannot be set; nothing was",
	"         observed or changed",
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

/* enable -d: release the hold of this shell, and print a failure. */
__attribute__((visibility("default"))) void
armhf_binfmt_prepare_builtin_unload(char *name);

void
armhf_binfmt_prepare_builtin_unload(char *name)
{
	struct glue glue = {.releases = true};
	struct fault fault;

	(void)name;
	if (hold.fd >= 0)
		glue.call = calloc(1, sizeof(*glue.call));
	if (glue.call != NULL) {
		glue.call->seconds = CALL_SECONDS;
		glue.call->hold = &hold;
		call_carry_out(&glue);
		outcome_tell(&glue);
		values_free(&glue);
	}
	/* A release that was interrupted, or had no memory, has kept the lock. */
	hold_unlock(&hold, &fault);
}

extern struct builtin armhf_binfmt_prepare_struct;

__attribute__((visibility("default"))) struct builtin armhf_binfmt_prepare_struct = {
	.name = (char *)"armhf_binfmt_prepare",
	.function = armhf_binfmt_prepare_builtin,
	.flags = BUILTIN_ENABLED,
	.long_doc = armhf_binfmt_prepare_doc,
	.short_doc = "armhf_binfmt_prepare [-nv] [-p policy] [-t seconds] [-k who] [-c path] "
		     "[-A array] or armhf_binfmt_prepare -r steps [-nv] [-A array] or "
		     "armhf_binfmt_prepare -x [-nv] [-A array]",
	.handle = NULL,
};
