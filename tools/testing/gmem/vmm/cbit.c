// SPDX-License-Identifier: GPL-2.0-only
/*
 * cbit QEMU COMMAND...: run a command that leads to QEMU, and have that see the
 * C-bit of the host.
 *
 * QEMU compares its cbitpos= with CPUID leaf 0x8000001f, which in user mode is
 * that of TCG and has no C-bit, and CPUID does not fault there. But QEMU asks in
 * one place, host_cpuid(), a function that it exports. A breakpoint in a debug
 * register, which leaves QEMU as it is, stops it before that instruction, and the
 * leaf is filled in from what KVM says of it. Then QEMU is on its own.
 *
 * The process keeps its id: what traces it is a grandchild.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#define LEAF		0x8000001f
#define FUNCTION	"host_cpuid"
#define MAX_CPUID	256

/* "Debug Registers": DR0 is enabled, for the execution of an instruction */
#define DR7_L0		1

static const uint8_t cpuid_insn[] = { 0x0f, 0xa2 };

/* Of the only CPUID in FUNCTION, in bytes from the beginning of the file */
static uint64_t site;

static struct {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[MAX_CPUID];
} supported = { .head.nent = MAX_CPUID };

static const struct kvm_cpuid_entry2 *leaf_of_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	unsigned int i;

	if (kvm < 0 || ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &supported.head))
		err(1, "/dev/kvm");
	close(kvm);
	for (i = 0; i < supported.head.nent; i++) {
		if (supported.entries[i].function == LEAF)
			return &supported.entries[i];
	}
	errx(1, "KVM has no CPUID leaf 0x%x", LEAF);
}

static void find_in(const uint8_t *elf, const Elf64_Phdr *segment, const Elf64_Sym *sym)
{
	uint64_t from = sym->st_value - segment->p_vaddr + segment->p_offset, i;

	for (i = from; i + sizeof(cpuid_insn) <= from + sym->st_size; i++) {
		if (memcmp(elf + i, cpuid_insn, sizeof(cpuid_insn)))
			continue;
		if (site)
			errx(1, "%s has two CPUIDs", FUNCTION);
		site = i;
	}
}

static void find_site(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), i, j;
	struct stat stat;
	const uint8_t *elf;
	const Elf64_Ehdr *head;
	const Elf64_Phdr *segments;
	const Elf64_Shdr *sections;
	const Elf64_Sym *syms;
	const char *names;
	uint64_t n;

	if (fd < 0 || fstat(fd, &stat))
		err(1, "%s", path);
	elf = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (elf == MAP_FAILED)
		err(1, "%s", path);
	close(fd);

	head = (const void *)elf;
	segments = (const void *)(elf + head->e_phoff);
	sections = (const void *)(elf + head->e_shoff);
	for (i = 0; i < head->e_shnum; i++) {
		if (sections[i].sh_type != SHT_DYNSYM)
			continue;
		syms = (const void *)(elf + sections[i].sh_offset);
		names = (const char *)elf + sections[sections[i].sh_link].sh_offset;
		for (n = 0; n < sections[i].sh_size / sizeof(*syms); n++) {
			if (!strcmp(names + syms[n].st_name, FUNCTION))
				break;
		}
		for (j = 0; j < head->e_phnum && n < sections[i].sh_size / sizeof(*syms); j++) {
			if (segments[j].p_type == PT_LOAD &&
			    syms[n].st_value - segments[j].p_vaddr < segments[j].p_filesz)
				find_in(elf, &segments[j], &syms[n]);
		}
	}
	munmap((void *)elf, stat.st_size);
	if (!site)
		errx(1, "%s has no %s() with a CPUID", path, FUNCTION);
}

/* Where the process has the site, 0 as long as it has not mapped QEMU */
static uint64_t address_in(pid_t pid, const char *path)
{
	uint64_t from, to, offset, address = 0;
	char name[64], line[4096 + 128];
	FILE *maps;
	int at;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "r");
	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%lx-%lx %*1s%*1sx%*1s %lx %*s %*s %n", &from, &to, &offset,
			   &at) == 3 &&
		    !strcmp(line + at, path) && site - offset < to - from)
			address = from + site - offset;
	}
	fclose(maps);
	return address;
}

static void set_debug_register(pid_t pid, int i, uint64_t value)
{
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[i]), value))
		err(1, "DR%d", i);
}

/* Returns whether it was the leaf that matters. */
static bool answer(pid_t pid, const struct kvm_cpuid_entry2 *leaf)
{
	unsigned int eax, ebx, ecx, edx;
	struct user_regs_struct regs;
	bool matters;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		err(1, "PTRACE_GETREGS");
	matters = (uint32_t)regs.rax == LEAF;
	__cpuid_count((uint32_t)regs.rax, (uint32_t)regs.rcx, eax, ebx, ecx, edx);
	regs.rax = matters ? leaf->eax : eax;
	regs.rbx = matters ? leaf->ebx : ebx;
	regs.rcx = matters ? leaf->ecx : ecx;
	regs.rdx = matters ? leaf->edx : edx;
	regs.rip += sizeof(cpuid_insn);
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs))
		err(1, "PTRACE_SETREGS");
	return matters;
}

static uint64_t instruction_pointer(pid_t pid)
{
	return ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.rip), NULL);
}

/*
 * Until the leaf has been asked for, or the process is gone. Before QEMU is there
 * each system call is a look at what is mapped.
 */
static void trace(pid_t pid, const char *path, const struct kvm_cpuid_entry2 *leaf)
{
	int status, event, signal, how;
	uint64_t address = 0;

	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
		event = status >> 16;
		signal = WSTOPSIG(status);
		how = address ? PTRACE_CONT : PTRACE_SYSCALL;

		if (signal == (SIGTRAP | 0x80)) {
			address = address ?: address_in(pid, path);
			if (address && how == PTRACE_SYSCALL) {
				set_debug_register(pid, 0, address);
				set_debug_register(pid, 7, DR7_L0);
			}
			signal = 0;
		} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
			how = PTRACE_LISTEN;
			signal = 0;
		} else if (event) {
			signal = 0;
		} else if (signal == SIGTRAP && address && instruction_pointer(pid) == address) {
			signal = 0;
			if (answer(pid, leaf)) {
				set_debug_register(pid, 7, 0);
				ptrace(PTRACE_DETACH, pid, NULL, 0);
				return;
			}
		}
		ptrace(how, pid, NULL, signal);
	}
}

/* In a process of its own, which is no child of @pid: QEMU has not made it. */
static void tracer(pid_t pid, int ready, const char *path, const struct kvm_cpuid_entry2 *leaf)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

	if (ptrace(PTRACE_SEIZE, pid, NULL, options) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		err(1, "process %d cannot be traced", pid);
	if (write(ready, "", 1) != 1)
		err(1, "pipe");
	close(ready);
	trace(pid, path, leaf);
}

int main(int argc, char **argv)
{
	const struct kvm_cpuid_entry2 *leaf;
	pid_t self = getpid(), child;
	char *path, c;
	int ready[2];

	if (argc < 3)
		errx(2, "usage: cbit QEMU COMMAND...");
	path = realpath(argv[1], NULL);
	if (!path)
		err(1, "%s", argv[1]);
	find_site(path);
	leaf = leaf_of_kvm();

	if (pipe2(ready, O_CLOEXEC))
		err(1, "pipe");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		if (!fork())
			tracer(self, ready[1], path, leaf);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		errx(1, "nobody traces this process");
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
