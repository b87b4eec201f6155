// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of the emulated SEV-SNP host: what it makes of a CPUID page, see "CPUID
 * Reporting" of the "SEV Secure Nested Paging Firmware ABI Specification".
 *
 * Which rules there are is up to the firmware and differs from one CPU to the
 * other. Of those of AMD's published firmware these are here, numbers included:
 * the reserved fields and the count, which leaves there are at all, the size of
 * the save area in leaf 0xd, and of leaf 7 EDX and SGX in EBX.
 */
#include <linux/kernel.h>
#include <linux/sizes.h>

#include <asm/fpu/types.h>
#include <asm/sev.h>

#include "snp.h"

#define LEAF_FEATURES		7
#define LEAF_7_EBX_SGX		BIT(2)
/* L1D flush, and fast short REP MOVSB */
#define LEAF_7_EDX_KNOWN	(BIT(28) | BIT(4))

#define LEAF_XSAVE		0xd
/* x87 and SSE state, and the header */
#define XSAVE_SIZE_LEAST	0x240

#define NR_SUBLEAVES		32

/* Only the standard and the extended range are looked at. */
#define LEAF_EXTENDED		0x80000000
#define LEAF_RANGE		SZ_64K

/*
 * The leaves that the firmware has rules for, with their subleaves as a bitmap.
 * The output of all others has to be zero.
 */
static const struct {
	u32	leaf;
	u32	subleaves;
} known_leaves[] = {
	{ 0x0,		BIT(0) },
	{ 0x1,		BIT(0) },
	{ 0x2,		BIT(0) },
	{ 0x4,		BIT(0) },
	{ 0x5,		BIT(0) },
	{ 0x6,		BIT(0) },
	{ 0x7,		GENMASK(1, 0) },
	{ 0xb,		GENMASK(2, 0) },
	{ 0xd,		BIT(12) | BIT(11) | BIT(9) | GENMASK(7, 5) | GENMASK(2, 0) },
	{ 0xf,		GENMASK(1, 0) },
	{ 0x10,		GENMASK(1, 0) },
	{ 0x80000000,	BIT(0) },
	{ 0x80000001,	BIT(0) },
	{ 0x80000002,	BIT(0) },
	{ 0x80000003,	BIT(0) },
	{ 0x80000004,	BIT(0) },
	{ 0x80000005,	BIT(0) },
	{ 0x80000006,	BIT(0) },
	{ 0x80000007,	BIT(0) },
	{ 0x80000008,	BIT(0) },
	{ 0x8000000a,	BIT(0) },
	{ 0x80000019,	BIT(0) },
	{ 0x8000001a,	BIT(0) },
	{ 0x8000001b,	BIT(0) },
	{ 0x8000001d,	GENMASK(4, 0) },
	{ 0x8000001e,	BIT(0) },
	{ 0x8000001f,	BIT(0) },
	{ 0x80000020,	GENMASK(3, 0) },
	{ 0x80000021,	BIT(0) },
	{ 0x80000022,	BIT(0) },
	{ 0x80000023,	BIT(0) },
	{ 0x80000024,	GENMASK(1, 0) },
	{ 0x80000026,	GENMASK(3, 0) },
};

static bool is_known(const struct snp_cpuid_fn *fn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known_leaves); i++) {
		if (known_leaves[i].leaf == fn->eax_in)
			return fn->ecx_in < NR_SUBLEAVES &&
			       known_leaves[i].subleaves & BIT(fn->ecx_in);
	}

	return false;
}

/* The size of the standard format for what XCR0 enables */
static u32 xsave_size(u64 xcr0)
{
	static const struct {
		u64	feature;
		u32	size;
	} sizes[] = {
		{ XFEATURE_MASK_PKRU,		0x988 },
		{ XFEATURE_MASK_Hi16_ZMM,	0x980 },
		{ XFEATURE_MASK_ZMM_Hi256,	0x580 },
		{ XFEATURE_MASK_OPMASK,		0x380 },
		{ XFEATURE_MASK_YMM,		0x340 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (xcr0 & sizes[i].feature)
			return sizes[i].size;
	}

	return XSAVE_SIZE_LEAST;
}

/* An output that is not accepted is replaced. Returns whether all were accepted. */
static bool check_fn(struct snp_cpuid_fn *fn)
{
	u32 ebx = fn->ebx;

	if (!is_known(fn)) {
		if (!fn->eax && !fn->ebx && !fn->ecx && !fn->edx)
			return true;
		fn->eax = 0;
		fn->ebx = 0;
		fn->ecx = 0;
		fn->edx = 0;
		return false;
	}

	if (fn->eax_in == LEAF_XSAVE && !fn->ecx_in) {
		fn->ebx = xsave_size(fn->xcr0_in);
		return fn->ebx == ebx;
	}

	if (fn->eax_in == LEAF_FEATURES && !fn->ecx_in) {
		fn->ebx &= ~LEAF_7_EBX_SGX;
		if (!(fn->edx & ~LEAF_7_EDX_KNOWN))
			return fn->ebx == ebx;
		/* Not only what it does not know is gone. */
		fn->edx = 0;
		return false;
	}

	return true;
}

/**
 * snp_emul_psp_check_cpuid() - look at a CPUID page
 * @table:	the page, in the clear
 *
 * A page that is refused has the outputs in it that would have been accepted. It
 * has not if what is wrong is something else, which the hypervisor has to find
 * out by itself: too many entries, or a reserved field.
 *
 * Return: status for SNP_LAUNCH_UPDATE.
 */
u16 snp_emul_psp_check_cpuid(struct snp_cpuid_table *table)
{
	u16 status = SEV_RET_SUCCESS;
	struct snp_cpuid_fn *fn;
	u32 i;

	if (table->__reserved1 || table->__reserved2 || table->count > SNP_CPUID_COUNT_MAX)
		return SEV_RET_INVALID_PARAM;

	for (i = 0; i < table->count; i++) {
		fn = &table->fn[i];
		if (fn->eax_in >= LEAF_RANGE && fn->eax_in - LEAF_EXTENDED >= LEAF_RANGE)
			continue;

		if (fn->__reserved)
			status = SEV_RET_INVALID_PARAM;
		if (!check_fn(fn))
			status = SEV_RET_INVALID_PARAM;
	}

	return status;
}
