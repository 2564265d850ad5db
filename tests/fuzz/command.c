/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any descriptor beside any entries, through whole calls on a private host (tests/fuzz/on-host) that has
 * the real emulator: -n changes nothing and is right, a success runs armhf, a failure leaves nothing, and
 * -r brings back what was there. An input is a byte of bits, then texts that NUL ends: the descriptor, "" for
 * none, and lines that are registered as far as the kernel takes them.
 */
#include "call.h"
#include "report.h"
#include "fuzz.h"
#include "table.h"

#include <spawn.h>
#include <sys/wait.h>

#define DIRECTORY "/usr/share/binfmts"
#define TEXT_MAX  2048
#define LINES_MAX 4

/* The bits of an input, beside two for the policy. */
#define BIT_STATUS_OFF 0x04
#define BIT_BINFMT_D   0x08 /* the descriptor is a file of binfmt.d */

static struct hold hold = {.fd = -1};

int
/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer has declared it */
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table_need(getenv("HOST_PRIVATE") != NULL, "tests/fuzz/on-host");
	return 0;
}

/* A call and its words. */
struct ended {
	int status;
	bool slow; /* a probe came to its deadline: the next one may not */
	char *values[REPORT_VALUE_COUNT];
};

static void
ended_keep(struct ended *ended, const struct call *call)
{
	ended->status = call_status(call);
	ended->slow = call->reason == REASON_PROBE_TIMEOUT;
	for (int i = 0; i < REPORT_VALUE_COUNT; i++) {
		size_t size;
		FILE *to = open_memstream(&ended->values[i], &size);

		report_print(to, call, (enum report_value)i);
		fclose(to);
	}
}

static void
ended_free(struct ended *ended)
{
	for (int i = 0; i < REPORT_VALUE_COUNT; i++)
		free(ended->values[i]);
}

static struct call *
call_make(void)
{
	struct call *call = calloc(1, sizeof(*call));

	fuzz_claim(call != NULL, "memory", "for a call");
	call->seconds = 1;
	call->hold = &hold;
	return call;
}

static void
decide_once(struct ended *ended, enum policy policy, bool dry)
{
	struct call *call = call_make();
	struct stop stop;

	call->policy = policy;
	call->dry = dry;
	stop_begin(&stop);
	call_run(call, &stop);
	ended_keep(ended, call);
	call_free(call);
	stop_end(&stop);
}

/* -r with the list of a call. */
static void
undo_once(struct ended *ended, const char *list)
{
	struct call *call = call_make();
	char *copy = strdup(list), *rest = copy, *token;
	struct stop stop;

	fuzz_claim(copy != NULL, "memory", "for a list");
	while ((token = strsep(&rest, " ")) != NULL) {
		/* The last one given is undone first. */
		struct step step;

		if (*token == '\0')
			continue;
		fuzz_claim(words_step_parse(&step, token, strlen(token)), token, "is a step");
		fuzz_claim(steps_add(&call->steps.undo, &step), "memory", "for a step");
	}
	for (unsigned int i = 0, last = call->steps.undo.count; i + 1 < last; i++) {
		struct step step = call->steps.undo.steps[i];

		call->steps.undo.steps[i] = call->steps.undo.steps[--last];
		call->steps.undo.steps[last] = step;
	}
	free(copy);
	stop_begin(&stop);
	call_undo(call, &stop);
	ended_keep(ended, call);
	call_free(call);
	stop_end(&stop);
}

/* Add what a file holds to the stream. */
static void
file_print(FILE *to, const char *directory, const char *name)
{
	char path[sizeof(TABLE) + 1 + NAME_MAX], text[ENTRY_TEXT_MAX];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	length = fd < 0 ? 0 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	fprintf(to, "%s: %.*s\n", path, length < 0 ? 0 : (int)length, text);
}

static void
directory_print(FILE *to, const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);

	fprintf(to, "%s: %d\n", path, count);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.' && strcmp(names[i]->d_name, "register") != 0)
			file_print(to, path, names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

/* All that a call may change, to be freed. */
static char *
host_look(void)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	fuzz_claim(to != NULL, "memory", "for a state");
	directory_print(to, TABLE);
	directory_print(to, DIRECTORY);
	fclose(to);
	return text;
}

static void
host_empty(void)
{
	struct dirent **names;
	int count = scandir(TABLE, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (strcmp(names[i]->d_name, "register") != 0
			&& strcmp(names[i]->d_name, "status") != 0)
			table_switch(names[i]->d_name, "-1");
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	table_switch("status", "1");
	unlink(DIRECTORY "/qemu-arm");
	unlink("/usr/lib/binfmt.d/fuzz.conf");
	mkdir(DIRECTORY, 0755);
}

static void
host_fill(struct fuzz_input *input, unsigned int bits)
{
	const char *path = bits & BIT_BINFMT_D ? "/usr/lib/binfmt.d/fuzz.conf"
					       : DIRECTORY "/qemu-arm";
	char text[TEXT_MAX];

	fuzz_text(input, text, sizeof(text));
	if (text[0] != '\0') {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		fuzz_claim(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path,
			strerror(errno));
		close(fd);
	}
	for (int i = 0; i < LINES_MAX && input->left > 0; i++) {
		fuzz_text(input, text, sizeof(text));
		/* A newline forges lines: others look at that. */
		if (!strchr(text, '\n'))
			table_register(text, strlen(text));
	}
	if (bits & BIT_STATUS_OFF)
		table_switch("status", "0");
}

/* True if another program of armhf runs here. */
static bool
armhf_runs(void)
{
	char *program = getenv("HOST_ARMHF"), *argv[] = {program, NULL}, *none[] = {NULL};
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	if (program == NULL)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, program, &actions, NULL, argv, none) == 0)
		/* libFuzzer has a timer. */
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	posix_spawn_file_actions_destroy(&actions);
	return status == 0;
}

static void
claim_same(const char *claim, const char *before, const char *after)
{
	if (strcmp(before, after) == 0)
		return;
	fprintf(stderr, "%s\nis now\n%s\n", before, after);
	fuzz_claim(false, claim, "");
}

/* Judge a real call, on a host that was like before. */
static void
judge(const struct ended *planned, const struct ended *ended, const char *before)
{
	const char *reason = ended->values[REPORT_REASON], *undo = ended->values[REPORT_UNDO];
	char *after = host_look();

	if (!planned->slow && !ended->slow) {
		fuzz_claim(planned->status == ended->status, "-n says the status",
			ended->values[REPORT_MESSAGE]);
		claim_same("-n says the reason", planned->values[REPORT_REASON], reason);
		claim_same("-n says the tier", planned->values[REPORT_TIER],
			ended->values[REPORT_TIER]);
		fuzz_claim(strncmp(ended->values[REPORT_ACTIONS], planned->values[REPORT_ACTIONS],
				   strlen(planned->values[REPORT_ACTIONS]))
				== 0,
			"-n says the first steps", planned->values[REPORT_ACTIONS]);
	}
	if (ended->status != 0 && undo[0] == '\0')
		claim_same("a failure leaves nothing", before, after);
	if (ended->status == 0 && ended->values[REPORT_WARNING][0] == '\0')
		fuzz_claim(armhf_runs(), "a success without a warning runs armhf", reason);
	free(after);
	if (undo[0] != '\0' && strcmp(reason, "descriptor-reloaded") != 0) {
		struct ended undone;

		undo_once(&undone, undo);
		fuzz_claim(undone.status == 0, "-r succeeds", undone.values[REPORT_MESSAGE]);
		after = host_look();
		claim_same("-r brings back what was there", before, after);
		free(after);
		ended_free(&undone);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {.at = data, .left = size};
	unsigned int bits = fuzz_byte(&input);
	enum policy policy = (enum policy)((bits & 3) % 3);
	struct ended planned, ended;
	char *before, *after;

	host_empty();
	host_fill(&input, bits);
	before = host_look();
	decide_once(&planned, policy, true);
	after = host_look();
	claim_same("-n changes nothing", before, after);
	free(after);
	decide_once(&ended, policy, false);
	judge(&planned, &ended, before);
	ended_free(&planned);
	ended_free(&ended);
	free(before);
	return 0;
}
