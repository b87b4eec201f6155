/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that gmem_fuzz loads guests from, and that changes meanwhile. */
#ifndef SELFTEST_KVM_FUZZ_SOURCE_H
#define SELFTEST_KVM_FUZZ_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz.h"

#define FUZZ_SOURCE_PAGES	64

/* Map all of it. If @calm, there is nothing but good memory. */
void fuzz_source_init(struct fuzz_rng *rng, bool calm);
/* An address; mostly so that @npages fit behind it */
uint64_t fuzz_source(struct fuzz_rng *rng, uint64_t npages);
/* That of a CPUID table, which firmware may or may not like */
uint64_t fuzz_source_cpuid(struct fuzz_rng *rng);
/* Make a mapping of something else a source as well. */
void fuzz_source_add(void *addr);
/* Change something; logged as operation @op */
void fuzz_source_change(struct fuzz_rng *rng, unsigned int op);
/* A source that userfaultfd has to provide; provides it for some time */
void fuzz_source_uffd(struct fuzz_rng *rng, unsigned int op);

#endif /* SELFTEST_KVM_FUZZ_SOURCE_H */
