/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types that kvm_gmem_populate() and its callback have had.  The drivers
 * compile for each of them: a callback of each type, and one of them is used.
 */
#ifndef _VIRT_KVM_GMEM_POPULATE_TYPES_H
#define _VIRT_KVM_GMEM_POPULATE_TYPES_H

#include <linux/build_bug.h>
#include <linux/compiler_types.h>
#include <linux/kvm_host.h>
#include <linux/kvm_types.h>

/* The base, the series and Linux 7.3 */
typedef int (*gmem_populate_user_cb)(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn,
				     void __user *src, int order, void *opaque);
typedef int (*gmem_populate_page_cb)(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn,
				     struct page *src_page, void *opaque);

typedef long (*gmem_populate_fn)(struct kvm *kvm, gfn_t gfn, void __user *src,
				 long npages, kvm_gmem_populate_cb cb, void *opaque);
typedef long (*gmem_populate_write_fn)(struct kvm *kvm, gfn_t gfn, void __user *src,
				       long npages, bool may_writeback_src,
				       kvm_gmem_populate_cb cb, void *opaque);

#define GMEM_POPULATE_CB_IS(type)	__same_type(kvm_gmem_populate_cb, type)
#define GMEM_POPULATE_FN_IS(type)	__same_type(&kvm_gmem_populate, type)

static_assert(GMEM_POPULATE_CB_IS(gmem_populate_user_cb) ||
	      GMEM_POPULATE_CB_IS(gmem_populate_page_cb));
static_assert(GMEM_POPULATE_FN_IS(gmem_populate_fn) ||
	      GMEM_POPULATE_FN_IS(gmem_populate_write_fn));

/* Does the callback get a user address, or a page? */
#define GMEM_POPULATE_CB_GETS_USER	GMEM_POPULATE_CB_IS(gmem_populate_user_cb)
/* Does the caller have to say whether the callback writes to the source? */
#define GMEM_POPULATE_ANNOUNCES_WRITES	GMEM_POPULATE_FN_IS(gmem_populate_write_fn)

/* The one of two callbacks that has the right type */
#define gmem_populate_choose_cb(user_cb, page_cb)				\
	__builtin_choose_expr(GMEM_POPULATE_CB_GETS_USER, user_cb, page_cb)

/*
 * Call @fn, which is kvm_gmem_populate() or a copy of it, with a callback that
 * never writes to the source. There are two variables, because only one of the
 * calls has the right arguments.
 */
static inline long gmem_populate_call(typeof(kvm_gmem_populate) *fn, struct kvm *kvm,
				      gfn_t gfn, void __user *src, long npages,
				      kvm_gmem_populate_cb cb, void *opaque)
{
	gmem_populate_fn plain =
		__builtin_choose_expr(GMEM_POPULATE_ANNOUNCES_WRITES, NULL, fn);
	gmem_populate_write_fn write =
		__builtin_choose_expr(GMEM_POPULATE_ANNOUNCES_WRITES, fn, NULL);

	if (plain)
		return plain(kvm, gfn, src, npages, cb, opaque);
	return write(kvm, gfn, src, npages, false, cb, opaque);
}

#endif /* _VIRT_KVM_GMEM_POPULATE_TYPES_H */
