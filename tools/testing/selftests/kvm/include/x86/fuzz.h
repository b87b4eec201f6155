/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers have in common: seeds, child processes, the verdict.
 *
 * A fuzzer is a series of rounds. Each is a child process whose decisions all
 * come from a seed, which in turn comes from the seed of the run and the number
 * of the round. The verdict is passed from outside: the kernel log, and what the
 * machine has to get back when the children have gone.
 */
#ifndef SELFTEST_KVM_FUZZ_H
#define SELFTEST_KVM_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/compiler.h>

/* SplitMix64 */
struct fuzz_rng {
	uint64_t state;
};

uint64_t fuzz_rand(struct fuzz_rng *rng);
/* 0 up to @limit - 1 */
uint64_t fuzz_below(struct fuzz_rng *rng, uint64_t limit);
/* Once in @n times; never if that is 0 */
bool fuzz_once_in(struct fuzz_rng *rng, unsigned int n);
/* @value, or once in @n times something near it, or an extreme, or noise */
uint64_t fuzz_bend(struct fuzz_rng *rng, unsigned int n, uint64_t value);

/**
 * struct fuzz_filter - a sequence that the fuzzer leaves out
 * @name:	to be named after -a, which has it done all the same
 * @reason:	the fault that it would find again and again
 */
struct fuzz_filter {
	const char *name;
	const char *reason;
};

/**
 * struct fuzz_op - something that a fuzzer does, for the statistics
 * @name:	its name
 * @must:	it has to succeed once in a run, or the fuzzer has not been deep
 */
struct fuzz_op {
	const char *name;
	bool must;
};

#define FUZZ_MAX_OPS	96

/**
 * struct fuzz - a fuzzer
 * @name:	name of the program
 * @ops:	what it does, up to an empty name
 * @filters:	what it leaves out, up to an empty name
 * @jobs:	children at the same time
 * @min_rounds:	at least so many, however long they take
 * @max_ms:	time that a child may take; it is killed then
 * @kill:	children may also be killed sooner, at random
 * @round:	a round, in the child; it may return, exit or be killed
 */
struct fuzz {
	const char *name;
	struct fuzz_op *ops;
	const struct fuzz_filter *filters;
	unsigned int jobs;
	unsigned int min_rounds;
	unsigned int max_ms;
	bool kill;
	void (*round)(struct fuzz_rng *rng, unsigned long round);
};

/*
 * Options, each of which can also come from the environment:
 *   -s SEED		FUZZ_SEED	of the run; made up and printed by default
 *   -t SECONDS		FUZZ_SECONDS	how long it takes
 *   -r ROUND		FUZZ_ROUND	nothing but this round, again and again
 *   -a NAME,...	FUZZ_ALLOW	do what these filters leave out
 *   -l				list the filters
 */
int fuzz_main(const struct fuzz *fuzz, int argc, char **argv);

/* For the children. Is it left out what the filter @name is about? */
bool fuzz_filtered(const char *name);
/* What comes next, for the report if something goes wrong with it */
void __printf(2, 3) fuzz_begin(unsigned int op, const char *fmt, ...);
/* What came of it: counted as a success unless negative. Returns it. */
long fuzz_end(unsigned int op, long ret);
/* The same for a status, of which 0 is success */
uint64_t fuzz_end_status(unsigned int op, uint64_t status);

#endif /* SELFTEST_KVM_FUZZ_H */
