// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the emulated TDX module refuses of the configuration of a TD and of its
 * vCPUs: TD_PARAMS and the CPUID leaves in it, the numbers of control pages, and
 * the fields that the host writes.
 */
#include "coco_tdx_seamcall.h"

/* CPUID leaves of TD_PARAMS, by index, and their numbers; the rest is reserved. */
enum {
	CONFIG_1,
	CONFIG_4_0,
	CONFIG_4_1,
	CONFIG_4_2,
	CONFIG_4_3,
	CONFIG_7_0,
	CONFIG_7_1,
	CONFIG_A,
	CONFIG_1C,
	CONFIG_80000008,
	CONFIG_7_2,
	CONFIG_23,
	NR_CONFIG,
};

#define NO_SUBLEAF			(0xffffffffull << 32)

static const uint64_t config_leaves[NR_CONFIG] = {
	[CONFIG_1]		= NO_SUBLEAF | 1,
	[CONFIG_4_0]		= 4,
	[CONFIG_4_1]		= BIT_ULL(32) | 4,
	[CONFIG_4_2]		= BIT_ULL(33) | 4,
	[CONFIG_4_3]		= 3ull << 32 | 4,
	[CONFIG_7_0]		= 7,
	[CONFIG_7_1]		= BIT_ULL(32) | 7,
	[CONFIG_A]		= NO_SUBLEAF | 0xa,
	[CONFIG_1C]		= NO_SUBLEAF | 0x1c,
	[CONFIG_80000008]	= NO_SUBLEAF | 0x80000008,
	[CONFIG_7_2]		= BIT_ULL(33) | 7,
	[CONFIG_23]		= 0x23,
};

/* EBX of leaf 7 */
#define HLE				BIT(4)
#define RTM				BIT(11)

#define IA32_TSC_ADJUST			0x3b
#define IA32_ARCH_CAPABILITIES		0x10a

/* More pages than are needed can be added, up to what L2 VMs would need. */
TEST_F(strict, more_pages)
{
	struct td_params *params = (void *)(self->pages + PAGE_PARAMS * PAGE_SIZE);
	uint64_t tdr = self->pa[PAGE_TDR], vp = self->pa[PAGE_TDVPR];
	int i, more = PAGE_MORE;

	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);
	params->nr_l2_vms = 1;
	expect(TDX_TDCS_NOT_ALLOCATED, MNG_INIT, tdr, self->pa[PAGE_PARAMS]);
	for (i = COCO_NR_TDCS; i < MAX_TDCS; i++)
		expect(TDX_SUCCESS, MNG_ADDCX, self->pa[more++], tdr);
	expect(TDX_TDCX_NUM_INCORRECT, MNG_ADDCX, self->pa[PAGE_FREE], tdr);
	params->nr_l2_vms = 3;
	expect(TDX_SUCCESS, MNG_INIT, tdr, self->pa[PAGE_PARAMS]);
	expect(TDX_TDCX_NUM_INCORRECT, MNG_ADDCX, self->pa[PAGE_FREE], tdr);

	/* With three of them the vCPU needs all that it can have. */
	add_vcpu(self, PAGE_TDVPR);
	for (i = 1 + COCO_NR_TDVPX; i < MAX_TDVPS; i++) {
		expect(TDX_TDCX_NUM_INCORRECT, VP_INIT, vp);
		expect(TDX_TDCX_NUM_INCORRECT, VP_RD, vp, FIELD_POSTED_VECTOR);
		expect(TDX_TDCX_NUM_INCORRECT, VP_FLUSH, vp);
		expect(TDX_SUCCESS, VP_ADDCX, self->pa[more++], vp);
	}
	expect(TDX_TDCX_NUM_INCORRECT, VP_ADDCX, self->pa[PAGE_FREE], vp);
	expect(TDX_SUCCESS, VP_INIT, vp);
	destroy(self);
}

/* "TD_PARAMS": what is in the page is refused, and put right again. */
static void expect_params(FIXTURE_DATA(strict) *self, uint64_t status, uint64_t leaf)
{
	struct regs out;

	out = expect(status, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
	TEST_ASSERT_EQ(out.rcx, leaf);
	memcpy(self->pages + PAGE_PARAMS * PAGE_SIZE, &good_params, sizeof(good_params));
}

static void expect_bad_params(FIXTURE_DATA(strict) *self, uint64_t operand)
{
	expect_params(self, TDX_OPERAND_INVALID | operand, 0);
}

TEST_F(strict, td_params)
{
	struct td_params *params = (void *)(self->pages + PAGE_PARAMS * PAGE_SIZE);

	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);

	params->attributes = 1;
	expect_bad_params(self, ATTRIBUTES);
	params->attributes = BIT_ULL(63);
	expect_bad_params(self, ATTRIBUTES);
	params->xfam = 0;
	expect_bad_params(self, XFAM);
	params->xfam = 2;
	expect_bad_params(self, XFAM);
	params->xfam = BIT_ULL(9) | 3;
	expect_bad_params(self, XFAM);
	params->max_vcpus = 0;
	expect_bad_params(self, MAX_VCPUS);
	params->max_vcpus = 0xffff;
	expect_bad_params(self, MAX_VCPUS);
	params->eptp_controls = 0;
	expect_bad_params(self, EPTP_CONTROLS);
	params->eptp_controls = BIT_ULL(12) | 0x1e;
	expect_bad_params(self, EPTP_CONTROLS);
	/* Five levels, and a shared bit that needs them */
	params->eptp_controls = 0x26;
	expect_bad_params(self, EPTP_CONTROLS);
	params->config_flags = BIT_ULL(0);
	expect_bad_params(self, EPTP_CONTROLS);
	params->config_flags = BIT_ULL(63);
	expect_bad_params(self, EXEC_CONTROLS);
	params->tsc_frequency = 0;
	expect_bad_params(self, TSC_FREQUENCY);
	params->tsc_frequency = 401;
	expect_bad_params(self, TSC_FREQUENCY);
	params->nr_l2_vms = 4;
	expect_bad_params(self, NUM_L2_VMS);
	params->rsvd0[3] = 1;
	expect_bad_params(self, RDX);
	params->rsvd1[0] = 1;
	expect_bad_params(self, RDX);
	params->rsvd2[23] = 1;
	expect_bad_params(self, RDX);
	params->msr_config = 2;
	expect_bad_params(self, RDX);
	params->arch_capabilities = BIT_ULL(4);
	expect_bad_params(self, ARCH_CAPABILITIES);
	params->msr_config = 1;
	params->arch_capabilities = BIT_ULL(0);
	expect_bad_params(self, ARCH_CAPABILITIES);
	params->cpuid[47][0] = 1;
	expect_bad_params(self, RDX);
	params->cpuid[NR_CONFIG][3] = 1;
	expect_bad_params(self, RDX);

	/* Of several faults the first is reported. */
	params->attributes = 1;
	params->max_vcpus = 0;
	expect_bad_params(self, ATTRIBUTES);
	params->max_vcpus = 0;
	params->nr_l2_vms = 3;
	expect_bad_params(self, MAX_VCPUS);
	params->rsvd0[0] = 1;
	params->config_flags = BIT_ULL(63);
	params->eptp_controls = 0;
	expect_bad_params(self, RDX);
	params->config_flags = BIT_ULL(63);
	params->eptp_controls = 0;
	params->tsc_frequency = 0;
	expect_bad_params(self, EXEC_CONTROLS);
	params->eptp_controls = 0;
	params->tsc_frequency = 0;
	params->rsvd1[37] = 1;
	expect_bad_params(self, EPTP_CONTROLS);

	expect(TDX_SUCCESS, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
	destroy(self);
}

/* The CPUID leaves that the host configures: which there are, and what is refused */
TEST_F(strict, cpuid_config)
{
	struct td_params *params = (void *)(self->pages + PAGE_PARAMS * PAGE_SIZE);
	const uint64_t bad = TDX_OPERAND_INVALID | CPUID_CONFIG;
	struct regs out;
	int i;

	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);

	for (i = 0; i < NR_CONFIG; i++) {
		out = expect(TDX_SUCCESS, SYS_RD, 0, FIELD_CPUID_LEAVES + i);
		TEST_ASSERT_EQ(out.r8, config_leaves[i]);
	}
	expect(TDX_FIELD_ID_INCORRECT, SYS_RD, 0, FIELD_CPUID_LEAVES + NR_CONFIG);

	/* A bit that is not the host's, in each leaf */
	params->cpuid[CONFIG_1][3] = BIT(0);
	expect_params(self, bad, config_leaves[CONFIG_1]);
	for (i = CONFIG_4_0; i <= CONFIG_4_3; i++) {
		params->cpuid[i][0] = BIT(10);
		expect_params(self, bad, config_leaves[i]);
	}
	params->cpuid[CONFIG_7_0][0] = BIT(0);
	expect_params(self, bad, config_leaves[CONFIG_7_0]);
	params->cpuid[CONFIG_7_1][1] = BIT(0);
	expect_params(self, bad, config_leaves[CONFIG_7_1]);
	for (i = 0; i < 4; i++) {
		params->cpuid[CONFIG_A][i] = BIT(i);
		expect_params(self, bad, config_leaves[CONFIG_A]);
	}
	params->cpuid[CONFIG_1C][0] = BIT(8);
	expect_params(self, bad, config_leaves[CONFIG_1C]);
	params->cpuid[CONFIG_80000008][0] = 40;
	expect_params(self, bad, config_leaves[CONFIG_80000008]);
	params->cpuid[CONFIG_7_2][3] = BIT(0);
	expect_params(self, bad, config_leaves[CONFIG_7_2]);
	params->cpuid[CONFIG_23][0] = BIT(4);
	expect_params(self, bad, config_leaves[CONFIG_23]);

	/* Family, model and stepping are those of the CPU. */
	params->cpuid[CONFIG_1][0] = this_cpu_fms() ^ BIT(0);
	expect_params(self, bad, config_leaves[CONFIG_1]);
	/* TSX is both or neither, and there is no IA32_TSX_CTRL. */
	params->cpuid[CONFIG_7_0][1] = HLE;
	expect_params(self, bad, 0);
	params->cpuid[CONFIG_7_0][1] = RTM;
	expect_params(self, bad, 0);
	params->cpuid[CONFIG_7_0][1] = HLE | RTM;
	expect_params(self, TDX_INCORRECT_MSR_VALUE | IA32_ARCH_CAPABILITIES, 0);

	/* Leaves come in their order, after TD_PARAMS' other fields but the last. */
	params->cpuid[CONFIG_4_2][0] = BIT(10);
	params->cpuid[CONFIG_1][0] = this_cpu_fms() ^ BIT(0);
	expect_params(self, bad, config_leaves[CONFIG_1]);
	params->cpuid[CONFIG_4_2][0] = BIT(10);
	params->rsvd2[0] = 1;
	expect_bad_params(self, RDX);
	params->cpuid[CONFIG_4_2][0] = BIT(10);
	params->cpuid[NR_CONFIG][0] = 1;
	expect_params(self, bad, config_leaves[CONFIG_4_2]);

	params->cpuid[CONFIG_1][0] = this_cpu_fms();
	params->cpuid[CONFIG_4_3][2] = 0xffffffff;
	params->cpuid[CONFIG_80000008][1] = BIT(9);
	params->msr_config = 1;
	params->arch_capabilities = BIT_ULL(4);
	expect(TDX_SUCCESS, MNG_INIT, self->pa[PAGE_TDR], self->pa[PAGE_PARAMS]);
	destroy(self);
}

static void tsc_adjust(uint64_t adjust)
{
	uint64_t v;

	coco_emul_call(&v, 1, "TSC_ADJUST %#lx", adjust);
}

/* The time stamp counter must be what it was when the module was initialized. */
TEST_F(strict, tsc_adjust)
{
	uint64_t tdr = self->pa[PAGE_TDR], vp = self->pa[PAGE_TDVPR];

	create_with_key(self);
	add_tdcs(self, COCO_NR_TDCS);
	tsc_adjust(-1ul);
	expect(TDX_INCONSISTENT_MSR | IA32_TSC_ADJUST, MNG_INIT, tdr, self->pa[PAGE_PARAMS]);
	tsc_adjust(0);
	expect(TDX_SUCCESS, MNG_INIT, tdr, self->pa[PAGE_PARAMS]);

	add_vcpu(self, PAGE_TDVPR);
	tsc_adjust(1);
	expect(TDX_INCONSISTENT_MSR | IA32_TSC_ADJUST, VP_INIT, vp);
	tsc_adjust(0);
	expect(TDX_SUCCESS, VP_INIT, vp);
	expect(TDX_SUCCESS, MR_FINALIZE, tdr);
	tsc_adjust(1);
	expect(TDX_INCONSISTENT_MSR | IA32_TSC_ADJUST, VP_ENTER, vp);
	tsc_adjust(0);
	destroy(self);
}

/* TDH.VP.WR: which bits, which values, and in which order */
TEST_F(strict, vp_wr)
{
	uint64_t vp = self->pa[PAGE_TDVPR], page = self->pa[PAGE_FREE];
	struct regs out;

	create_and_init(self);
	init_vcpu(self);

	expect(TDX_FIELD_ID_INCORRECT, VP_WR, vp, 1, 0, -1ul);
	expect(TDX_FIELD_NOT_WRITABLE, VP_WR, vp, FIELD_STATE_DETAILS, 0, -1ul);
	expect(TDX_FIELD_NOT_WRITABLE, VP_WR, vp, FIELD_PIN_CONTROLS, 0, ~PIN_POSTED);
	expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_PIN_CONTROLS, -1ul, -1ul);
	out = expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_POSTED_VECTOR, 256, 0xffff);
	TEST_ASSERT_EQ(out.r8, 0);
	/* What is not in the mask stays, and makes the vector too high. */
	expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_POSTED_VECTOR, 0xf2, 0xff);

	/* Posted interrupts need vector and descriptor, whichever comes first. */
	expect(TDX_VMCS_FIELD_NOT_INITIALIZED | FIELD_POSTED_VECTOR, VP_WR, vp, FIELD_PIN_CONTROLS,
	       PIN_POSTED, PIN_POSTED);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_PIN_CONTROLS, 0, PIN_POSTED);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_POSTED_VECTOR, 0xf2, 0xffff);
	expect(TDX_VMCS_FIELD_NOT_INITIALIZED | FIELD_POSTED_DESC, VP_WR, vp, FIELD_PIN_CONTROLS,
	       PIN_POSTED, PIN_POSTED);
	expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_POSTED_DESC, page + 8, -1ul);
	expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_POSTED_DESC, page | BIT_ULL(63), -1ul);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_POSTED_DESC, page + 64, -1ul);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_PIN_CONTROLS, PIN_POSTED, PIN_POSTED);
	out = expect(TDX_SUCCESS, VP_RD, vp, FIELD_PIN_CONTROLS);
	TEST_ASSERT_EQ(out.r8, PIN_POSTED);

	expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_SHARED_EPT, page + 8, -1ul);
	expect(TDX_FIELD_VALUE_NOT_VALID, VP_WR, vp, FIELD_SHARED_EPT, page | BIT_ULL(52), -1ul);
	expect(TDX_SUCCESS, VP_WR, vp, FIELD_SHARED_EPT, page, -1ul);
	out = expect(TDX_SUCCESS, VP_WR, vp, FIELD_PEND_NMI, 1, 0xff);
	TEST_ASSERT_EQ(out.r8, 0);
	out = expect(TDX_SUCCESS, VP_WR, vp, FIELD_PEND_NMI, 0, 0xff);
	TEST_ASSERT_EQ(out.r8, 1);
	destroy(self);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & BIT(KVM_X86_TDX_VM));
	__TEST_REQUIRE(coco_emul_is("tdx"), "Not on an emulated TDX host");

	return test_harness_run(argc, argv);
}
