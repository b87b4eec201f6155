/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kinds of source memory. Pages that others have, too, a launch only reads, so it
 * neither copies them nor takes them away from anybody.
 */
#ifndef SELFTEST_KVM_GMEM_SOURCE_H
#define SELFTEST_KVM_GMEM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#define SOURCE_FEW_PAGES	4ul
/* Enough to tell a copy of them from what else changes meanwhile */
#define SOURCE_MANY_PAGES	256ul

/* Words that are all different */
void source_fill(void *mem, size_t npages);
/* The first @npages of a file, and a file that has @npages of source_fill() */
void *source_map_fd(int fd, size_t npages, int prot, int flags);
int source_temp_file(size_t npages);
bool source_is_swapped(const void *addr);

/*
 * The launch under test: fills its memory from page 0 on with @npages pages
 * from @src, expects success and that it is these bytes which arrive.
 */
typedef void (*source_load_fn)(void *arg, const void *src, size_t npages);

/* Memory for @npages pages is there already when a launch begins. */
typedef void (*source_allocate_fn)(void *arg, size_t npages);

/* SOURCE_FEW_PAGES of memory that nobody has written to */
void source_check_zero_page(source_load_fn load, void *arg);
/* Of a file in memory; of one that is mapped read-only; and mapped with a copy of a page */
void source_check_memfd(source_load_fn load, void *arg);
void source_check_read_only_shared_file(source_load_fn load, void *arg);
void source_check_private_file(source_load_fn load, void *arg);
/* In the middle of a huge page, which is not split */
void source_check_thp(source_load_fn load, void *arg);

/* A private hugetlb page that a child has, too, and no other in the pool */
void source_check_hugetlb(source_load_fn load, void *arg);
/* The same, loaded by the child, which needs a VM of its own for that */
void source_check_hugetlb_in_child(source_load_fn create_and_load, void *arg);

/* SOURCE_MANY_PAGES that a child has, too */
void source_check_fork(source_load_fn load, void *arg);
/* The same, in a huge page: neither copied nor split */
void source_check_fork_thp(source_load_fn load, void *arg);
/*
 * SOURCE_MANY_PAGES that KSM has merged: it flushes TLBs for each, which takes
 * emulated CPUs their time
 */
#define SOURCE_KSM_TIMEOUT	120
void source_check_ksm(source_load_fn load, void *arg);

/* The last two, in a memory cgroup that has no room for copies */
void source_check_memcg_fork(source_load_fn load, source_allocate_fn allocate, void *arg);
void source_check_memcg_ksm(source_load_fn load, source_allocate_fn allocate, void *arg);
/* SOURCE_MANY_PAGES that are swapped out; there has to be a swap device. */
void source_check_swapped(source_load_fn load, void *arg);
/* In a memory cgroup that has no room for all of the source, but swap for it */
void source_check_memcg_swap(source_load_fn load, source_allocate_fn allocate, void *arg);

/* In a memory cgroup that has no room for the guest: the kernel logs a backtrace. */
void source_check_memcg_limit(source_load_fn create_and_load, void *arg);

#endif /* SELFTEST_KVM_GMEM_SOURCE_H */
