// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a script cannot ask: CPUID, KVM's capabilities and the state of SNP
 * firmware, one "NAME VALUE..." per line.  Changes nothing.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#ifndef KVM_CAP_VM_TYPES
#define KVM_CAP_VM_TYPES	235
#endif
#ifndef KVM_CAP_GUEST_MEMFD
#define KVM_CAP_GUEST_MEMFD	234
#endif

/* SNP_PLATFORM_STATUS and its buffer, SEV-SNP firmware ABI; newer than some headers */
#define PROBE_SNP_PLATFORM_STATUS	9

struct probe_snp_status {
	__u8 api_major;
	__u8 api_minor;
	__u8 state;
	__u8 flags;
	__u32 build_id;
	__u8 rest[24];
};

static void probe_cpuid(unsigned int leaf, unsigned int subleaf)
{
	unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;

	/* Leaves the registers alone if the CPU does not have the leaf */
	__get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx);
	printf("cpuid-%08x-%x %08x %08x %08x %08x\n", leaf, subleaf, eax, ebx, ecx, edx);
}

static void probe_kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf("kvm error %s\n", strerror(errno));
		return;
	}
	printf("kvm api %d\n", ioctl(fd, KVM_GET_API_VERSION, 0));
	printf("kvm-guest-memfd %d\n", ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_MEMFD));
	printf("kvm-vm-types %d\n", ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES));
	close(fd);
}

static void probe_sev(void)
{
	struct probe_snp_status status = { 0 };
	struct sev_issue_cmd cmd = {
		.cmd = PROBE_SNP_PLATFORM_STATUS,
		.data = (uint64_t)(uintptr_t)&status,
	};
	int fd = open("/dev/sev", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf("sev error %s\n", strerror(errno));
		return;
	}
	if (ioctl(fd, SEV_ISSUE_CMD, &cmd))
		printf("sev error %s, firmware error %#x\n", strerror(errno), cmd.error);
	else
		printf("sev snp-api %u %u state %u build %u\n", status.api_major,
		       status.api_minor, status.state, status.build_id);
	close(fd);
}

int main(void)
{
	probe_cpuid(1, 0);
	probe_cpuid(0x8000001f, 0);
	probe_kvm();
	probe_sev();
	return 0;
}
