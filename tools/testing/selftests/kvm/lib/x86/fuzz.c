// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame of the fuzzers, see fuzz.h.
 *
 * The kernel log is the judge of a boot, but only at its end. To know which round
 * it was, this program reads the log as well, and stops at the first report.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kernel-page-flags.h>
#include <linux/sizes.h>

#include "test_util.h"
#include "kvm_util.h"
#include "kselftest.h"
#include "processor.h"
#include "coco_emul.h"
#include "fuzz.h"

#define MAX_JOBS	8
#define MAX_ALLOWED	16

/* What the last operations of a round were */
#define NR_LINES	24
#define LINE_SIZE	120

/* The machine is looked at after so many rounds */
#define CHECK_ROUNDS	48
/* Until it has everything back: RCU, and what waits for it */
#define SETTLE_MS	15000
/* A child that does not end so long after SIGKILL hangs in the kernel */
#define HANG_MS		60000
/* Address space of a child. Guest memory is limited by what it asks for. */
#define MAX_MEMORY	SZ_1G

/**
 * struct job - a child, also seen by it
 * @pid:	0 if there is none
 * @round:	which round it is
 * @kill_at:	when it is going to be killed
 * @killed:	when it was
 * @line:	what it did, a ring
 * @nr_lines:	how often it did something
 */
struct job {
	pid_t pid;
	unsigned long round;
	uint64_t kill_at;
	uint64_t killed;
	char line[NR_LINES][LINE_SIZE];
	unsigned int nr_lines;
};

/* Shared by all processes */
static struct {
	struct job jobs[MAX_JOBS];
	struct {
		unsigned long tried;
		unsigned long done;
	} ops[FUZZ_MAX_OPS];
} *shared;

static const struct fuzz *fuzz;
static const char *allowed[MAX_ALLOWED];
static unsigned int nr_allowed;
static uint64_t seed;
static long only_round = -1;

static struct job *this_job;
static __thread unsigned int this_line;

uint64_t fuzz_rand(struct fuzz_rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

uint64_t fuzz_below(struct fuzz_rng *rng, uint64_t limit)
{
	return fuzz_rand(rng) % limit;
}

bool fuzz_once_in(struct fuzz_rng *rng, unsigned int n)
{
	return n && !fuzz_below(rng, n);
}

uint64_t fuzz_bend(struct fuzz_rng *rng, unsigned int n, uint64_t value)
{
	if (!fuzz_once_in(rng, n))
		return value;

	switch (fuzz_below(rng, 8)) {
	case 0:
		return value + 1;
	case 1:
		return value - PAGE_SIZE;
	case 2:
		return value + PAGE_SIZE;
	case 3:
		return value ^ 1ull << fuzz_below(rng, 64);
	case 4:
		return 0;
	case 5:
		return ~0ull << fuzz_below(rng, 64);
	case 6:
		return 1ull << fuzz_below(rng, 64);
	default:
		return fuzz_rand(rng);
	}
}

bool fuzz_filtered(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_allowed; i++) {
		if (!strcmp(allowed[i], name))
			return false;
	}
	return true;
}

void fuzz_begin(unsigned int op, const char *fmt, ...)
{
	va_list ap;
	char *line;
	int len;

	this_line = __atomic_fetch_add(&this_job->nr_lines, 1, __ATOMIC_RELAXED) % NR_LINES;
	line = this_job->line[this_line];
	len = snprintf(line, LINE_SIZE, "%s ", fuzz->ops[op].name);
	va_start(ap, fmt);
	vsnprintf(line + len, LINE_SIZE - len, fmt, ap);
	va_end(ap);
	__atomic_fetch_add(&shared->ops[op].tried, 1, __ATOMIC_RELAXED);
}

long fuzz_end(unsigned int op, long ret)
{
	char *line = this_job->line[this_line];
	size_t len = strnlen(line, LINE_SIZE - 1);
	int error = errno;

	snprintf(line + len, LINE_SIZE - len, " = %ld%s%s", ret, ret == -1 ? " " : "",
		 ret == -1 ? strerrorname_np(error) ?: "?" : "");
	if (ret >= 0)
		__atomic_fetch_add(&shared->ops[op].done, 1, __ATOMIC_RELAXED);
	errno = error;
	return ret;
}

uint64_t fuzz_end_status(unsigned int op, uint64_t status)
{
	char *line = this_job->line[this_line];
	size_t len = strnlen(line, LINE_SIZE - 1);

	snprintf(line + len, LINE_SIZE - len, " = 0x%lx", status);
	if (!status)
		__atomic_fetch_add(&shared->ops[op].done, 1, __ATOMIC_RELAXED);
	return status;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static struct fuzz_rng round_rng(unsigned long round)
{
	struct fuzz_rng rng = { seed + round * 0x2545f4914f6cdd1dull };

	fuzz_rand(&rng);
	return rng;
}

/* The kernel log */

static int kmsg = -1;

static void kmsg_open(void)
{
	kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	TEST_ASSERT(kmsg >= 0, "/dev/kmsg: %s", strerror(errno));
	lseek(kmsg, 0, SEEK_END);
}

/* In the log, so that a report there stands behind the rounds that are to blame */
static void kmsg_say(const char *what, const struct job *job)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "gmem: # %s: %s round %lu", fuzz->name, what,
			   job->round);

	if (write(kmsg, text, len) != len)
		ksft_print_msg("/dev/kmsg: %s\n", strerror(errno));
}

static bool is_report(const char *record)
{
	static const char *const signs[] = {
		"Call Trace:", "WARNING:", "BUG:", "KASAN", "UBSAN", "INFO: task", "Oops",
	};
	int i;

	/* "<priority and facility>,..."; other facilities than 0 are user space */
	if (strtoul(record, NULL, 10) >= 8)
		return false;

	for (i = 0; i < ARRAY_SIZE(signs); i++) {
		if (strstr(record, signs[i]))
			return true;
	}
	return false;
}

/* Has the kernel reported anything since the last time? */
static bool kmsg_has_report(void)
{
	char record[2048], *text;
	ssize_t len;

	while ((len = read(kmsg, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		if (len <= 0)
			continue;
		record[len] = '\0';
		if (!is_report(record))
			continue;

		text = strchr(record, ';');
		text = text ? text + 1 : record;
		text[strcspn(text, "\n")] = '\0';
		ksft_print_msg("The kernel says: %s\n", text);
		return true;
	}
	return false;
}

/* What the machine has to get back */

#define NR_FILES	5

static const char *const state_files[NR_FILES] = { "rmp", "pamt", "guests", "tds", "freed" };

/**
 * struct state - what there is of things that rounds take
 * @pins:	pages that anybody has pinned
 * @orphans:	anonymous pages that nobody has mapped, and that are not free
 * @declined:	emulated instructions that were not carried out
 * @file:	these files of the emulated host, as they are
 */
struct state {
	uint64_t pins;
	uint64_t orphans;
	uint64_t declined;
	char *file[NR_FILES];
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		ksft_print_msg("%s: %s\n", path, strerror(errno));
	close(fd);
}

static uint64_t vm_counter(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "r");
	char line_name[64];
	uint64_t value;

	TEST_ASSERT(file, "/proc/vmstat: %s", strerror(errno));
	while (fscanf(file, "%63s %lu", line_name, &value) == 2) {
		if (!strcmp(line_name, name)) {
			fclose(file);
			return value;
		}
	}
	fclose(file);
	return 0;
}

/*
 * A page that a process had, and that something else still has a reference to
 * when the process has gone. It is in the LRU lists, unlike other pages that look
 * anonymous because of what they use the field for. Pages with a memory error stay
 * by design.
 */
static uint64_t orphans(void)
{
	const uint64_t anon = 1ull << KPF_ANON | 1ull << KPF_LRU, poison = 1ull << KPF_HWPOISON;
	static uint64_t flags[4096];
	uint64_t nr = 0, pfn = 0, maps;
	int flags_fd = open("/proc/kpageflags", O_RDONLY);
	int maps_fd = open("/proc/kpagecount", O_RDONLY);
	ssize_t len, i;

	/* Few pages are anonymous, and to read about all of them takes seconds. */
	while ((len = pread(flags_fd, flags, sizeof(flags), pfn * 8)) > 0) {
		for (i = 0; i < len / 8; i++, pfn++) {
			if ((flags[i] & (anon | poison)) != anon)
				continue;
			if (pread(maps_fd, &maps, sizeof(maps), pfn * 8) == sizeof(maps))
				nr += !maps;
		}
	}
	close(flags_fd);
	close(maps_fd);
	return nr;
}

static char *emul_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/coco_emul/%s", name);
	return access(path, R_OK) ? NULL : coco_emul_read(name);
}

static void state_read(struct state *s)
{
	int i;

	/* Pages wait in the lists of each CPU, and so do the counters. */
	write_file("/proc/sys/vm/drop_caches", "1");
	write_file("/proc/sys/vm/stat_refresh", "1");
	s->pins = vm_counter("nr_foll_pin_acquired") - vm_counter("nr_foll_pin_released");
	s->orphans = orphans();
	s->declined = 0;
	for (i = 0; i < NR_FILES; i++) {
		free(s->file[i]);
		s->file[i] = emul_file(state_files[i]);
	}
	if (!access("/sys/kernel/debug/coco_emul/counters", R_OK))
		s->declined = coco_emul_count("declined");
}

/* Says what differs, if it is asked to */
static bool state_same(const struct state *was, const struct state *is, bool say)
{
	bool same = was->pins == is->pins && was->declined == is->declined &&
		    was->orphans >= is->orphans;
	int i;

	if (say && !same)
		ksft_print_msg("pinned %lu, orphans %lu, declined %lu, before: %lu, %lu, %lu\n",
			       is->pins, is->orphans, is->declined, was->pins, was->orphans,
			       was->declined);
	for (i = 0; i < NR_FILES; i++) {
		if (!was->file[i] || !strcmp(was->file[i], is->file[i]))
			continue;
		same = false;
		if (say)
			ksft_print_msg("%s was: %s and is: %s\n", state_files[i], was->file[i],
				       is->file[i]);
	}
	return same;
}

static bool state_is_back(const struct state *was)
{
	uint64_t until = now_ms() + SETTLE_MS;
	struct state is = {};

	do {
		state_read(&is);
		if (state_same(was, &is, false))
			return true;
		usleep(200000);
	} while (now_ms() < until);

	return state_same(was, &is, true);
}

/* Rounds */

static void child(struct job *job)
{
	struct rlimit memory = { MAX_MEMORY, MAX_MEMORY }, core = {};
	struct fuzz_rng rng = round_rng(job->round);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_CORE, &core);
	close(kmsg);
	this_job = job;
	fuzz->round(&rng, job->round);
	_exit(0);
}

static void job_start(struct job *job, unsigned long round)
{
	struct fuzz_rng rng = round_rng(~round);
	uint64_t now = now_ms();
	pid_t pid;

	memset(job, 0, sizeof(*job));
	job->round = round;
	job->kill_at = now + fuzz->max_ms;
	/* The first ones show that nothing prevents a round from being complete. */
	if (fuzz->kill && round >= fuzz->min_rounds && fuzz_once_in(&rng, 4))
		job->kill_at = now + 1 + fuzz_below(&rng, 1ull << fuzz_below(&rng, 12));

	kmsg_say("begins", job);
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork(): %s", strerror(errno));
	if (!pid)
		child(job);
	/* Both sides do it, as it is not known who comes first. */
	setpgid(pid, pid);
	job->pid = pid;
}

static void job_show(struct job *job)
{
	char path[64], text[4096];
	unsigned int i, nr = job->nr_lines;
	ssize_t len;
	int fd;

	ksft_print_msg("Round %lu, what it did last:\n", job->round);
	for (i = nr < NR_LINES ? 0 : nr - NR_LINES; i < nr; i++)
		ksft_print_msg("    %s\n", job->line[i % NR_LINES]);

	snprintf(path, sizeof(path), "/proc/%d/stack", job->pid);
	fd = job->pid ? open(path, O_RDONLY) : -1;
	len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	if (len > 0) {
		text[len] = '\0';
		ksft_print_msg("    its stack:\n%s", text);
	}
	if (fd >= 0)
		close(fd);
}

/* Takes note of children that have ended. Orphans of theirs end up here, too. */
static void jobs_reap(void)
{
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (i = 0; i < MAX_JOBS; i++) {
			if (shared->jobs[i].pid != pid)
				continue;
			kill(-pid, SIGKILL);
			shared->jobs[i].pid = 0;
		}
	}
}

/* Kills those whose time is over. Returns false if one cannot be killed. */
static bool jobs_kill(bool all)
{
	uint64_t now = now_ms();
	struct job *job;
	int i;

	for (i = 0; i < MAX_JOBS; i++) {
		job = &shared->jobs[i];
		if (!job->pid)
			continue;
		if (!job->killed && (all || now >= job->kill_at)) {
			kill(-job->pid, SIGKILL);
			job->killed = now;
		}
		if (job->killed && now > job->killed + HANG_MS) {
			ksft_print_msg("It cannot be killed:\n");
			job_show(job);
			return false;
		}
	}
	return true;
}

static int jobs_running(void)
{
	int i, nr = 0;

	for (i = 0; i < MAX_JOBS; i++)
		nr += shared->jobs[i].pid != 0;
	return nr;
}

/* Returns false if a child cannot be killed. */
static bool jobs_drain(bool now)
{
	uint64_t until;
	bool ok = true;

	while (ok && jobs_running()) {
		ok = jobs_kill(now);
		usleep(2000);
		jobs_reap();
	}
	/* Grandchildren: killed with their group, but not waited for yet */
	until = now_ms() + HANG_MS;
	while (ok && waitpid(-1, NULL, WNOHANG) >= 0) {
		ok = now_ms() < until;
		usleep(2000);
	}
	return ok;
}

static struct job *job_free(void)
{
	unsigned int i;

	for (i = 0; i < fuzz->jobs; i++) {
		if (!shared->jobs[i].pid)
			return &shared->jobs[i];
	}
	return NULL;
}

static struct {
	bool quiet;
	bool ends;
	bool back;
	unsigned long rounds;
} verdict;

static void run(unsigned int seconds)
{
	uint64_t until = now_ms() + seconds * 1000ull;
	unsigned long checked = 0;
	struct state before = {};
	struct job *job;

	state_read(&before);
	verdict.quiet = true;
	verdict.ends = true;
	verdict.back = true;
	while (verdict.quiet && verdict.ends && verdict.back &&
	       (now_ms() < until || verdict.rounds < (only_round < 0 ? fuzz->min_rounds : 1))) {
		job = job_free();
		if (job) {
			job_start(job, only_round < 0 ? verdict.rounds : only_round);
			verdict.rounds++;
		}

		usleep(job ? 0 : 2000);
		jobs_reap();
		verdict.ends = jobs_kill(false);
		verdict.quiet = !kmsg_has_report();

		if (verdict.rounds == checked + CHECK_ROUNDS && verdict.ends && verdict.quiet) {
			verdict.ends = jobs_drain(false);
			verdict.back = !verdict.ends || state_is_back(&before);
			if (!verdict.back)
				ksft_print_msg("One of the rounds %lu to %lu\n", checked,
					       verdict.rounds - 1);
			checked = verdict.rounds;
		}
	}

	if (verdict.ends && verdict.quiet && verdict.back) {
		verdict.ends = jobs_drain(false);
		verdict.back = !verdict.ends || state_is_back(&before);
		if (!verdict.back)
			ksft_print_msg("One of the rounds %lu to %lu\n", checked,
				       verdict.rounds - 1);
		verdict.quiet = !kmsg_has_report();
	}
	if (!verdict.quiet) {
		for (job = shared->jobs; job < shared->jobs + fuzz->jobs; job++)
			job_show(job);
		verdict.ends = jobs_drain(true);
	}
}

static bool statistics(void)
{
	const struct fuzz_op *op;
	bool reached = true;

	for (op = fuzz->ops; op->name; op++) {
		unsigned long tried = shared->ops[op - fuzz->ops].tried;
		unsigned long done = shared->ops[op - fuzz->ops].done;

		if (tried)
			ksft_print_msg("%-24s %8lu, %8lu of them good\n", op->name, tried,
				       done);
		if (op->must && !done && only_round < 0) {
			ksft_print_msg("%s never succeeded\n", op->name);
			reached = false;
		}
	}
	return reached;
}

static const char *option(const char *env, const char *dflt)
{
	const char *value = getenv(env);

	return value && *value ? value : dflt;
}

static void allow(const char *names)
{
	const struct fuzz_filter *filter;
	char *next = strdup(names), *name;

	while ((name = strsep(&next, ", "))) {
		for (filter = fuzz->filters; filter->name; filter++) {
			if (!strcmp(filter->name, name) && nr_allowed < MAX_ALLOWED)
				allowed[nr_allowed++] = filter->name;
		}
	}
}

static void list_filters(void)
{
	const struct fuzz_filter *filter;

	for (filter = fuzz->filters; filter->name; filter++)
		printf("%s: %s\n", filter->name, filter->reason);
	exit(0);
}

int fuzz_main(const struct fuzz *which, int argc, char **argv)
{
	unsigned int seconds = strtoul(option("FUZZ_SECONDS", "10"), NULL, 0);
	const char *seed_str = option("FUZZ_SEED", NULL);
	const char *boot = option("BOOT", NULL);
	bool reached;
	int opt;

	fuzz = which;
	only_round = strtol(option("FUZZ_ROUND", "-1"), NULL, 0);
	allow(option("FUZZ_ALLOW", ""));
	while ((opt = getopt(argc, argv, "s:t:r:a:l")) != -1) {
		switch (opt) {
		case 's':
			seed_str = optarg;
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			only_round = strtol(optarg, NULL, 0);
			break;
		case 'a':
			allow(optarg);
			break;
		case 'l':
			list_filters();
			break;
		default:
			fprintf(stderr, "%s [-s SEED] [-t SECONDS] [-r ROUND] [-a FILTERS] [-l]\n",
				fuzz->name);
			return KSFT_FAIL;
		}
	}
	if (seed_str)
		seed = strtoull(seed_str, NULL, 0);
	else
		TEST_ASSERT(getrandom(&seed, sizeof(seed), 0) == sizeof(seed), "getrandom()");

	ksft_print_header();
	ksft_set_plan(4);
	/* Now, as there may be no end. */
	ksft_print_msg("seed 0x%lx, %u seconds\n", seed, seconds);
	if (boot)
		ksft_print_msg("Again: make fuzz BOOT=%s SEED=0x%lx ONLY=%s\n", boot, seed,
			       fuzz->name);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(shared != MAP_FAILED, "mmap(): %s", strerror(errno));
	kmsg_open();
	write_file("/proc/sys/vm/drop_caches", "4");
	/* Every child inherits what waits in the buffer. */
	fflush(stdout);

	run(seconds);
	ksft_print_msg("%lu rounds\n", verdict.rounds);
	reached = statistics();
	ksft_test_result(verdict.quiet, "quiet\n");
	ksft_test_result(verdict.ends, "ends\n");
	ksft_test_result(verdict.back, "back\n");
	/* What stopped early need not have come far. */
	ksft_test_result(reached || !verdict.quiet || !verdict.ends || !verdict.back, "reached\n");
	if (ksft_get_fail_cnt())
		ksft_print_msg("A single round: ROUND=n. Threads and signals make it inexact.\n");
	/* What cannot be killed must not keep this from ending. */
	fflush(stdout);
	_exit(ksft_get_fail_cnt() ? KSFT_FAIL : KSFT_PASS);
}
