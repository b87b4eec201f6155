// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_gmem_populate() once more, with taps.
 *
 * The functions that guest_memfd.c calls while it populates are wrapped, so
 * that the cost of each can be told.  guest_memfd.c itself is compiled as it
 * is, and the object that KVM uses is a different one: this one only works on
 * files that the other has made.
 */
/* The two objects are linked together, so this one's functions get other names. */
#define kvm_gmem_init				gmem_bench_tapped_init
#define kvm_gmem_exit				gmem_bench_tapped_exit
#define kvm_gmem_create				gmem_bench_tapped_create
#define kvm_gmem_bind				gmem_bench_tapped_bind
#define kvm_gmem_prepare_memory_region		gmem_bench_tapped_prepare_memory_region
#define kvm_gmem_commit_memory_region		gmem_bench_tapped_commit_memory_region
#define kvm_gmem_unbind				gmem_bench_tapped_unbind
#define kvm_gmem_get_pfn			gmem_bench_tapped_get_pfn
#define kvm_gmem_populate			gmem_bench_tapped_populate

#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "gmem_populate_bench.h"

/* A tap before and after; what came before belongs to @before. */
#define GMEM_BENCH_TAPPED(before, part, call)		\
({							\
	gmem_bench_tap(before);				\
	call;						\
	gmem_bench_tap(part);				\
})

#define GMEM_BENCH_TAPPED_VALUE(before, part, call)	\
({							\
	gmem_bench_tap(before);				\
	typeof(call) __value = (call);			\
	gmem_bench_tap(part);				\
	__value;					\
})

#define get_user_pages_fast(...)						\
	GMEM_BENCH_TAPPED_VALUE(KVM_GMEM_BENCH_OTHER, KVM_GMEM_BENCH_GET,	\
				get_user_pages_fast(__VA_ARGS__))

#define put_page(page)								\
	GMEM_BENCH_TAPPED(KVM_GMEM_BENCH_OTHER, KVM_GMEM_BENCH_PUT, put_page(page))

#define filemap_invalidate_lock(mapping)					\
	GMEM_BENCH_TAPPED(KVM_GMEM_BENCH_OTHER, KVM_GMEM_BENCH_LOCK,		\
			  filemap_invalidate_lock(mapping))

#define filemap_invalidate_unlock(mapping)					\
	GMEM_BENCH_TAPPED(KVM_GMEM_BENCH_OTHER, KVM_GMEM_BENCH_UNLOCK,		\
			  filemap_invalidate_unlock(mapping))

#define kvm_range_has_memory_attributes(...)					\
	GMEM_BENCH_TAPPED_VALUE(KVM_GMEM_BENCH_OTHER, KVM_GMEM_BENCH_ATTRIBUTES, \
				kvm_range_has_memory_attributes(__VA_ARGS__))

#define kvm_mem_is_private(...)							\
	GMEM_BENCH_TAPPED_VALUE(KVM_GMEM_BENCH_OTHER, KVM_GMEM_BENCH_ATTRIBUTES, \
				kvm_mem_is_private(__VA_ARGS__))

#define folio_unlock(folio)							\
({										\
	gmem_bench_tap_unlock_folio();						\
	folio_unlock(folio);							\
	gmem_bench_tap(KVM_GMEM_BENCH_UNLOCK_FOLIO);				\
})

/* The last that is done to a page, whose lock the base releases after many of them. */
#define folio_put(folio)							\
({										\
	folio_put(folio);							\
	gmem_bench_tap(KVM_GMEM_BENCH_FINISH);					\
})

#include "guest_memfd.c"
